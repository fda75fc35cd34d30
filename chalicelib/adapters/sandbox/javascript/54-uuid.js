// require("uuid"): versions 1, 3, 4 and 5 (RFC 9562).

function named(hash, version) {
  const make = (name, space) => {
    const bytes = hash(joined(hexBytes(text(space).replace(/-/g, "")), Uint8Array.from(bytesOf(name)))).slice(0, 16);
    bytes[6] = (bytes[6] & 15) | (version << 4);
    bytes[8] = (bytes[8] & 63) | 128;
    return uuidText(bytes);
  };
  return Object.assign(make, { DNS: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", URL: "6ba7b811-9dad-11d1-80b4-00c04fd430c8" });
}

function timed() {
  const ticks = BigInt(now()) * 10000n + 122192928000000000n;  // of 100 ns, since 1582
  const bytes = randomBytes(16);
  bytes.set(hexBytes((ticks & 0xffffffffn).toString(16).padStart(8, "0")), 0);
  bytes.set(hexBytes(((ticks >> 32n) & 0xffffn).toString(16).padStart(4, "0")), 4);
  bytes.set(hexBytes((((ticks >> 48n) & 0xfffn) | 0x1000n).toString(16)), 6);
  bytes[8] = (bytes[8] & 63) | 128;
  bytes[10] |= 1;  // no address of a network card
  return uuidText(bytes);
}

const uuid = Object.assign(() => randomUUID(), {
  v1: timed,
  v3: named(md5, 3),
  v4: () => randomUUID(),
  v5: named(sha1, 5),
  NIL: "00000000-0000-0000-0000-000000000000",
  validate: (value) => /^[0-9a-f]{8}-[0-9a-f]{4}-[0-8][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$/i.test(value),
  version: (value) => parseInt(value[14], 16),
});
modules.uuid = uuid;
shown("uuid", uuid);
