// require("jsonwebtoken"): HS and RS with SHA-256, 384 and 512. A key decides the family of its algorithms, so that a
// public key is never taken for a secret; "none" is no algorithm.

class JsonWebTokenError extends Error {
  constructor(message, inner) {
    super(message);
    this.name = "JsonWebTokenError";
    if (inner) this.inner = inner;
  }
}

class TokenExpiredError extends JsonWebTokenError {
  constructor(message, expiredAt) {
    super(message);
    this.name = "TokenExpiredError";
    this.expiredAt = expiredAt;
  }
}

class NotBeforeError extends JsonWebTokenError {
  constructor(message, date) {
    super(message);
    this.name = "NotBeforeError";
    this.date = date;
  }
}

const SPANS = { __proto__: null, ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31557600 };

// Seconds of 3600, "10h", "2 days"; a text of digits alone counts milliseconds, as the library has it.
function span(value) {
  if (typeof value === "number") return Math.floor(value);
  const parts = /^(-?[\d.]+)\s*([a-z]*)$/i.exec(text(value).trim());
  const unit = parts && (parts[2].toLowerCase() || "ms");
  const size = unit && (SPANS[unit] || SPANS[unit[0] === "m" && unit.startsWith("milli") ? "ms" : unit[0]]);
  if (!size) throw new Error('"expiresIn" should be a number of seconds or string representing a timespan');
  return Math.floor(parts[1] * size);
}

function secretOf(key) {
  if (key === undefined || key === null || key === "") throw new JsonWebTokenError("secret or public key must be provided");
  return isObject(key) && !ArrayBuffer.isView(key) && key.key !== undefined ? key.key : key;
}

function isPem(key) {
  return /-----BEGIN /.test(typeof key === "string" ? key : utf8Text(bytesOf(key)));
}

function familyOf(key) {
  return isPem(key) ? "RS" : "HS";
}

function digestOf(algorithm) {
  if (!/^[HR]S(256|384|512)$/.test(algorithm)) throw new JsonWebTokenError("invalid algorithm");
  return `sha${algorithm.slice(2)}`;
}

function signatureOf(algorithm, key, message) {
  const digest = digestOf(algorithm);
  if (algorithm[0] !== familyOf(key)[0]) throw new JsonWebTokenError(`invalid key for ${algorithm}`);
  const bytes = Uint8Array.from(utf8Bytes(message));
  return algorithm[0] === "H" ? hmac(digest, Uint8Array.from(bytesOf(key)))(bytes) : rsaSign(digest, pemOf(key), bytes);
}

function signatureHolds(algorithm, key, message, signature) {
  const bytes = Uint8Array.from(utf8Bytes(message));
  if (algorithm[0] === "H") return sameBytes(hmac(digestOf(algorithm), Uint8Array.from(bytesOf(key)))(bytes), signature);
  return rsaVerify(digestOf(algorithm), pemOf(key), bytes, signature);
}

const CLAIMS = { audience: "aud", issuer: "iss", subject: "sub", jwtid: "jti" };

function claimsOf(payload, options) {
  const claims = { ...payload };
  const issued = claims.iat || Math.floor(now() / 1000);
  if (!options.noTimestamp) claims.iat = issued;
  else delete claims.iat;
  if (options.expiresIn !== undefined) claims.exp = issued + span(options.expiresIn);
  if (options.expiresInMinutes !== undefined) claims.exp = issued + 60 * options.expiresInMinutes;  // of old versions
  if (options.notBefore !== undefined) claims.nbf = issued + span(options.notBefore);
  for (const name in CLAIMS) if (options[name] !== undefined) claims[CLAIMS[name]] = options[name];
  return claims;
}

function signToken(payload, key, options) {
  const secret = secretOf(key);
  const algorithm = options.algorithm || `${familyOf(secret)}256`;
  const header = { alg: algorithm, typ: isObject(payload) ? "JWT" : undefined, kid: options.keyid, ...options.header };
  const body = isObject(payload) ? stringify(claimsOf(payload, options)) : text(payload);
  const message = [stringify(header), body].map((part) => base64urlText(Uint8Array.from(utf8Bytes(part)))).join(".");
  return `${message}.${base64urlText(signatureOf(algorithm, secret, message))}`;
}

function decodeToken(token, options = {}) {
  const parts = typeof token === "string" ? /^([\w-]+)\.([\w-]*)\.([\w-]*)$/.exec(token) : null;
  if (!parts) return null;
  try {
    const header = parse(utf8Text(base64Bytes(parts[1])));
    let payload = utf8Text(base64Bytes(parts[2]));
    if (header.typ === "JWT" || options.json || /^\s*\{/.test(payload)) payload = parse(payload);
    return options.complete ? { header, payload, signature: parts[3] } : payload;
  } catch {
    return null;
  }
}

function fits(wanted, value) {
  return [].concat(wanted).some((one) => (one instanceof RegExp ? one.test(value) : one === value));
}

function judgeTimes(payload, options) {
  const time = options.clockTimestamp || Math.floor(now() / 1000);
  const tolerance = options.clockTolerance || 0;
  for (const name of ["nbf", "exp", "iat"]) {
    if (payload[name] !== undefined && typeof payload[name] !== "number") throw new JsonWebTokenError(`invalid ${name} value`);
  }
  if (!options.ignoreNotBefore && payload.nbf > time + tolerance) {
    throw new NotBeforeError("jwt not active", new Date(payload.nbf * 1000));
  }
  if (!options.ignoreExpiration && time >= payload.exp + tolerance) {
    throw new TokenExpiredError("jwt expired", new Date(payload.exp * 1000));
  }
  if (options.maxAge !== undefined) {
    if (payload.iat === undefined) throw new JsonWebTokenError("iat required when maxAge is specified");
    const end = payload.iat + span(options.maxAge);
    if (time >= end + tolerance) throw new TokenExpiredError("maxAge exceeded", new Date(end * 1000));
  }
}

function judgeClaims(payload, options) {
  if (options.audience !== undefined && ![].concat(payload.aud).some((one) => fits(options.audience, one))) {
    throw new JsonWebTokenError(`jwt audience invalid. expected: ${[].concat(options.audience).join(" or ")}`);
  }
  if (options.issuer !== undefined && !fits(options.issuer, payload.iss)) {
    throw new JsonWebTokenError(`jwt issuer invalid. expected: ${options.issuer}`);
  }
  for (const [name, claim] of [["subject", "sub"], ["jwtid", "jti"], ["nonce", "nonce"]]) {
    if (options[name] !== undefined && payload[claim] !== options[name]) {
      throw new JsonWebTokenError(`jwt ${name} invalid. expected: ${options[name]}`);
    }
  }
}

function verifyToken(token, key, options) {
  if (!token) throw new JsonWebTokenError("jwt must be provided");
  if (typeof token !== "string") throw new JsonWebTokenError("jwt must be a string");
  const whole = decodeToken(token, { complete: true });
  if (!whole) throw new JsonWebTokenError("jwt malformed");
  const secret = secretOf(key);
  const allowed = (options.algorithms || ["256", "384", "512"].map((size) => familyOf(secret) + size));
  const algorithm = whole.header.alg;
  if (!allowed.includes(algorithm) || text(algorithm)[0] !== familyOf(secret)[0]) throw new JsonWebTokenError("invalid algorithm");
  const message = token.slice(0, token.lastIndexOf("."));
  if (!signatureHolds(algorithm, secret, message, Uint8Array.from(base64Bytes(whole.signature)))) {
    throw new JsonWebTokenError("invalid signature");
  }
  if (isObject(whole.payload)) {
    judgeTimes(whole.payload, options);
    judgeClaims(whole.payload, options);
  }
  return options.complete ? whole : whole.payload;
}

// With a callback as its last argument each answers later; `verify` may then be given a function that finds the key.
function later(work) {
  return (subject, key, options, callback) => {
    const said = typeof options === "function" ? options : callback;
    const chosen = typeof options === "object" && options !== null ? options : typeof options === "string" ? { audience: options } : {};
    if (typeof said !== "function") return work(subject, key, chosen);
    const found = typeof key === "function"
      ? new Promise((resolve, reject) => {
        const whole = decodeToken(subject, { complete: true });
        key(whole && whole.header, (error, value) => (error ? reject(error) : resolve(value)));
      })
      : Promise.resolve(key);
    return answering(found.then((value) => work(subject, value, chosen)), said);
  };
}

modules.jsonwebtoken = {
  sign: later(signToken),
  verify: later(verifyToken),
  decode: decodeToken,
  JsonWebTokenError,
  TokenExpiredError,
  NotBeforeError,
};
shown("jwt", modules.jsonwebtoken);
