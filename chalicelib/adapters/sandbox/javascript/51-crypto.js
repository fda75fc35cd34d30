// require("crypto"): hashes, HMAC, PBKDF2, randomness, and signatures by RSA. Ciphers are not here.

class Hash {
  constructor(digest) {
    this.parts = [];
    this.finish = digest;
  }

  update(value, encoding) {
    this.parts.push(Uint8Array.from(bytesOf(value, encoding)));
    return this;
  }

  digest(encoding) {
    if (!this.parts) throw coded(new Error("Digest already called"), "ERR_CRYPTO_HASH_FINALIZED");
    const bytes = Buffer.from(this.finish(joined(...this.parts)));
    this.parts = null;
    return encoding ? bytes.toString(encoding) : bytes;
  }
}

function pbkdf2Sync(password, salt, rounds, length, name) {
  const mac = hmac(name || "sha1", Uint8Array.from(bytesOf(password)));
  const made = [];
  for (let block = 1; made.length < length; block++) {
    let last = mac(joined(Uint8Array.from(bytesOf(salt)), [block >>> 24, (block >>> 16) & 255, (block >>> 8) & 255, block & 255]));
    const sum = Uint8Array.from(last);
    for (let i = 1; i < rounds; i++) {
      last = mac(last);
      for (let j = 0; j < sum.length; j++) sum[j] ^= last[j];
    }
    made.push(...sum);
  }
  return Buffer.from(made.slice(0, length));
}

function randomUUID() {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return uuidText(bytes);
}

function uuidText(bytes) {
  return hexText(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function randomInt(from, to) {
  const [least, above] = to === undefined ? [0, from] : [from, to];
  const word = randomBytes(6).reduce((number, byte) => number * 256 + byte, 0);
  return least + (word % (above - least));
}

class Signing {
  constructor(name) {
    this.name = name;
    this.parts = [];
  }

  update(value, encoding) {
    this.parts.push(Uint8Array.from(bytesOf(value, encoding)));
    return this;
  }

  sign(key, encoding) {
    const bytes = Buffer.from(rsaSign(this.name, pemOf(key), joined(...this.parts)));
    return encoding ? bytes.toString(encoding) : bytes;
  }

  verify(key, signature, encoding) {
    return rsaVerify(this.name, pemOf(key), joined(...this.parts), Uint8Array.from(bytesOf(signature, encoding)));
  }
}

function pemOf(key) {
  return text(isObject(key) && !Buffer.isBuffer(key) ? key.key : key);
}

function unavailable(name) {
  return () => {
    throw coded(new Error(`crypto.${name} is not available here`), "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM");
  };
}

modules.crypto = {
  createHash: (name) => new Hash(hashOf(name)[0]),
  createHmac: (name, key) => new Hash(hmac(name, Uint8Array.from(bytesOf(key)))),
  createSign: (name) => new Signing(name),
  createVerify: (name) => new Signing(name),
  getHashes: () => Object.keys(hashes),
  pbkdf2Sync,
  pbkdf2: (password, salt, rounds, length, name, callback) => {
    answering(Promise.resolve().then(() => pbkdf2Sync(password, salt, rounds, length, name)), callback);
  },
  randomBytes: (size, callback) => {
    const bytes = Buffer.from(randomBytes(size));
    return callback ? answering(Promise.resolve(bytes), callback) : bytes;
  },
  randomInt,
  randomUUID,
  timingSafeEqual: (one, other) => {
    if (one.length !== other.length) throw coded(new RangeError("Input buffers must have the same byte length"), "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH");
    return sameBytes(bytesOf(one), bytesOf(other));
  },
};
for (const name of ["createCipheriv", "createDecipheriv", "scrypt", "scryptSync", "generateKeyPair", "generateKeyPairSync", "createECDH"]) {
  modules.crypto[name] = unavailable(name);
}
shown("crypto", {
  randomUUID,
  getRandomValues: (array) => {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(randomBytes(array.byteLength));
    return array;
  },
});
