// Sends people who have not agreed to the terms to a page that asks them, and takes its answer when they come back.
async function agreeToTheTerms(user, context, callback) {
  const { Auth0RedirectRuleUtilities } = require('@auth0/rule-utilities@0.2.0');
  const utilities = new Auth0RedirectRuleUtilities(user, context, configuration);
  const agreed = user.app_metadata && user.app_metadata.agreed;

  if (utilities.isRedirectCallback && utilities.queryParams.session_token) {
    const answer = utilities.validateSessionToken();
    if (answer.agreed !== true) return callback(new UnauthorizedError('You have to agree to the terms.'));
    await auth0.users.updateAppMetadata(user.user_id, { agreed: new Date().toISOString() });
  } else if (!agreed && utilities.canRedirect) {
    utilities.doRedirect(configuration.TERMS_PAGE, { asked: true });
  }
  callback(null, user, context);
}
