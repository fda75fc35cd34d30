// auth0: the users of the tenant, as far as scripts may change them.

function update(operation) {
  return (userId, metadata, callback) => {
    if (typeof userId !== "string" || !isObject(metadata)) {
      return answering(Promise.reject(new TypeError("A user id and an object are needed")), callback);
    }
    return answering(ask(operation, { user_id: userId, metadata }), callback);
  };
}

function auth0Of(known) {
  const users = {
    updateUserMetadata: update("updateUserMetadata"),
    updateAppMetadata: update("updateAppMetadata"),
  };
  return { ...known, users };
}
