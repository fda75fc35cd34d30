// Gives people of a company a role by the domain of their verified address, once, and remembers it.
async function rolesByDomain(user, context, callback) {
  const _ = require('lodash@4.17.21');
  const domain = _.last(_.split(_.toLower(user.email), '@'));
  const role = user.email_verified && domain === configuration.COMPANY ? 'colleague' : 'guest';

  if (_.get(user, 'app_metadata.role') !== role) {
    user.app_metadata = Object.assign({}, user.app_metadata, { role });
    await auth0.users.updateAppMetadata(user.user_id, user.app_metadata);
  }
  context.idToken['https://shop.example/role'] = role;
  callback(null, user, context);
}
