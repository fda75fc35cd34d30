// Refuses sign-ins from countries that are not listed.
(user, context, callback) => {
  const allowed = ['AT', 'CH', 'DE'];
  const { country_code: country } = context.request.geoip || {};

  if (country && !allowed.includes(country)) {
    return callback(new UnauthorizedError('Sign-ins from your country are not possible.'));
  }
  return callback(null, user, context);
};
