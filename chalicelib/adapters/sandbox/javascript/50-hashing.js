// Hashes, HMAC and randomness. Written for QuickJS: 32-bit integers, no allocation in a round.

function rotl(value, by) {
  return (value << by) | (value >>> (32 - by));
}

// Fractional parts of roots of the first primes, as SHA-2 defines its constants; 64 bits by exact integer arithmetic.
function primes(count) {
  const found = [];
  for (let n = 2; found.length < count; n++) {
    if (found.every((prime) => n % prime)) found.push(n);
  }
  return found;
}

function rootFraction(prime, power) {
  const wanted = BigInt(prime) << BigInt(64 * power);
  let low = 0n;
  let high = 1n << 72n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(power) <= wanted) low = middle;
    else high = middle;
  }
  return low & 0xffffffffffffffffn;
}

const cubeRoots = primes(80).map((prime) => rootFraction(prime, 3));
const squareRoots = primes(16).map((prime) => rootFraction(prime, 2));
const high = (number) => Number(number >> 32n) | 0;
const low = (number) => Number(number & 0xffffffffn) | 0;
const K256 = Int32Array.from(cubeRoots.slice(0, 64), high);
const K512 = Int32Array.from(cubeRoots.flatMap((root) => [high(root), low(root)]));

// The message with its padding: a one, zeros, and the length in bits, in blocks of `size` bytes.
function padded(bytes, size, littleEndian) {
  const whole = Math.ceil((bytes.length + 1 + size / 8) / size) * size;
  const block = new Uint8Array(whole);
  block.set(bytes);
  block[bytes.length] = 0x80;
  const view = new DataView(block.buffer);
  const bits = bytes.length * 8;
  const at = whole - 8;
  view.setUint32(littleEndian ? at : at + 4, bits >>> 0, littleEndian);
  view.setUint32(littleEndian ? at + 4 : at, Math.floor(bits / 4294967296), littleEndian);
  return view;
}

function written(state, length, littleEndian) {
  const view = new DataView(new ArrayBuffer(state.length * 4));
  for (let i = 0; i < state.length; i++) view.setInt32(4 * i, state[i], littleEndian);
  return new Uint8Array(view.buffer, 0, length);
}

const MD5_TURNS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const MD5_SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296) | 0);

function md5(bytes) {
  const view = padded(bytes, 64, true);
  const state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];
  for (let at = 0; at < view.byteLength; at += 64) {
    let [a, b, c, d] = state;
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed = [(b & c) | (~b & d), (d & b) | (~d & c), b ^ c ^ d, c ^ (b | ~d)][round];
      const word = view.getInt32(at + 4 * ([i, 5 * i + 1, 3 * i + 5, 7 * i][round] & 15), true);
      const turned = rotl((a + mixed + MD5_SINES[i] + word) | 0, MD5_TURNS[4 * round + (i & 3)]);
      a = d;
      d = c;
      c = b;
      b = (b + turned) | 0;
    }
    [a, b, c, d].forEach((value, i) => (state[i] = (state[i] + value) | 0));
  }
  return written(state, 16, true);
}

const SHA1_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc | 0, 0xca62c1d6 | 0];

function sha1(bytes) {
  const view = padded(bytes, 64, false);
  const state = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0];
  const w = new Int32Array(80);
  for (let at = 0; at < view.byteLength; at += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 80; i++) w[i] = rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    let [a, b, c, d, e] = state;
    for (let i = 0; i < 80; i++) {
      const round = (i / 20) | 0;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      const next = (rotl(a, 5) + mixed + e + w[i] + SHA1_CONSTANTS[round]) | 0;
      e = d;
      d = c;
      c = rotl(b, 30);
      b = a;
      a = next;
    }
    [a, b, c, d, e].forEach((value, i) => (state[i] = (state[i] + value) | 0));
  }
  return written(state, 20, false);
}

const SHA256_START = Int32Array.from(squareRoots.slice(0, 8), high);
const SHA224_START = Int32Array.from(squareRoots.slice(8, 16), low);

function sha256Block(state, view, at, w) {
  for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15];
    const y = w[i - 2];
    w[i] = (w[i - 16] + ((x << 25 | x >>> 7) ^ (x << 14 | x >>> 18) ^ (x >>> 3)) + w[i - 7]
      + ((y << 15 | y >>> 17) ^ (y << 13 | y >>> 19) ^ (y >>> 10))) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const one = (h + ((e << 26 | e >>> 6) ^ (e << 21 | e >>> 11) ^ (e << 7 | e >>> 25)) + (g ^ (e & (f ^ g))) + K256[i] + w[i]) | 0;
    const two = (((a << 30 | a >>> 2) ^ (a << 19 | a >>> 13) ^ (a << 10 | a >>> 22)) + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

function sha256From(beginning, length) {
  return (bytes) => {
    const view = padded(bytes, 64, false);
    const state = Int32Array.from(beginning);
    const w = new Int32Array(64);
    for (let at = 0; at < view.byteLength; at += 64) sha256Block(state, view, at, w);
    return written(state, length, false);
  };
}

const SHA512_START = Int32Array.from(squareRoots.slice(0, 8).flatMap((root) => [high(root), low(root)]));
const SHA384_START = Int32Array.from(squareRoots.slice(8, 16).flatMap((root) => [high(root), low(root)]));
const added = { high: 0, low: 0 };

// Add 64-bit numbers, which lie as two halves each, to what is added already.
function add(h, l) {
  const sum = (added.low >>> 0) + (l >>> 0);
  added.low = sum | 0;
  added.high = (added.high + h + (sum > 4294967295 ? 1 : 0)) | 0;
}

// Turn right by less than 32: one half. The other has its arguments swapped.
function turn(one, other, by) {
  return by < 32 ? (one >>> by) | (other << (32 - by)) : (other >>> (by - 32)) | (one << (64 - by));
}

function sha512Schedule(view, at, w) {
  for (let i = 0; i < 32; i++) w[i] = view.getInt32(at + 4 * i);
  for (let i = 32; i < 160; i += 2) {
    const [xh, xl, yh, yl] = [w[i - 30], w[i - 29], w[i - 4], w[i - 3]];
    added.high = w[i - 32];
    added.low = w[i - 31];
    add(w[i - 14], w[i - 13]);
    add(turn(xh, xl, 1) ^ turn(xh, xl, 8) ^ (xh >>> 7), turn(xl, xh, 1) ^ turn(xl, xh, 8) ^ turn(xl, xh, 7));
    add(turn(yh, yl, 19) ^ turn(yh, yl, 61) ^ (yh >>> 6), turn(yl, yh, 19) ^ turn(yl, yh, 61) ^ turn(yl, yh, 6));
    w[i] = added.high;
    w[i + 1] = added.low;
  }
}

function sha512Block(state, w) {
  let [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl] = state;
  for (let i = 0; i < 160; i += 2) {
    added.high = hh;
    added.low = hl;
    add(turn(eh, el, 14) ^ turn(eh, el, 18) ^ turn(eh, el, 41), turn(el, eh, 14) ^ turn(el, eh, 18) ^ turn(el, eh, 41));
    add(gh ^ (eh & (fh ^ gh)), gl ^ (el & (fl ^ gl)));
    add(K512[i], K512[i + 1]);
    add(w[i], w[i + 1]);
    const [oneHigh, oneLow] = [added.high, added.low];
    [hh, hl, gh, gl, fh, fl] = [gh, gl, fh, fl, eh, el];
    add(dh, dl);
    [eh, el] = [added.high, added.low];
    added.high = oneHigh;
    added.low = oneLow;
    add(turn(ah, al, 28) ^ turn(ah, al, 34) ^ turn(ah, al, 39), turn(al, ah, 28) ^ turn(al, ah, 34) ^ turn(al, ah, 39));
    add((ah & bh) | (ch & (ah | bh)), (al & bl) | (cl & (al | bl)));
    [dh, dl, ch, cl, bh, bl] = [ch, cl, bh, bl, ah, al];
    [ah, al] = [added.high, added.low];
  }
  [ah, al, bh, bl, ch, cl, dh, dl, eh, el, fh, fl, gh, gl, hh, hl].forEach((value, i, all) => {
    if (i & 1) return;
    added.high = state[i];
    added.low = state[i + 1];
    add(value, all[i + 1]);
    state[i] = added.high;
    state[i + 1] = added.low;
  });
}

function sha512From(beginning, length) {
  return (bytes) => {
    const view = padded(bytes, 128, false);
    const state = Int32Array.from(beginning);
    const w = new Int32Array(160);
    for (let at = 0; at < view.byteLength; at += 128) {
      sha512Schedule(view, at, w);
      sha512Block(state, w);
    }
    return written(state, length, false);
  };
}

// Each hash with the size of its block.
const hashes = {
  __proto__: null,
  md5: [md5, 64],
  sha1: [sha1, 64],
  sha224: [sha256From(SHA224_START, 28), 64],
  sha256: [sha256From(SHA256_START, 32), 64],
  sha384: [sha512From(SHA384_START, 48), 128],
  sha512: [sha512From(SHA512_START, 64), 128],
};

function hashOf(name) {
  const known = hashes[text(name).toLowerCase().replace(/^rsa-/, "").replace("sha-", "sha")];
  if (!known) throw coded(new Error(`Digest method not supported: ${name}`), "ERR_CRYPTO_INVALID_DIGEST");
  return known;
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

// A function that authenticates messages with one key.
function hmac(name, key) {
  const [hash, size] = hashOf(name);
  const block = new Uint8Array(size);
  block.set(key.length > size ? hash(key) : key);
  const inner = block.map((byte) => byte ^ 0x36);
  const outer = block.map((byte) => byte ^ 0x5c);
  return (message) => hash(joined(outer, hash(joined(inner, message))));
}

function sameBytes(one, other) {
  if (one.length !== other.length) return false;
  let differs = 0;
  for (let i = 0; i < one.length; i++) differs |= one[i] ^ other[i];
  return differs === 0;
}

// Randomness grows from 32 bytes that come with each job: HMAC of a counter. `Math.random` is quick and no secret.
const random = { seed: "", mac: null, counter: 0, left: new Uint8Array(0), quick: [] };

function seed(hex) {
  random.seed = hex;
  random.quick = [0, 8, 16, 24].map((at) => parseInt(hex.slice(at, at + 8), 16) | 0);
}

function randomBytes(size) {
  random.mac = random.mac || hmac("sha256", new Uint8Array(hexBytes(random.seed)));
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 32) {
    bytes.set(random.mac(utf8Bytes(`${random.counter++}`)).subarray(0, Math.min(32, size - at)), at);
  }
  return bytes;
}

// sfc32: four words of state.
function quickWord() {
  const [a, b, c, d] = random.quick;
  const word = (((a + b) | 0) + d) | 0;
  random.quick = [b ^ (b >>> 9), (c + (c << 3)) | 0, (rotl(c, 21) + word) | 0, (d + 1) | 0];
  return word >>> 0;
}

defineProperty(Math, "random", {
  value: () => (quickWord() * 2097152 + (quickWord() >>> 11)) / 9007199254740992,
  writable: true,
  configurable: true,
});
