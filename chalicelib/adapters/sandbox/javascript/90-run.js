// One run: the scripts, what they are given, and how each of them ends. `enter` is all that Python calls.

const run = { kind: "", scripts: [], current: -1, settled: "", twice: "", late: 0, user: null, context: null, values: [], result: null };
const unauthorized = new WeakSet();
const NO_FUNCTION = "The script is not a function";
const MAX_LATE = 20;  // that a script called back again is noted so often

// A script is a function. It has to be one in both kinds of brackets: what closes one of them early does not close the
// other, so that nothing can stand outside the brackets in both.
function parsed(source) {
  const code = withoutSemicolon(source);
  try {
    evaluate(`throw 0;(\n${code}\n)`);
  } catch (error) {
    if (error !== 0) throw error;
  }
  return code;
}

function withoutSemicolon(source) {
  const end = /;(?:\s|;|\/\/[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*$/.exec(source);
  if (!end) return source;
  try {
    evaluate(`throw 0;(\n${source}\n)`);
  } catch (error) {
    if (error === 0) return source;  // the semicolon was in a comment
  }
  return source.slice(0, end.index);
}

function functionOf(source) {
  const values = evaluate(`[\n${parsed(source)}\n]`);
  if (values.length !== 1 || typeof values[0] !== "function") throw new TypeError(NO_FUNCTION);
  return values[0];
}

// Why a script is no function, and where; lines are those of the script, since ours begins with a line of its own.
function faultOf(source) {
  try {
    functionOf(source);
    return "null";
  } catch (error) {
    const parsing = isObject(error) && error instanceof SyntaxError;
    const message = parsing ? error.message : NO_FUNCTION;
    const place = /<input>:(\d+):(\d+)/.exec(parsing ? error.stack : "");
    const lines = source.split("\n").length;
    const line = place ? Math.min(Math.max(place[1] - 1, 1), lines) : 1;
    return `{"message":${quoted(message)},"line":${line},"column":${place ? +place[2] : 1}}`;
  }
}

function begin(message) {
  const job = parse(message);
  seed(job.random);
  run.kind = job.kind;
  run.scripts = job.scripts;
  writing.left = job.console;
  events.most = job.operations;
  if (job.kind === "check") return "";
  run.user = job.inputs.user;
  run.context = job.inputs.context;
  run.values = job.inputs.arguments;
  shown("configuration", job.configuration);
  shown("auth0", auth0Of(job.auth0));
  return "";
}

function start(index) {
  run.current = +index;
  run.settled = "";
  attempt(() => {
    const script = functionOf(run.scripts[run.current].source);
    const callback = once(run.current);
    const values = run.kind === "rules" ? [run.user, run.context, callback] : [...run.values, callback];
    const answer = apply(script, undefined, values);
    if (isObject(answer) && typeof answer.then === "function") {
      const index = run.current;
      apply(promiseThen, Promise.resolve(answer), [undefined, (error) => fail(index, error)]);
    }
  });
  return "";
}

// Do something of a script's; what it throws ends it.
function attempt(something) {
  try {
    something();
  } catch (error) {
    fail(run.current, error);
  }
}

function fail(index, error) {
  if (run.settled || index !== run.current) late(index, "threw", error);
  else run.settled = refusal(error);
}

function once(index) {
  let called = false;
  return (error, user, context) => {
    if (called || run.settled || index !== run.current) {
      late(index, "called back", error);
      return;
    }
    called = true;
    if (error) run.settled = refusal(error);
    else succeed(user, context);
  };
}

function succeed(first, second) {
  run.settled = '{"ok":true}';
  if (run.kind === "database") {
    run.result = first;
    return;
  }
  if (isObject(first) && !isList(first)) run.user = first;
  if (isObject(second) && !isList(second)) run.context = second;
}

// What a script says when it is over already changes nothing.
function late(index, what, error) {
  if (run.late++ >= MAX_LATE) return;
  run.twice += `${run.twice ? "," : ""}${index}`;
  if (error) write("warn", `${what} after the callback: ${describe(error)}`);
}

function refusal(error) {
  const kind = kindOf(error);
  const code = isObject(error) && typeof error.code === "string" ? error.code : "";
  const place = isObject(error) && typeof error.stack === "string" ? error.stack : "";
  return `{"kind":"${kind}","message":${quoted(describe(error))},"code":${quoted(code.slice(0, 100))},"detail":${quoted(place.slice(0, MAX_MESSAGE))}}`;
}

function kindOf(error) {
  if (!isObject(error)) return "error";
  if (error instanceof InternalError && error.message === "out of memory") return "memory";
  if (unauthorized.has(error) || error.name === "UnauthorizedError") return "unauthorized";
  if (run.kind === "database" && error instanceof WrongUsernameOrPasswordError) return "wrong_credentials";
  if (run.kind === "database" && error instanceof ValidationError) return "invalid";
  return "error";
}

function describe(error) {
  try {
    const said = isObject(error) && typeof error.message === "string" && error.message ? error.message : inspect(error);
    return text(said).slice(0, MAX_MESSAGE);
  } catch {
    return "an error that cannot be described";
  }
}

class UnauthorizedError extends Error {
  constructor(message) {
    super(message);
    this.name = "UnauthorizedError";
    unauthorized.add(this);
  }
}

class WrongUsernameOrPasswordError extends Error {
  constructor(name, message) {
    super(message || "Wrong email or password.");
    this.name = "WrongUsernameOrPasswordError";
    this.username_or_email = name;
  }
}

class ValidationError extends Error {
  constructor(code, message) {
    super(message || code);
    this.name = "ValidationError";
    this.code = code;
  }
}

fixed("UnauthorizedError", UnauthorizedError);
fixed("WrongUsernameOrPasswordError", WrongUsernameOrPasswordError);
fixed("ValidationError", ValidationError);
shown("global", globalThis);

function require(name) {
  const plain = text(name).replace(/^node:/, "").replace(/(?!^)@[^/]*$/, "");
  if (plain in modules) return modules[plain];
  throw coded(new Error(`Cannot find module '${name}'`), "MODULE_NOT_FOUND");
}

fixed("require", require);

function result() {
  if (run.kind === "check") return `{"ok":true,"result":${faultOf(run.scripts[0].source)}}`;
  try {
    if (run.kind === "database") return `{"ok":true,"result":${stringify(run.result === undefined ? null : run.result)}}`;
    return `{"ok":true,"result":{"user":${stringify(run.user)},"context":${stringify(run.context)}}}`;
  } catch (error) {
    return refusal(new Error(`What was called back is no JSON: ${describe(error)}`));
  }
}

// What happened since Python asked last. Everything in it is text that was made here.
function status() {
  const said = `{"settled":${run.settled || "null"},"console":[${writing.lines}],"cut":${writing.cut},"twice":[${run.twice}],"asked":[${events.asked}],"pending":${events.pending},"due":${dueIn()}}`;
  writing.lines = run.twice = events.asked = "";
  return said;
}

function idle() {
  return refusal(new Error("The script ended without calling back"));
}

const commands = { __proto__: null, begin, start, status, reply, tick, idle, result };

// A text that was put together may be a tree of its parts inside the engine, which Python is not given.
function whole(string) {
  return apply(slice, `${string} `, [0, -1]);
}

function enter(command, message) {
  return whole(commands[command](message) || "");
}
