// What a script waits for: timers, and replies to what it asked its host for. Lists are chained by hand, because a script
// may have changed what arrays do.

const timers = create(null);
const waiting = create(null);
const events = { timer: 0, asked: "", pending: 0, operations: 0, most: 0 };

class Timeout {
  constructor(id) {
    this.id = id;
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }

  hasRef() {
    return true;
  }

  [Symbol.toPrimitive]() {
    return this.id;
  }
}

function addTimer(run, delay, values, every) {
  if (typeof run !== "function") throw coded(new TypeError('The "callback" argument must be a function'), "ERR_INVALID_ARG_TYPE");
  const pause = delay >= 1 && delay <= 2147483647 ? +delay : 1;
  const id = ++events.timer;
  timers[id] = { run, values, due: now() + pause, every: every ? pause : 0 };
  return new Timeout(id);
}

function clear(timer) {
  if (timer !== undefined && timer !== null) delete timers[+timer];
}

// The id of the timer that is due first, or 0.
function firstTimer() {
  let first = 0;
  for (const id in timers) {
    if (!first || timers[id].due < timers[first].due) first = +id;
  }
  return first;
}

// Whole milliseconds until something is due, never negative; null when nothing is.
function dueIn() {
  const first = firstTimer();
  return first ? text(Math.ceil(Math.max(0, timers[first].due - now()))) : "null";
}

function tick() {
  const id = firstTimer();
  if (!id || timers[id].due > now()) return;
  const timer = timers[id];
  if (timer.every) timer.due = now() + timer.every;
  else delete timers[id];
  attempt(() => apply(timer.run, undefined, timer.values));
}

shown("setTimeout", (run, delay, ...values) => addTimer(run, delay, values, false));
shown("setInterval", (run, delay, ...values) => addTimer(run, delay, values, true));
shown("setImmediate", (run, ...values) => addTimer(run, 0, values, false));
shown("clearTimeout", clear);
shown("clearInterval", clear);
shown("clearImmediate", clear);

// Ask the host to do something, and promise its answer.
function ask(operation, values) {
  return new Promise((resolve, reject) => {
    if (++events.operations > events.most) {
      reject(coded(new Error(`At most ${events.most} calls are allowed`), "EMFILE"));
      return;
    }
    const id = events.operations;
    const body = stringify(values);
    if (typeof body !== "string") throw new TypeError("What is sent has to be JSON");
    const sent = `{"id":${id},"operation":${quoted(operation)},"arguments":${body}}`;
    waiting[id] = { resolve, reject };
    events.pending++;
    events.asked += `${events.asked ? "," : ""}${sent}`;
  });
}

function reply(message) {
  const said = parse(message);
  const who = waiting[said.id];
  if (!who) return;
  delete waiting[said.id];
  events.pending--;
  if (said.refused) who.reject(coded(new Error(said.refused.message), said.refused.code));
  else who.resolve(said.answer);
}
