// require("lodash"): the functions that rules use most, on plain data. No chains, no templates, no debouncing.

const lodash = {};

function partsOf(path) {
  if (Array.isArray(path)) return path;
  return typeof path === "symbol" ? [path] : text(path).split(/[.[\]]+/).filter((part, i) => part !== "" || i === 0).map((part) => part.replace(/^["']|["']$/g, ""));
}

// What a name may never be where values are set: it would reach what all objects share.
function harmless(part) {
  return part !== "__proto__" && part !== "constructor" && part !== "prototype";
}

// A function, a name of a property, or what an object has to have, as a function.
function chosen(by = (value) => value) {
  if (typeof by === "function") return by;
  if (Array.isArray(by)) return (value) => lodash.isEqual(lodash.get(value, by[0]), by[1]);
  if (isObject(by)) return (value) => lodash.isMatch(value, by);
  return (value) => lodash.get(value, by);
}

function listOf(values) {
  if (values === null || values === undefined) return [];
  if (typeof values === "string" || Array.isArray(values)) return [...values];
  return typeof values.length === "number" ? Array.from(values) : Object.values(values);
}

function isPlain(value) {
  if (!isObject(value)) return false;
  const kind = Object.getPrototypeOf(value);
  return kind === null || kind === Object.prototype;
}

const objects = {
  get(object, path, otherwise) {
    let value = object;
    for (const part of isObject(object) && !Array.isArray(path) && path in object ? [path] : partsOf(path)) {
      if (value === null || value === undefined) return otherwise;
      value = value[part];
    }
    return value === undefined ? otherwise : value;
  },
  has(object, path) {
    let value = object;
    return partsOf(path).every((part) => {
      const there = value !== null && value !== undefined && Object.hasOwn(Object(value), part);
      value = there ? value[part] : undefined;
      return there;
    });
  },
  set(object, path, value) {
    const parts = partsOf(path);
    if (!isObject(object) || !parts.every(harmless)) return object;
    let place = object;
    parts.slice(0, -1).forEach((part, i) => {
      if (!isObject(place[part])) place[part] = /^\d+$/.test(parts[i + 1]) ? [] : {};
      place = place[part];
    });
    place[parts[parts.length - 1]] = value;
    return object;
  },
  unset(object, path) {
    const parts = partsOf(path);
    const place = parts.length > 1 ? lodash.get(object, parts.slice(0, -1)) : object;
    return isObject(place) && parts.every(harmless) ? delete place[parts[parts.length - 1]] : true;
  },
  assign: (object, ...others) => Object.assign(object, ...others),
  defaults(object, ...others) {
    for (const other of others) for (const name in other) if (object[name] === undefined) object[name] = other[name];
    return object;
  },
  merge(object, ...others) {
    for (const other of others) {
      for (const name of Object.keys(other || {}).filter(harmless)) {
        const value = other[name];
        if (isPlain(value) || Array.isArray(value)) {
          const below = isObject(object[name]) ? object[name] : Array.isArray(value) ? [] : {};
          object[name] = lodash.merge(below, value);
        } else if (value !== undefined) object[name] = value;
      }
    }
    return object;
  },
  keys: (object) => Object.keys(object || {}),
  values: (object) => Object.values(object || {}),
  toPairs: (object) => Object.entries(object || {}),
  fromPairs: (pairs) => Object.fromEntries(pairs || []),
  invert: (object) => Object.fromEntries(Object.entries(object || {}).map(([name, value]) => [value, name])),
  pick(object, ...paths) {
    return paths.flat(2).reduce((kept, path) => (lodash.has(object, path) ? lodash.set(kept, path, lodash.get(object, path)) : kept), {});
  },
  omit(object, ...paths) {
    const kept = lodash.cloneDeep(object) || {};
    paths.flat(2).forEach((path) => lodash.unset(kept, path));
    return kept;
  },
  pickBy: (object, by = Boolean) => Object.fromEntries(Object.entries(object || {}).filter(([name, value]) => by(value, name))),
  omitBy: (object, by = Boolean) => Object.fromEntries(Object.entries(object || {}).filter(([name, value]) => !by(value, name))),
  mapValues: (object, by) => Object.fromEntries(Object.entries(object || {}).map(([name, value]) => [name, chosen(by)(value, name, object)])),
  mapKeys: (object, by) => Object.fromEntries(Object.entries(object || {}).map(([name, value]) => [chosen(by)(value, name, object), value])),
  findKey: (object, by) => Object.keys(object || {}).find((name) => chosen(by)(object[name], name, object)),
  zipObject: (names, values = []) => Object.fromEntries(names.map((name, i) => [name, values[i]])),
  clone: (value) => (Array.isArray(value) ? [...value] : isPlain(value) ? { ...value } : value instanceof Date ? new Date(value) : value),
  cloneDeep(value, known = new Map()) {
    if (!isObject(value)) return value;
    if (known.has(value)) return known.get(value);
    if (value instanceof Date) return new Date(value);
    if (!Array.isArray(value) && !isPlain(value)) return value;
    const copy = Array.isArray(value) ? [] : {};
    known.set(value, copy);
    for (const name of Object.keys(value)) copy[name] = lodash.cloneDeep(value[name], known);
    return copy;
  },
};

const questions = {
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === "boolean",
  isDate: (value) => value instanceof Date,
  isEmpty: (value) => (isObject(value) || typeof value === "string" ? (value instanceof Map || value instanceof Set ? value.size : Object.keys(value).length) === 0 : true),
  isError: (value) => value instanceof Error,
  isFinite: Number.isFinite,
  isFunction: (value) => typeof value === "function",
  isInteger: Number.isInteger,
  isNaN: (value) => typeof value === "number" && Number.isNaN(value),
  isNil: (value) => value === null || value === undefined,
  isNull: (value) => value === null,
  isNumber: (value) => typeof value === "number",
  isObject: (value) => isObject(value) || typeof value === "function",
  isObjectLike: isObject,
  isPlainObject: isPlain,
  isRegExp: (value) => value instanceof RegExp,
  isString: (value) => typeof value === "string",
  isUndefined: (value) => value === undefined,
  isMatch: (value, wanted) => Object.keys(wanted).every((name) => {
    const there = isObject(value) ? value[name] : undefined;
    return isPlain(wanted[name]) ? lodash.isMatch(there, wanted[name]) : lodash.isEqual(there, wanted[name]);
  }),
  isEqual(one, other) {
    if (Object.is(one, other) || one === other) return true;
    if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return false;
    if (one instanceof Date || other instanceof Date) return one instanceof Date && other instanceof Date && +one === +other;
    const names = Object.keys(one);
    return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && lodash.isEqual(one[name], other[name]));
  },
};

const lists = {
  castArray: (value) => (Array.isArray(value) ? value : [value]),
  chunk: (list, size = 1) => Array.from({ length: Math.ceil((list || []).length / size) }, (_, i) => list.slice(i * size, (i + 1) * size)),
  compact: (list) => (list || []).filter(Boolean),
  concat: (list, ...more) => [].concat(list, ...more),
  difference: (list, ...others) => (list || []).filter((value) => !others.flat().includes(value)),
  drop: (list, count = 1) => (list || []).slice(count),
  flatten: (list) => (list || []).flat(),
  flattenDeep: (list) => (list || []).flat(Infinity),
  head: (list) => (list || [])[0],
  indexOf: (list, value) => (list || []).indexOf(value),
  initial: (list) => (list || []).slice(0, -1),
  intersection: (first, ...others) => [...new Set(first || [])].filter((value) => others.every((other) => (other || []).includes(value))),
  join: (list, between) => (list || []).join(between),
  last: (list) => (list || [])[(list || []).length - 1],
  nth: (list, at = 0) => (list || []).at(at),
  range(from, to, step = 1) {
    const [first, end] = to === undefined ? [0, from] : [from, to];
    return Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, i) => first + i * step);
  },
  reverse: (list) => list.reverse(),
  slice: (list, ...limits) => (list || []).slice(...limits),
  tail: (list) => (list || []).slice(1),
  take: (list, count = 1) => (list || []).slice(0, count),
  union: (...all) => [...new Set(all.flat())],
  uniq: (list) => [...new Set(list || [])],
  uniqBy: (list, by) => [...new Map([...(list || [])].reverse().map((value) => [chosen(by)(value), value])).values()].reverse(),
  without: (list, ...values) => (list || []).filter((value) => !values.includes(value)),
  zip: (...all) => Array.from({ length: Math.max(0, ...all.map((one) => one.length)) }, (_, i) => all.map((one) => one[i])),
  pull(list, ...values) {
    for (let i = list.length - 1; i >= 0; i--) if (values.includes(list[i])) list.splice(i, 1);
    return list;
  },
  remove(list, by) {
    const gone = list.filter(chosen(by));
    for (let i = list.length - 1; i >= 0; i--) if (gone.includes(list[i])) list.splice(i, 1);
    return gone;
  },
};

function entriesOf(values) {
  return isPlain(values) ? Object.entries(values) : listOf(values).map((value, i) => [i, value]);
}

function grouped(values, by, add) {
  const groups = {};
  for (const value of listOf(values)) {
    const name = text(chosen(by)(value));
    if (harmless(name)) add(groups, name, value);
  }
  return groups;
}

function order(one, other) {
  if (one === other) return 0;
  if (one === undefined || one === null) return 1;
  if (other === undefined || other === null) return -1;
  return one < other ? -1 : one > other ? 1 : 0;
}

const collections = {
  countBy: (values, by) => grouped(values, by, (groups, name) => (groups[name] = (groups[name] || 0) + 1)),
  every: (values, by) => entriesOf(values).every(([name, value]) => chosen(by)(value, name, values)),
  filter: (values, by) => entriesOf(values).filter(([name, value]) => chosen(by)(value, name, values)).map(([, value]) => value),
  find: (values, by) => (entriesOf(values).find(([name, value]) => chosen(by)(value, name, values)) || [])[1],
  findIndex: (list, by) => (list || []).findIndex((value, i) => chosen(by)(value, i, list)),
  findLast: (values, by) => (entriesOf(values).reverse().find(([name, value]) => chosen(by)(value, name, values)) || [])[1],
  flatMap: (values, by) => lodash.map(values, by).flat(),
  forEach(values, by) {
    for (const [name, value] of entriesOf(values)) if (by(value, name, values) === false) break;
    return values;
  },
  groupBy: (values, by) => grouped(values, by, (groups, name, value) => (groups[name] = groups[name] || []).push(value)),
  includes: (values, value) => (typeof values === "string" ? values.includes(value) : listOf(values).includes(value)),
  keyBy: (values, by) => grouped(values, by, (groups, name, value) => (groups[name] = value)),
  map: (values, by) => entriesOf(values).map(([name, value]) => chosen(by)(value, name, values)),
  maxBy: (list, by) => (list || []).reduce((best, value) => (best === undefined || chosen(by)(value) > chosen(by)(best) ? value : best), undefined),
  minBy: (list, by) => (list || []).reduce((best, value) => (best === undefined || chosen(by)(value) < chosen(by)(best) ? value : best), undefined),
  orderBy(values, by = [], ways = []) {
    const steps = [].concat(by).map(chosen);
    const turned = [].concat(ways).map((way) => (way === "desc" ? -1 : 1));
    return listOf(values).sort((one, other) => steps.reduce((said, step, i) => said || order(step(one), step(other)) * (turned[i] || 1), 0));
  },
  partition: (values, by) => [lodash.filter(values, by), lodash.reject(values, by)],
  reduce(values, by, ...start) {
    const entries = entriesOf(values);
    let sum = start.length ? start[0] : (entries.shift() || [])[1];
    for (const [name, value] of entries) sum = by(sum, value, name, values);
    return sum;
  },
  reject: (values, by) => lodash.filter(values, (value, name) => !chosen(by)(value, name, values)),
  size: (values) => (typeof values === "string" ? values.length : listOf(values).length),
  some: (values, by) => entriesOf(values).some(([name, value]) => chosen(by)(value, name, values)),
  sortBy: (values, ...by) => lodash.orderBy(values, by.length ? by.flat() : [(value) => value]),
  sum: (list) => (list || []).reduce((sum, value) => sum + value, 0),
  sumBy: (list, by) => (list || []).reduce((sum, value) => sum + chosen(by)(value), 0),
  max: (list) => lodash.maxBy(list),
  min: (list) => lodash.minBy(list),
  sample: (list) => listOf(list)[Math.floor(Math.random() * listOf(list).length)],
};

function words(value) {
  return text(value ?? "").normalize("NFD").replace(/[\u0300-\u036f]/g, "").match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) || [];
}

const HTML = { __proto__: null, "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const upperFirst = (value) => text(value ?? "").replace(/^./s, (first) => first.toUpperCase());
const texts = {
  camelCase: (value) => words(value).map((word, i) => (i ? upperFirst(word.toLowerCase()) : word.toLowerCase())).join(""),
  capitalize: (value) => upperFirst(text(value ?? "").toLowerCase()),
  endsWith: (value, end) => text(value ?? "").endsWith(end),
  escape: (value) => text(value ?? "").replace(/[&<>"']/g, (mark) => HTML[mark]),
  kebabCase: (value) => words(value).map((word) => word.toLowerCase()).join("-"),
  lowerCase: (value) => words(value).map((word) => word.toLowerCase()).join(" "),
  lowerFirst: (value) => text(value ?? "").replace(/^./s, (first) => first.toLowerCase()),
  padEnd: (value, length, fill) => text(value ?? "").padEnd(length, fill),
  padStart: (value, length, fill) => text(value ?? "").padStart(length, fill),
  repeat: (value, count = 1) => text(value ?? "").repeat(count),
  replace: (value, ...how) => text(value ?? "").replace(...how),
  snakeCase: (value) => words(value).map((word) => word.toLowerCase()).join("_"),
  split: (value, ...how) => text(value ?? "").split(...how),
  startCase: (value) => words(value).map(upperFirst).join(" "),
  startsWith: (value, start) => text(value ?? "").startsWith(start),
  toLower: (value) => text(value ?? "").toLowerCase(),
  toUpper: (value) => text(value ?? "").toUpperCase(),
  trim: (value) => text(value ?? "").trim(),
  trimEnd: (value) => text(value ?? "").trimEnd(),
  trimStart: (value) => text(value ?? "").trimStart(),
  truncate: (value, { length = 30, omission = "..." } = {}) => (text(value ?? "").length > length ? text(value).slice(0, length - omission.length) + omission : text(value ?? "")),
  upperFirst,
  words,
};

const rest = {
  constant: (value) => () => value,
  identity: (value) => value,
  noop: () => undefined,
  once(run) {
    let said;
    let done = false;
    return (...values) => {
      if (!done) said = run(...values);
      done = true;
      return said;
    };
  },
  partial: (run, ...first) => (...more) => run(...first, ...more),
  property: (path) => (object) => lodash.get(object, path),
  matches: (wanted) => (object) => lodash.isMatch(object, wanted),
  times: (count, run = (i) => i) => Array.from({ length: count }, (_, i) => run(i)),
  clamp: (value, least, most) => Math.min(Math.max(value, least), most),
  random: (least = 0, most = 1) => least + Math.floor(Math.random() * (most - least + 1)),
  now: () => now(),
  toNumber: Number,
  toInteger: (value) => Math.trunc(value) || 0,
  toString: (value) => (value === null || value === undefined ? "" : text(value)),
  toArray: listOf,
  uniqueId: (start = "") => start + ++rest.ids,
  ids: 0,
};

Object.assign(lodash, objects, questions, lists, collections, texts, rest);
delete lodash.ids;
// Names of earlier versions.
Object.assign(lodash, {
  all: lodash.every, any: lodash.some, contains: lodash.includes, detect: lodash.find, each: lodash.forEach, entries: lodash.toPairs,
  extend: lodash.assign, first: lodash.head, indexBy: lodash.keyBy, pluck: lodash.map, rest: lodash.tail, select: lodash.filter,
  unique: lodash.uniq, where: lodash.filter,
});
modules.lodash = lodash;
