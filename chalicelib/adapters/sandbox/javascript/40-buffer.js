// Bytes and text: UTF-8, base64, hexadecimal, and the part of Node's Buffer that scripts use.

function utf8Bytes(value) {
  const string = text(value);
  const bytes = [];
  for (let i = 0; i < string.length; i++) {
    let code = string.codePointAt(i);
    if (code > 0xffff) i++;
    else if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;  // half a character
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return bytes;
}

// How many bytes follow a first byte, and the least code point that needs them: shorter forms are not UTF-8.
function follows(byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return [1, 0x80];
  if (byte >= 0xe0 && byte <= 0xef) return [2, 0x800];
  if (byte >= 0xf0 && byte <= 0xf4) return [3, 0x10000];
  return [-1, 0];
}

function codePointAt(bytes, at, count, least) {
  let code = bytes[at] & (0x3f >> count);
  for (let i = 1; i <= count; i++) {
    if ((bytes[at + i] & 0xc0) !== 0x80) return -1;
    code = (code << 6) | (bytes[at + i] & 63);
  }
  return code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? -1 : code;
}

function utf8Text(bytes) {
  const codes = [];
  let string = "";
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] < 0x80) codes.push(bytes[i]);
    else {
      const [count, least] = follows(bytes[i]);
      const code = count < 0 || i + count >= bytes.length ? -1 : codePointAt(bytes, i, count, least);
      codes.push(code < 0 ? 0xfffd : code);
      if (code >= 0) i += count;
    }
    if (codes.length >= 4096) string += text.fromCodePoint(...codes.splice(0));
  }
  return string + text.fromCodePoint(...codes);
}

function binaryText(bytes) {
  let string = "";
  for (let i = 0; i < bytes.length; i += 4096) string += text.fromCharCode(...bytes.slice(i, i + 4096));
  return string;
}

const toBase64 = btoa;
const fromBase64 = atob;

function base64Bytes(value) {
  const plain = text(value).replace(/-/g, "+").replace(/_/g, "/").replace(/[^A-Za-z0-9+/]/g, "");
  const whole = plain.length % 4 === 1 ? plain.slice(0, -1) : plain;
  return binaryBytes(fromBase64(whole + "=".repeat((4 - (whole.length % 4)) % 4)));
}

function base64Text(bytes) {
  return toBase64(binaryText(bytes));
}

function base64urlText(bytes) {
  return base64Text(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function binaryBytes(value) {
  const string = text(value);
  const bytes = new Uint8Array(string.length);
  for (let i = 0; i < string.length; i++) bytes[i] = string.charCodeAt(i);
  return bytes;
}

function hexBytes(value) {
  const digits = /^(?:[0-9a-fA-F]{2})*/.exec(text(value))[0];
  return Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.substr(2 * i, 2), 16));
}

function hexText(bytes) {
  let string = "";
  for (let i = 0; i < bytes.length; i++) string += (bytes[i] + 256).toString(16).slice(1);
  return string;
}

function wideBytes(value) {
  const string = text(value);
  return Array.from({ length: 2 * string.length }, (_, i) => (string.charCodeAt(i >> 1) >> (8 * (i & 1))) & 255);
}

function wideText(bytes) {
  const units = Array.from({ length: bytes.length >> 1 }, (_, i) => bytes[2 * i] | (bytes[2 * i + 1] << 8));
  return units.map((unit) => text.fromCharCode(unit)).join("");
}

const encodings = {
  __proto__: null,
  utf8: [utf8Bytes, utf8Text],
  ascii: [binaryBytes, (bytes) => binaryText(bytes.map((byte) => byte & 127))],
  latin1: [binaryBytes, binaryText],
  base64: [base64Bytes, base64Text],
  base64url: [base64Bytes, base64urlText],
  hex: [hexBytes, hexText],
  utf16le: [wideBytes, wideText],
};
Object.assign(encodings, { "utf-8": encodings.utf8, binary: encodings.latin1, ucs2: encodings.utf16le });

function encodingOf(name) {
  const encoding = encodings[text(name || "utf8").toLowerCase()];
  if (!encoding) throw coded(new TypeError(`Unknown encoding: ${name}`), "ERR_UNKNOWN_ENCODING");
  return encoding;
}

// Text, a Buffer, another view, an ArrayBuffer or a list of numbers as bytes.
function bytesOf(value, encoding) {
  if (typeof value === "string") return encodingOf(encoding)[0](value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value;
  if (isObject(value) && value.type === "Buffer" && Array.isArray(value.data)) return value.data;
  throw coded(new TypeError("Text, bytes or a list of bytes are needed"), "ERR_INVALID_ARG_TYPE");
}

// Also without `new`, as old scripts call it; and with a buffer and an offset, as its own methods do.
function Buffer(value, encoding, length) {
  const made = typeof value === "string" || Array.isArray(value) ? [bytesOf(value, encoding)] : [value];
  if (value instanceof ArrayBuffer) made.push(encoding, length);
  return Reflect.construct(Uint8Array, made, Buffer);
}

Buffer.prototype = create(Uint8Array.prototype, { constructor: { value: Buffer, writable: true, configurable: true } });
Object.setPrototypeOf(Buffer, Uint8Array);

Object.assign(Buffer, {
  from: (value, encoding, length) => {
    if (value instanceof ArrayBuffer) return new Buffer(value, encoding, length);
    return new Buffer(Array.from(bytesOf(value, encoding)));
  },
  alloc: (size, fill) => (fill === undefined ? new Buffer(+size) : new Buffer(+size).fill(fill)),
  allocUnsafe: (size) => new Buffer(+size),
  isBuffer: (value) => value instanceof Buffer,
  isEncoding: (name) => text(name).toLowerCase() in encodings,
  byteLength: (value, encoding) => bytesOf(value, encoding).length,
  concat: (parts) => new Buffer([].concat(...parts.map((part) => Array.from(part)))),
  compare: (one, other) => {
    for (let i = 0; i < Math.min(one.length, other.length); i++) {
      if (one[i] !== other[i]) return one[i] < other[i] ? -1 : 1;
    }
    return Math.sign(one.length - other.length);
  },
});

const bufferMethods = {
  toString(encoding, from = 0, to = this.length) {
    return encodingOf(encoding)[1](this.subarray(from, to));
  },
  toJSON() {
    return { type: "Buffer", data: Array.from(this) };
  },
  equals(other) {
    return Buffer.compare(this, other) === 0;
  },
  compare(other) {
    return Buffer.compare(this, other);
  },
  slice(from, to) {
    return this.subarray(from, to);
  },
  copy(target, at = 0, from = 0, to = this.length) {
    const part = this.subarray(from, Math.min(to, from + target.length - at));
    target.set(part, at);
    return part.length;
  },
  write(string, at = 0, length = this.length - at, encoding = "utf8") {
    const bytes = bytesOf(string, encoding).slice(0, Math.min(length, this.length - at));
    this.set(bytes, at);
    return bytes.length;
  },
  fill(value, from, to) {
    return Uint8Array.prototype.fill.call(this, typeof value === "string" ? value.charCodeAt(0) : value, from, to);
  },
};

// readUInt8, readInt32BE, writeUInt16LE and so on, by what a DataView has.
for (const [name, size] of [["Uint8", 1], ["Int8", 1], ["Uint16", 2], ["Int16", 2], ["Uint32", 4], ["Int32", 4], ["Float32", 4], ["Float64", 8]]) {
  const called = { Float32: "Float", Float64: "Double" }[name] || name.replace("Uint", "UInt");
  for (const order of size > 1 ? ["BE", "LE"] : [""]) {
    bufferMethods[`read${called}${order}`] = function (at = 0) {
      return new DataView(this.buffer, this.byteOffset, this.length)[`get${name}`](at, order === "LE");
    };
    bufferMethods[`write${called}${order}`] = function (value, at = 0) {
      new DataView(this.buffer, this.byteOffset, this.length)[`set${name}`](at, value, order === "LE");
      return at + size;
    };
  }
}
for (const name of Object.keys(bufferMethods)) {
  defineProperty(Buffer.prototype, name, { value: bufferMethods[name], writable: true, configurable: true });
}

class TextEncoder {
  get encoding() {
    return "utf-8";
  }

  encode(value = "") {
    return new Uint8Array(utf8Bytes(value));
  }
}

class TextDecoder {
  get encoding() {
    return "utf-8";
  }

  decode(value = new Uint8Array(0)) {
    return utf8Text(bytesOf(value)).replace(/^\ufeff/, "");
  }
}

modules.buffer = { Buffer };
shown("Buffer", Buffer);
shown("TextEncoder", TextEncoder);
shown("TextDecoder", TextDecoder);
