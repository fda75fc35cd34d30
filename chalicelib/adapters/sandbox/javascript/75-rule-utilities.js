// require("@auth0/rule-utilities"): redirects with a signed token, and metadata in a namespace.

const NO_REDIRECT = ["oauth2-password", "oauth2-refresh-token", "oauth2-resource-owner"];

class Auth0RedirectRuleUtilities {
  constructor(user, context, settings = {}) {
    Object.assign(this, { user, context, request: context.request || {} });
    this.tokenSecret = settings.SESSION_TOKEN_SECRET;
    this.tokenExpiresIn = settings.SESSION_TOKEN_EXPIRES_IN || "3d";
  }

  get isRedirectCallback() {
    return this.context.protocol === "redirect-callback";
  }

  get queryParams() {
    return this.request.query || {};
  }

  get canRedirect() {
    return !this.context.redirect && !this.context.multifactor && this.queryParams.prompt !== "none" && !NO_REDIRECT.includes(this.context.protocol);
  }

  get #issuer() {
    return `https://${this.request.hostname}/`;
  }

  createSessionToken(data = {}) {
    const claims = { ...data, iss: this.#issuer, sub: this.user.user_id, ip: this.request.ip };
    return signToken(claims, this.tokenSecret, { expiresIn: this.tokenExpiresIn, algorithm: "HS256" });
  }

  validateSessionToken() {
    const token = this.queryParams.session_token;
    const claims = verifyToken(token, this.tokenSecret, { algorithms: ["HS256"], issuer: this.#issuer, subject: this.user.user_id });
    if (!claims.exp) throw new Error("Expired token");
    return claims;
  }

  doRedirect(url, data) {
    if (!this.canRedirect) throw new Error("Cannot redirect");
    this.context.redirect = { url: withQuery(url, `session_token=${this.createSessionToken(data)}`) };
  }
}

class Auth0UserUpdateUtilities {
  constructor(user, api, namespace) {
    Object.assign(this, { user, api, namespace });
    user.user_metadata = user.user_metadata || {};
    user.app_metadata = user.app_metadata || {};
  }

  #space(kind, make) {
    const whole = this.user[kind];
    if (!this.namespace) return whole;
    if (make && !isObject(whole[this.namespace])) whole[this.namespace] = {};
    return whole[this.namespace] || {};
  }

  getUserMeta(name) { return this.#space("user_metadata", false)[name]; }
  getAppMeta(name) { return this.#space("app_metadata", false)[name]; }
  setUserMeta(name, value) { this.#space("user_metadata", true)[name] = value; }
  setAppMeta(name, value) { this.#space("app_metadata", true)[name] = value; }
  updateUserMeta() { return this.api.users.updateUserMetadata(this.user.user_id, this.user.user_metadata); }
  updateAppMeta() { return this.api.users.updateAppMetadata(this.user.user_id, this.user.app_metadata); }
  updateUserMetadata() { return this.updateUserMeta(); }
  updateAppMetadata() { return this.updateAppMeta(); }
}

modules["@auth0/rule-utilities"] = { Auth0RedirectRuleUtilities, Auth0UserUpdateUtilities };
