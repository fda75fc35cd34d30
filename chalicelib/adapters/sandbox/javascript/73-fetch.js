// fetch and require("node-fetch").

class Headers {
  #values = create(null);

  constructor(from = {}) {
    const entries = from instanceof Headers ? from.entries() : typeof from[Symbol.iterator] === "function" ? from : Object.entries(from);
    for (const [name, value] of entries) this.append(name, value);
  }

  append(name, value) {
    const key = text(name).toLowerCase();
    this.#values[key] = key in this.#values ? `${this.#values[key]}, ${value}` : text(value);
  }

  set(name, value) { this.#values[text(name).toLowerCase()] = text(value); }
  get(name) { return this.#values[text(name).toLowerCase()] ?? null; }
  has(name) { return text(name).toLowerCase() in this.#values; }
  delete(name) { delete this.#values[text(name).toLowerCase()]; }
  forEach(each) { for (const [name, value] of this) each(value, name, this); }
  entries() { return Object.entries(this.#values)[Symbol.iterator](); }
  keys() { return Object.keys(this.#values)[Symbol.iterator](); }
  values() { return Object.values(this.#values)[Symbol.iterator](); }
  raw() { return Object.fromEntries([...this].map(([name, value]) => [name, [value]])); }
  [Symbol.iterator]() { return this.entries(); }
}

class Response {
  #answer;

  constructor(answer) {
    this.#answer = answer;
    this.status = answer.status;
    this.statusText = answer.statusText;
    this.ok = answer.status >= 200 && answer.status < 300;
    this.url = answer.url;
    this.headers = new Headers(Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, [].concat(value).join(", ")])));
    this.bodyUsed = false;
  }

  #use() {
    if (this.bodyUsed) throw new TypeError(`body used already for: ${this.url}`);
    this.bodyUsed = true;
    return this.#answer;
  }

  async text() { return textOf(this.#use()); }
  async json() { return parse(textOf(this.#use())); }
  async buffer() { return bufferOf(this.#use()); }
  async arrayBuffer() { return bufferOf(this.#use()).buffer; }
}

class FetchError extends Error {
  constructor(message, code) {
    super(message);
    Object.assign(this, { name: "FetchError", type: "system", code, errno: code });
  }
}

function fetchBody(body, headers) {
  if (!(body instanceof URLSearchParams)) return body;
  if (!headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
  return text(body);
}

async function fetch(address, options = {}) {
  const headers = new Headers(options.headers);
  const body = fetchBody(options.body, headers);
  if (typeof body === "string" && !headers.has("content-type")) headers.set("content-type", "text/plain;charset=UTF-8");
  const request = {
    method: options.method,
    url: text(address),
    headers: Object.fromEntries(headers),
    body,
    redirects: options.redirect === "manual" || options.redirect === "error" ? 0 : options.follow ?? 20,
    seconds: options.timeout / 1000,
  };
  let answer;
  try {
    answer = await send(request);
  } catch (error) {
    throw new FetchError(`request to ${address} failed, reason: ${error.message}`, error.code);
  }
  if (options.redirect === "error" && answer.status >= 300 && answer.status < 400) throw new FetchError(`redirected: ${address}`, "ERR_REDIRECT");
  return new Response(answer);
}

modules["node-fetch"] = Object.assign((...values) => fetch(...values), { Headers, Response, FetchError });
modules["node-fetch"].default = modules["node-fetch"];
shown("fetch", fetch);
shown("Headers", Headers);
shown("Response", Response);
