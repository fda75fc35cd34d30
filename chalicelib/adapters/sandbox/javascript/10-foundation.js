// What everything else here stands on. Names taken from the language before any script could change them: a script may
// spoil its own surroundings, and the worst it gets for it is a refused sign-in.

const { stringify, parse } = JSON;
const { apply } = Reflect;
const { create, defineProperty } = Object;
const evaluate = eval;  // called by another name it evaluates globally
const promiseThen = Promise.prototype.then;
const text = String;
const now = Date.now;
const isList = Array.isArray;
const { slice } = String.prototype;

const MAX_MESSAGE = 1000;

// Modules by name; `require` looks here.
const modules = create(null);

function quoted(value) {
  return stringify(text(value));  // of a string: no toJSON of a script is asked
}

function shown(name, value) {
  defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

// What nobody may replace, so that an earlier script cannot change what it means for a later one.
function fixed(name, value) {
  defineProperty(globalThis, name, { value, writable: false, configurable: false, enumerable: false });
}

function isObject(value) {
  return typeof value === "object" && value !== null;
}

function coded(error, code) {
  error.code = code;
  return error;
}

// Node's convention: the last argument may be a callback, otherwise a promise says what came of it.
function answering(promise, callback) {
  if (typeof callback !== "function") return promise;
  promise.then((value) => callback(null, value), (error) => callback(error));
  return undefined;
}
