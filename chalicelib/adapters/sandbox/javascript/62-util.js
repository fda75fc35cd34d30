// require("util"), and the little of `process` that scripts look at.

function promisify(original) {
  return function (...values) {
    return new Promise((resolve, reject) => {
      original.call(this, ...values, (error, value) => (error ? reject(error) : resolve(value)));
    });
  };
}

modules.util = {
  format,
  inspect: (value) => inspect(value, typeof value === "string" ? 1 : 0),
  promisify,
  callbackify: (original) => (...values) => answering(original(...values.slice(0, -1)), values[values.length - 1]),
  inherits: (child, parent) => Object.setPrototypeOf(child.prototype, parent.prototype),
  isArray: Array.isArray,
  isDeepStrictEqual: (one, other) => lodash.isEqual(one, other),
  TextEncoder,
  TextDecoder,
};

shown("process", {
  env: {},
  version: "v18.0.0",
  versions: { node: "18.0.0" },
  nextTick: (run, ...values) => queueMicrotask(() => run(...values)),
});
