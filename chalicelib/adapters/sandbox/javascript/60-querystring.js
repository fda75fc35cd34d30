// require("querystring"), URLSearchParams, and queries with brackets as `request` and others write them.

function escapeQuery(value) {
  return encodeURIComponent(text(value).toWellFormed()).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

function unescapeQuery(value) {
  const spaced = text(value).replace(/\+/g, " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}

function pairsOf(query, between = "&", equals = "=") {
  return text(query).split(between).filter(Boolean).map((part) => {
    const at = part.indexOf(equals);
    return at < 0 ? [unescapeQuery(part), ""] : [unescapeQuery(part.slice(0, at)), unescapeQuery(part.slice(at + equals.length))];
  });
}

function parseQuery(query, between, equals) {
  const found = create(null);
  for (const [name, value] of pairsOf(query, between, equals)) {
    found[name] = name in found ? [].concat(found[name], value) : value;
  }
  return found;
}

function simple(value) {
  return ["string", "number", "boolean", "bigint"].includes(typeof value) ? text(value) : "";
}

function writeQuery(values, between = "&", equals = "=") {
  if (!isObject(values)) return "";
  return Object.keys(values).flatMap((name) => [].concat(values[name]).map((value) => `${escapeQuery(name)}${equals}${escapeQuery(simple(value))}`)).join(between);
}

// {a: {b: 1}, c: [2, 3]} as a[b]=1, c[0]=2, c[1]=3.
function nestedPairs(values, above = "") {
  return Object.keys(values).flatMap((name) => {
    const value = values[name];
    const whole = above ? `${above}[${name}]` : name;
    if (value === undefined) return [];
    if (isObject(value)) return value instanceof Date ? [[whole, value.toISOString()]] : nestedPairs(value, whole);
    return [[whole, value === null ? "" : text(value)]];
  });
}

function writePairs(pairs) {
  return pairs.map(([name, value]) => `${escapeQuery(name)}=${escapeQuery(value)}`).join("&");
}

class URLSearchParams {
  #pairs;
  #changed;

  constructor(from = "", changed = () => undefined) {
    this.#changed = changed;
    if (!isObject(from)) this.#pairs = pairsOf(text(from).replace(/^\?/, ""));
    else if (typeof from[Symbol.iterator] === "function") this.#pairs = [...from].map(([name, value]) => [text(name), text(value)]);
    else this.#pairs = Object.keys(from).map((name) => [name, text(from[name])]);
  }

  append(name, value) {
    this.#pairs.push([text(name), text(value)]);
    this.#changed(this);
  }

  set(name, value) {
    const at = this.#pairs.findIndex(([known]) => known === name);
    const kept = this.#pairs.filter(([known], i) => known !== name || i === at);
    if (at < 0) kept.push([text(name), text(value)]);
    else kept.find(([known]) => known === name)[1] = text(value);
    this.#pairs = kept;
    this.#changed(this);
  }

  delete(name) {
    this.#pairs = this.#pairs.filter(([known]) => known !== name);
    this.#changed(this);
  }

  get(name) {
    const found = this.#pairs.find(([known]) => known === name);
    return found ? found[1] : null;
  }

  getAll(name) {
    return this.#pairs.filter(([known]) => known === name).map(([, value]) => value);
  }

  has(name) {
    return this.#pairs.some(([known]) => known === name);
  }

  sort() {
    this.#pairs.sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
    this.#changed(this);
  }

  forEach(each) {
    this.#pairs.forEach(([name, value]) => each(value, name, this));
  }

  *entries() {
    yield* this.#pairs.map((pair) => [...pair]);
  }

  *keys() {
    yield* this.#pairs.map(([name]) => name);
  }

  *values() {
    yield* this.#pairs.map(([, value]) => value);
  }

  [Symbol.iterator]() {
    return this.entries();
  }

  get size() {
    return this.#pairs.length;
  }

  toString() {
    return writePairs(this.#pairs).replace(/%20/g, "+");
  }
}

modules.querystring = {
  parse: parseQuery,
  decode: parseQuery,
  stringify: writeQuery,
  encode: writeQuery,
  escape: escapeQuery,
  unescape: unescapeQuery,
};
shown("URLSearchParams", URLSearchParams);
