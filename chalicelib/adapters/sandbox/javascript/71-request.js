// require("request") and require("request-promise").

const VERBS = { get: "GET", head: "HEAD", options: "OPTIONS", post: "POST", put: "PUT", patch: "PATCH", del: "DELETE", delete: "DELETE" };

// request(options), request(address, options), each with a callback or without.
function optionsOf(first, second, third) {
  const callback = [first, second, third].find((value) => typeof value === "function");
  const given = typeof first === "string" || first instanceof URL ? { uri: text(first), ...(isObject(second) ? second : {}) } : { ...first };
  return { callback, ...given };
}

function authorized(headers, auth) {
  if (!auth) return headers;
  const bearer = typeof auth.bearer === "function" ? auth.bearer() : auth.bearer;
  const value = bearer !== undefined ? `Bearer ${bearer}` : basic(auth.user ?? auth.username, auth.pass ?? auth.password);
  return withHeader(headers, "authorization", value);
}

function prepared(options) {
  const given = options.uri || options.url;
  const address = isObject(given) && !(given instanceof URL) ? formatUrl(given) : text(given);
  const url = options.baseUrl ? `${options.baseUrl.replace(/\/$/, "")}/${address.replace(/^\//, "")}` : address;
  let headers = authorized({ ...options.headers }, options.auth);
  let body = options.body;
  if (options.form !== undefined) {
    body = typeof options.form === "string" ? options.form : writePairs(nestedPairs(options.form));
    headers = withHeader(headers, "content-type", "application/x-www-form-urlencoded");
  } else if (options.json) {
    if (isObject(options.json)) body = stringify(options.json);
    else if (body !== undefined && typeof body !== "string") body = stringify(body);
    headers = withHeader(headers, "accept", "application/json");
    if (body !== undefined) headers = withHeader(headers, "content-type", "application/json");
  }
  const query = typeof options.qs === "string" ? options.qs : options.qs && writePairs(nestedPairs(options.qs));
  const method = text(options.method || "GET").toUpperCase();
  const follows = options.followAllRedirects || (options.followRedirect !== false && (method === "GET" || method === "HEAD"));
  return { method, url: withQuery(url, query), headers, body, redirects: follows ? options.maxRedirects ?? 10 : 0, seconds: options.timeout / 1000 };
}

function responseOf(response, options) {
  const whole = options.encoding === null ? bufferOf(response) : textOf(response);
  return {
    statusCode: response.status,
    statusMessage: response.statusText,
    headers: response.headers,
    body: options.json && typeof whole === "string" ? jsonOr(whole) : whole,
    request: { uri: parseUrl(response.url), href: response.url },
    toJSON() {
      return { statusCode: this.statusCode, headers: this.headers, body: this.body };
    },
  };
}

// What `request` gives back: it can be listened to.
class Request {
  constructor() {
    this.listeners = create(null);
  }

  on(name, listener) {
    this.listeners[name] = [...(this.listeners[name] || []), listener];
    return this;
  }

  once(name, listener) {
    return this.on(name, listener);
  }

  emit(name, ...values) {
    (this.listeners[name] || []).forEach((listener) => listener(...values));
  }
}

function begun(first, second, third) {
  const options = optionsOf(first, second, third);
  const made = new Request();
  const answer = Promise.resolve().then(() => send(prepared(options))).then((response) => responseOf(response, options));
  const said = options.callback;
  answer.then(
    (response) => {
      made.emit("response", response);
      made.emit("data", response.body);
      made.emit("complete", response, response.body);
      made.emit("end");
      if (said) said(null, response, response.body);
    },
    (error) => {
      made.emit("error", error);
      if (said) said(error);
    },
  ).catch((error) => attempt(() => { throw error; }));  // a listener threw: that ends the script
  return made;
}

class StatusCodeError extends Error {
  constructor(response, options) {
    super(`${response.statusCode} - ${typeof response.body === "string" ? response.body : stringify(response.body)}`);
    Object.assign(this, { name: "StatusCodeError", statusCode: response.statusCode, error: response.body, response, options });
  }
}

class RequestError extends Error {
  constructor(cause, options) {
    super(`Error: ${cause.message}`);
    Object.assign(this, { name: "RequestError", cause, error: cause, options });
  }
}

async function promised(first, second) {
  const options = optionsOf(first, second);
  let response;
  try {
    response = responseOf(await send(prepared(options)), options);
  } catch (error) {
    throw new RequestError(error, options);
  }
  if (options.simple !== false && !(response.statusCode >= 200 && response.statusCode < 300)) throw new StatusCodeError(response, options);
  return options.resolveWithFullResponse ? response : response.body;
}

function client(run, preset = {}) {
  const with_ = (options) => ({ ...preset, ...options, headers: { ...preset.headers, ...options.headers } });
  const called = (method) => (first, second, third) => {
    const { callback, ...options } = optionsOf(first, second, third);
    return run({ ...with_(options), ...(method ? { method } : {}) }, callback);
  };
  const made = called("");
  for (const name in VERBS) made[name] = called(VERBS[name]);
  made.defaults = (options) => client(run, with_(options));
  made.jar = () => ({});
  return made;
}

modules.request = client((options, callback) => begun(options, callback));
modules["request-promise"] = client((options, callback) => answering(promised(options), callback));
Object.assign(modules["request-promise"], { errors: { StatusCodeError, RequestError } });
shown("request", modules.request);
