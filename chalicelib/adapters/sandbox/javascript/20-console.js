// console: lines are kept until the worker fetches them, at most as many bytes as the run may write.

const levels = ["log", "info", "warn", "error", "debug", "trace"];
const writing = { lines: "", count: 0, left: 0, cut: false };
const MAX_LINES = 1000;  // empty lines have no bytes to be counted

function inspect(value, depth = 0, above = []) {
  if (typeof value === "string") return depth ? quoted(value) : value;
  if (typeof value === "function") return `[Function: ${value.name || "(anonymous)"}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (!isObject(value)) return text(value);
  if (value instanceof Error) return `${value.name}: ${value.message}\n${value.stack || ""}`.trimEnd();
  if (value instanceof Date) return isNaN(value) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return text(value);
  if (above.includes(value)) return "[Circular]";
  if (depth > 4) return Array.isArray(value) ? "[Array]" : "[Object]";
  return inspectEntries(value, depth, [...above, value]);
}

function inspectEntries(value, depth, above) {
  if (Buffer.isBuffer(value)) return `<Buffer ${value.toString("hex", 0, 50).replace(/..(?=.)/g, "$& ")}>`;
  if (value instanceof Map) return `Map ${inspect([...value], depth, above)}`;
  if (value instanceof Set) return `Set ${inspect([...value], depth, above)}`;
  if (Array.isArray(value)) {
    const items = value.slice(0, 100).map((item) => inspect(item, depth + 1, above));
    return items.length ? `[ ${items.join(", ")}${value.length > 100 ? ", ..." : ""} ]` : "[]";
  }
  const names = Object.keys(value).slice(0, 100);
  const entries = names.map((name) => `${/^[\w$]+$/.test(name) ? name : quoted(name)}: ${inspect(value[name], depth + 1, above)}`);
  return entries.length ? `{ ${entries.join(", ")} }` : "{}";
}

function format(...values) {
  if (typeof values[0] !== "string") return values.map((value) => inspect(value)).join(" ");
  let used = 1;
  const first = values[0].replace(/%[sdifjoO%]/g, (mark) => {
    if (mark === "%%") return "%";
    if (used >= values.length) return mark;
    const value = values[used++];
    if (mark === "%s") return isObject(value) ? inspect(value) : text(value);
    if (mark === "%j") return stringify(value);
    if (mark === "%d" || mark === "%i" || mark === "%f") return text(mark === "%i" ? Math.trunc(value) : Number(value));
    return inspect(value);
  });
  return [first, ...values.slice(used).map((value) => inspect(value))].join(" ");
}

function full() {
  if (writing.left > 0 && writing.count < MAX_LINES) return false;
  return (writing.cut = true);
}

function write(level, line) {
  if (full()) return;
  const kept = line.length > writing.left ? line.slice(0, writing.left) : line;
  writing.cut = writing.cut || kept !== line;
  writing.left -= kept.length + 1;
  writing.count++;
  writing.lines += `${writing.lines ? "," : ""}[${quoted(level)},${quoted(kept)}]`;
}

function safely(values) {
  if (full()) return "";
  try {
    return format(...values);
  } catch {
    return "[what was to be written cannot be]";
  }
}

const consoleObject = {};
for (const level of levels) {
  consoleObject[level] = (...values) => write(level === "trace" ? "debug" : level, safely(values));
}
consoleObject.dir = (value) => write("log", safely([value]));
consoleObject.table = consoleObject.dir;
consoleObject.assert = (held, ...values) => held || write("error", `Assertion failed ${safely(values)}`.trimEnd());
for (const quiet of ["time", "timeEnd", "timeLog", "group", "groupEnd", "count"]) consoleObject[quiet] = () => undefined;
shown("console", consoleObject);
