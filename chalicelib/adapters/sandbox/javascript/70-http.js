// HTTP by way of the host: what all clients below share. The host decides what may be sent, and where.

// {method, url, headers, body, seconds, redirects} -> {status, statusText, headers, url, body}, the last as a Buffer.
function send(request) {
  const body = request.body === undefined || request.body === null ? {} : bodyOf(request.body);
  return ask("request", {
    method: text(request.method || "GET").toUpperCase(),
    url: text(request.url),
    headers: request.headers || {},
    redirects: request.redirects ?? 5,
    ...(request.seconds > 0 ? { seconds: request.seconds } : {}),
    ...body,
  }).then(({ text: plain, base64, ...response }) => ({ ...response, plain, base64 }));
}

function bodyOf(body) {
  return typeof body === "string" ? { text: body.toWellFormed() } : { base64: base64Text(Uint8Array.from(bytesOf(body))) };
}

function textOf(response) {
  return response.plain === undefined ? utf8Text(base64Bytes(response.base64)) : response.plain;
}

function bufferOf(response) {
  return Buffer.from(response.plain === undefined ? base64Bytes(response.base64) : utf8Bytes(response.plain));
}

function jsonOr(value) {
  try {
    return parse(value);
  } catch {
    return value;
  }
}

function header(headers, name) {
  return Object.keys(headers).find((known) => known.toLowerCase() === name);
}

// Add a header unless there is one of that name, in whatever case.
function withHeader(headers, name, value) {
  return header(headers, name) ? headers : { ...headers, [name]: value };
}

function basic(name, pass) {
  return `Basic ${base64Text(Uint8Array.from(utf8Bytes(`${name ?? ""}:${pass ?? ""}`)))}`;
}

function withQuery(address, query) {
  if (!query) return address;
  const [, before, hash] = /^([^#]*)(#.*)?$/s.exec(address);
  return `${before}${before.includes("?") ? "&" : "?"}${query}${hash || ""}`;
}
