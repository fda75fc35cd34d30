// Tells a chat that somebody new has come. Nobody waits for it: the sign-in goes on while the message is on its way.
function tellAChat(user, context, callback) {
  if (context.stats.loginsCount > 1 || context.protocol === 'oauth2-refresh-token') return callback(null, user, context);
  const request = require('request');

  request.post({
    url: configuration.CHAT_HOOK,
    json: { text: `${user.name} (${user.email}) signed up for ${context.clientName}` },
  }, (error) => error && console.warn('The chat was not told:', error.message));
  callback(null, user, context);
}
