// Puts what the application needs to know into the tokens, under a namespace of one's own.
function addClaims(user, context, callback) {
  const namespace = 'https://shop.example/';
  const { plan, roles } = Object.assign({ plan: 'free', roles: [] }, user.app_metadata);

  context.idToken[namespace + 'plan'] = plan;
  context.accessToken[namespace + 'roles'] = roles;
  callback(null, user, context);
}
