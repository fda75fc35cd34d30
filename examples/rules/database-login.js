// A custom database: asks an older system whether the password is right, and takes the profile it gives.
function login(email, password, callback) {
  const request = require('request');

  request.post({
    url: `${configuration.OLD_SYSTEM}/session`,
    json: { email, password },
    auth: { bearer: configuration.OLD_SYSTEM_KEY },
  }, (error, response, body) => {
    if (error) return callback(error);
    if (response.statusCode === 401) return callback(new WrongUsernameOrPasswordError(email));
    if (response.statusCode !== 200) return callback(new Error('The old system does not answer.'));
    callback(null, { user_id: String(body.id), email: body.email, name: body.full_name });
  });
}
