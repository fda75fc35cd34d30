// Lets people into an application only when their app_metadata names it. In `configuration`, RESTRICTED lists the
// applications that are restricted, separated by commas; all others stay open to everybody.
function onlySomeApplications(user, context, callback) {
  const restricted = (configuration.RESTRICTED || '').split(',').map((name) => name.trim());
  const allowed = (user.app_metadata && user.app_metadata.applications) || [];

  if (restricted.includes(context.clientName) && !allowed.includes(context.clientName)) {
    return callback(new UnauthorizedError(`You have no access to ${context.clientName}.`));
  }
  callback(null, user, context);
}
