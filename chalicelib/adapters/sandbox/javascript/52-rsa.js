// RSA signatures with PKCS #1 v1.5 padding (RFC 8017), from keys and certificates in PEM.

function pemBytes(pem) {
  const found = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]+?)-----END \1-----/.exec(pem);
  if (!found) throw new Error("The key is not in PEM");
  if (found[1].includes("ENCRYPTED") || found[2].includes(":")) throw new Error("The key is encrypted");
  return { label: found[1], bytes: base64Bytes(found[2]) };
}

// One element of DER: its tag, its content and what follows it.
function der(bytes) {
  let length = bytes[1];
  let at = 2;
  if (length > 128) {
    at += length - 128;
    length = bytes.slice(2, at).reduce((number, byte) => number * 256 + byte, 0);
  }
  if (!(at + length <= bytes.length)) throw new Error("The key cannot be read");
  return { tag: bytes[0], content: bytes.slice(at, at + length), rest: bytes.slice(at + length) };
}

function children(bytes) {
  const found = [];
  for (let rest = der(bytes).content; rest.length;) {
    const element = der(rest);
    found.push({ tag: element.tag, content: element.content, whole: rest.slice(0, rest.length - element.rest.length) });
    rest = element.rest;
  }
  return found;
}

function number(bytes) {
  return BigInt(`0x${hexText(bytes) || "0"}`);
}

function privateKey(pem) {
  const { label, bytes } = pemBytes(pem);
  const whole = label === "PRIVATE KEY" ? children(bytes)[2].content : bytes;
  if (label !== "PRIVATE KEY" && label !== "RSA PRIVATE KEY") throw new Error("A private RSA key is needed");
  const [, n, , d, p, q, dp, dq, qi] = children(whole).map((element) => number(element.content));
  return { n, d, p, q, dp, dq, qi };
}

function publicKey(pem) {
  const { label, bytes } = pemBytes(pem);
  let whole = bytes;
  if (label === "CERTIFICATE") {
    const parts = children(children(bytes)[0].whole);
    whole = parts[parts[0].tag === 0xa0 ? 6 : 5].whole;
  }
  if (label.includes("PRIVATE")) {
    const { n } = privateKey(pem);
    return { n, e: number(children(label === "PRIVATE KEY" ? children(bytes)[2].content : bytes)[2].content) };
  }
  if (label !== "RSA PUBLIC KEY") whole = children(whole)[1].content.slice(1);
  const [n, e] = children(whole).map((element) => number(element.content));
  return { n, e };
}

function power(base, exponent, modulus) {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

const DIGEST_PREFIXES = {
  __proto__: null,
  sha1: "3021300906052b0e03021a05000414",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

function encoded(name, message, size) {
  const plain = text(name).toLowerCase().replace(/^rsa-/, "").replace("sha-", "sha");
  const prefix = DIGEST_PREFIXES[plain];
  if (!prefix) throw new Error(`Digest method not supported: ${name}`);
  const digest = joined(hexBytes(prefix), hashOf(plain)[0](message));
  if (size < digest.length + 11) throw new Error("The key is too short");
  return joined([0, 1], new Uint8Array(size - digest.length - 3).fill(255), [0], digest);
}

function sizeOf(modulus) {
  return Math.ceil(modulus.toString(16).length / 2);
}

function toBytes(value, size) {
  return Uint8Array.from(hexBytes(value.toString(16).padStart(2 * size, "0")));
}

function rsaSign(name, pem, message) {
  const key = privateKey(pem);
  const size = sizeOf(key.n);
  const block = number(encoded(name, message, size));
  const one = power(block, key.dp, key.p);
  const two = power(block, key.dq, key.q);
  const difference = (((one - two) % key.p) + key.p) % key.p;
  return toBytes(two + ((key.qi * difference) % key.p) * key.q, size);
}

function rsaVerify(name, pem, message, signature) {
  const key = publicKey(pem);
  const size = sizeOf(key.n);
  if (signature.length !== size || number(signature) >= key.n) return false;
  return sameBytes(toBytes(power(number(signature), key.e, key.n), size), encoded(name, message, size));
}
