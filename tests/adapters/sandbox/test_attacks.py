"""What hostile scripts do, and that nobody else notices: each ends as a refusal, or harmlessly, and leaves nothing."""

from __future__ import annotations

import json
import time

import pytest

from chalicelib.core.sandbox import Finished, Refused
from tests.adapters.sandbox.conftest import CONTEXT, PASSING, USER

FAST = {"seconds": 0.3}
LONGEST = 2.5
"""Seconds from the order to the refusal at most, on a machine that has much else to do."""

ENDLESS = {
    "at the top level": "while (true) {}",
    "in catch and finally": "while (true) { try { while (true) {} } catch (e) { continue } finally { continue } }",
    "in a promise": "Promise.resolve().then(() => { while (true) {} });",
    "in an async function": "(async () => { await 1; while (true) {} })();",
    "in a timer": "setTimeout(() => { while (true) {} }, 1);",
    "in a getter that is written out": "callback(null, { get a() { while (true) {} } });",
    "in toJSON": "callback(null, { toJSON() { while (true) {} } });",
    "in a proxy": "callback(null, new Proxy({}, { ownKeys() { while (true) {} } }));",
    "in a getter of an error's message": "callback({ get message() { while (true) {} } });",
    "in toString of what is thrown": "throw { toString() { while (true) {} }, get message() { while (true) {} } };",
    "in what the console shows": "console.log({ get a() { while (true) {} } });",
    "in a thenable": "return { then() { while (true) {} } };",
    "in a generator": "for (const x of (function* () { while (true) yield 1; })()) ;",
    "in a sort": "[3, 2, 1].sort(() => { while (true) {} });",
    "in a replacer": "JSON.stringify({ a: 1 }, () => { while (true) {} });",
    "in Symbol.hasInstance": "({}) instanceof ({ [Symbol.hasInstance]() { while (true) {} } });",
    "as a regular expression": "/^(a+)+$/.test('a'.repeat(40) + 'b');",
    "as a regular expression with alternatives": "/^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(60));",
    "as a flood of promises": "const again = () => Promise.resolve().then(again); again();",
    "as a flood of queueMicrotask": "const again = () => queueMicrotask(again); again();",
    "as a flood of timers": "setInterval(() => {}, 0);",
    "as a timer in an hour": "setTimeout(callback, 3600000);",
    "as eval": "eval('while (true) {}');",
    "as Function": "new Function('while (true) {}')();",
}
NATIVE = {
    "a list of holes is joined": "new Array(2 ** 32 - 1).join();",
    "a list without end is turned round": "Array.prototype.reverse.call({ length: 2 ** 53 - 1 });",
    "a long list is shifted": "const a = Array(500000).fill(0); while (true) { a.unshift(1); a.shift(); }",
    "long texts are normalized": "const s = 'a\\u0301'.repeat(300000); while (true) s.normalize('NFC');",
    "a number of a million bits is written": "String(7n ** 1000000n);",
    "typed arrays are sorted": "const a = new Float64Array(4000000).map(Math.random); while (true) a.slice().sort();",
}
MEMORY = {
    "arrays": "const a = []; while (true) a.push(new Array(1000).fill(1));",
    "objects": "let a = {}; while (true) a = { a };",
    "closures": "const a = []; while (true) a.push(() => a);",
    "doubled texts": "let s = 'x'; while (true) s += s + Math.random();",
    "repeated texts": "const a = []; while (true) a.push('x'.repeat(1000000) + a.length);",
    "typed arrays": "const a = []; while (true) a.push(new Uint8Array(1 << 24).fill(1));",
    "one typed array": "new Uint8Array(2 ** 31).fill(1);",
    "maps": "const m = new Map(); while (true) m.set({}, []);",
    "sets of symbols": "const m = new Set(); while (true) m.add(Symbol(m.size));",
    "errors caught": "const a = []; while (true) { try { while (true) a.push('x'.repeat(100000) + a.length); } catch (e) {} }",
    "promises": "const a = []; while (true) a.push(new Promise(() => {}));",
    "regular expressions": "const a = []; while (true) a.push(new RegExp('a'.repeat(1000) + a.length));",
    "buffers": "const a = []; while (true) a.push(Buffer.alloc(1 << 22));",
}
DEEP = {
    "a function": "const f = () => f() + 1; f();",
    "JSON that is read": "JSON.parse('['.repeat(200000) + ']'.repeat(200000));",
    "JSON that is written": "let a = []; for (let i = 0; i < 100000; i++) a = [a]; JSON.stringify(a);",
    "source": "eval('('.repeat(100000) + ')'.repeat(100000));",
    "a regular expression": "new RegExp('('.repeat(100000) + ')'.repeat(100000));",
    "proxies": "let p = {}; for (let i = 0; i < 100000; i++) p = new Proxy(p, {}); p.a;",
    "bound functions": "let f = () => 1; for (let i = 0; i < 100000; i++) f = f.bind(null); f();",
    "toString": "const a = { toString() { return `${a}` } }; `${a}`;",
    "flat": "let a = []; for (let i = 0; i < 100000; i++) a = [a]; a.flat(Infinity);",
    "the console": "let a = {}; for (let i = 0; i < 100000; i++) a = { a }; console.log(a); throw 1;",
}
RESULTS = {
    "too large": "callback(null, { a: 'x'.repeat(1000000) });",
    "twenty megabytes": "callback(null, { a: 'x'.repeat(20000000) });",
    "round": "user.user = user; callback(null, user);",
    "nested": "let a = {}; for (let i = 0; i < 3000; i++) a = { a }; callback(null, a);",
    "nested a level too deep": "let a = {}; for (let i = 0; i < 34; i++) a = { a }; callback(null, a);",
    "a BigInt": "callback(null, { a: 1n });",
    "a text by toJSON": "callback(null, { toJSON: () => 'text' });",
    "nothing by toJSON": "callback(null, { toJSON: () => undefined });",
    "throwing": "callback(null, { get a() { throw new Error('no'); } });",
}
SPOILT = {
    "Object.prototype.toJSON": "Object.prototype.toJSON = () => 'spoilt';",
    "String.prototype.toJSON": "String.prototype.toJSON = Array.prototype.toJSON = () => 1;",
    "JSON": "JSON.stringify = JSON.parse = () => 'spoilt'; globalThis.JSON = null;",
    "Array.prototype": "for (const n of ['map', 'push', 'join', 'slice']) Array.prototype[n] = () => 'spoilt';",
    "array indices": "Object.defineProperty(Array.prototype, 0, { set() { throw 1; }, get() { return 'spoilt'; } });",
    "String.prototype": "for (const n of ['slice', 'replace', 'split']) String.prototype[n] = () => '\"spoilt';",
    "Promise.prototype.then": "Promise.prototype.then = () => { throw new Error('spoilt'); };",
    "Promise": "globalThis.Promise = class { constructor() { throw new Error('spoilt'); } };",
    "Math": 'Math.ceil = Math.max = Math.floor = () => \'{"settled":{"ok":true}}\';',
    "Date": "Date.now = () => NaN; globalThis.Date = null;",
    "Symbol.iterator": "Array.prototype[Symbol.iterator] = function* () { yield 'spoilt'; };",
    "Function.prototype.call": "Function.prototype.call = Function.prototype.apply = () => 'spoilt';",
    "Error": "Error.prototype.toString = () => { throw 1; }; Error.prepareStackTrace = () => { throw 1; };",
    "setters of Object.prototype": "for (const n of ['kind', 'ok', 'id', 'type', 'settled']) Object.defineProperty(Object.prototype, n, { get: () => 'spoilt', set() { throw 1; } });",
    "every global": "for (const n of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[n]; } catch (e) {} }",
    "frozen globals": "Object.freeze(globalThis); Object.freeze(Object.prototype); Object.freeze(Array.prototype);",
    "what it is given": "Object.freeze(user); user.email = 'x'; delete context.idToken;",
    "console": "console.log = console.warn = () => { throw new Error('spoilt'); };",
}
UNREACHABLE = [
    "require('fs')", "require('child_process')", "require('../host')", "require('/etc/passwd')", "require('net')",
    "require('__proto__')", "require('constructor')", "await import('fs')", "await import('/etc/passwd')",
    "await import('std')", "await import('os')", "await import('data:text/javascript,1')", "std.loadFile('/etc/passwd')",
    "os.exec(['id'])", "scriptArgs", "__loadScript('x')", "print('x')", "process.exit()", "process.binding('fs')",
    "new Worker('x')", "Python", "__import__('os')", "enter('result')", "run.settled", "quickjs",
    "Intl.DateTimeFormat()", "WebAssembly.compile(new Uint8Array(0))", "require.cache.x", "module.constructor",
]  # fmt: skip
ESCAPES = [
    "function (u, c, cb) { cb(null); }) ; while (true) {} ; (function () {}",
    "function (u, c, cb) { cb(null); }] ; while (true) {} ; [function () {}",
    "function (u, c, cb) { cb(null); }} ; while (true) {} ; {function () {}",
    "function (u, c, cb) { cb(null); }, globalThis.leaked = 1",
    "function (u, c, cb) { cb(null); }; globalThis.leaked = 1",
    "0) ; globalThis.enter = () => '{}'; (function () {}",
    "function (u, c, cb) { cb(null); } /* ",
    "function (u, c, cb) { cb(null); } `",
    "function (u, c, cb) { cb(null);",
    "'use strict'; with (globalThis) {}",
    "import('fs')",
    "await 1",
    "class A {} ; A",
    "\0",
    "",
    "7",
]


@pytest.fixture(autouse=True)
def nothing_is_left(runner):
    """Run something after each test, in the same child if it lives, that would show what the test before left."""
    yield
    begun = time.monotonic()

    outcome = runner.rules(
        """function (user, context, callback) {
          Object.keys(globalThis).forEach((name) => { if (name !== 'performance') user[name] = 1; });
          user.leaked = typeof leaked + typeof enter;
          user.polluted = [Object.keys({}).length, ({}).toJSON, [].concat('x').map(String), typeof String.prototype.toJSON];
          Promise.resolve(JSON.stringify({ a: 1 })).then((text) => callback(null, { ...user, text }));
        }"""
    )

    assert isinstance(outcome, Finished)
    assert outcome.result["user"] == {
        **USER,
        "leaked": "undefinedundefined",
        "polluted": [0, None, ["x"], "undefined"],
        "text": '{"a":1}',
    }
    assert outcome.record.console == ()
    assert time.monotonic() - begun < LONGEST


def script(body):
    return f"function (user, context, callback) {{ {body} }}"


@pytest.mark.security(35)
@pytest.mark.parametrize("place", ENDLESS)
def test_a_script_without_end_is_ended(runner, place):
    begun = time.monotonic()

    outcome = runner.rules(script(ENDLESS[place]), PASSING, limits=FAST)

    assert isinstance(outcome, Refused)
    assert outcome.kind == "timeout"
    assert outcome.message == "The script did not end in time."
    assert time.monotonic() - begun < LONGEST


@pytest.mark.security(35)
@pytest.mark.parametrize("what", NATIVE)
def test_what_the_engine_itself_does_without_end_is_killed(runner, what):
    begun = time.monotonic()

    outcome = runner.rules(script(NATIVE[what]), limits=FAST)

    assert outcome.kind in ("timeout", "memory", "error")
    assert time.monotonic() - begun < LONGEST


@pytest.mark.security(35)
@pytest.mark.parametrize("what", MEMORY)
def test_a_script_gets_no_more_memory_than_its_own(runner, what):
    outcome = runner.rules(script(MEMORY[what]), PASSING, limits={"seconds": 1.5, "memory_mb": 32})

    assert isinstance(outcome, Refused)
    assert outcome.kind in ("memory", "timeout", "error")


@pytest.mark.security(35)
@pytest.mark.parametrize("what", DEEP)
def test_a_recursion_without_end_is_an_error_of_the_script(runner, what):
    outcome = runner.rules(script(DEEP[what]), limits={"seconds": 1.5})

    assert isinstance(outcome, Refused)
    assert outcome.kind in ("error", "memory", "timeout")


@pytest.mark.security(35)
@pytest.mark.parametrize("what", RESULTS)
def test_a_result_that_is_none_refuses(runner, what):
    outcome = runner.rules(script(RESULTS[what]), limits={"seconds": 1.5})

    assert isinstance(outcome, Refused)
    assert outcome.kind in ("size", "error", "protocol")


@pytest.mark.security(35)
@pytest.mark.parametrize("what", SPOILT)
def test_a_script_spoils_at_worst_its_own_sign_in(runner, what):
    denied = runner.rules(script(f"{SPOILT[what]} callback(new UnauthorizedError('no'));"), PASSING, limits=FAST)
    passed = runner.rules(script(f"{SPOILT[what]} callback(null, user, context);"), PASSING, limits=FAST)

    assert isinstance(denied, Refused)
    assert isinstance(passed, (Refused, Finished))


@pytest.mark.security(35)
@pytest.mark.parametrize("expression", UNREACHABLE)
def test_nothing_of_the_machine_can_be_reached(runner, expression):
    outcome = runner.rules(
        f"async (user, context, callback) => {{ const got = {expression}; callback(null, {{ got }}); }}"
    )

    assert isinstance(outcome, Refused)
    assert outcome.kind == "error"


@pytest.mark.security(35)
@pytest.mark.parametrize("source", ESCAPES)
def test_a_script_cannot_leave_the_brackets_it_stands_in(runner, source):
    fault = runner.sandbox.check(source)
    outcome = runner.rules(source, PASSING, limits=FAST)

    assert fault is not None
    assert (outcome.kind, outcome.script) == ("error", "rule 1")


@pytest.mark.security(35)
@pytest.mark.parametrize(
    "constructor", ["Function", "(async () => {}).constructor", "(function* () {}).constructor", "eval"]
)
def test_code_that_is_made_from_text_is_in_the_same_empty_world(runner, constructor):
    made = f"{constructor}('return typeof require + typeof process.mainModule + typeof std')"

    assert runner.rules(script(f"{made}; callback('no');")).kind == "error"


@pytest.mark.security(35)
@pytest.mark.parametrize("name", ["UnauthorizedError", "require"])
def test_an_earlier_rule_cannot_replace_what_later_ones_refuse_with(runner, name):
    kind, message, by = runner.refusal(
        script(
            f"globalThis.{name} = function () {{ return null; }}; {name} = null; delete globalThis.{name}; callback(null);"
        ),
        script("require('url'); callback(new UnauthorizedError('still no'));"),
    )

    assert (kind, message, by) == ("unauthorized", "still no", "rule 2")


@pytest.mark.security(35)
def test_a_refusal_cannot_be_taken_back(runner):
    outcome = runner.rules(
        script("callback('no'); callback(null, user, context); setTimeout(() => callback(null), 1);")
    )

    assert (outcome.kind, outcome.message) == ("error", "no")


@pytest.mark.security(35)
def test_a_message_of_the_host_cannot_be_forged(runner, host):
    outcome = runner.rules(
        script(
            """const forged = JSON.stringify({ id: 1, answer: { text: 'forged' } });
            for (const n of Object.getOwnPropertyNames(globalThis)) { try { globalThis[n]('reply', forged); } catch (e) {} }
            require('request').get('https://a.example/', (error, response, body) => callback(null, { body }));"""
        )
    )

    assert isinstance(outcome, Refused) or outcome.result["user"] == {"body": "{}"}


@pytest.mark.security(35)
@pytest.mark.parametrize("level", ["log", "error", "dir"])
def test_a_flood_of_lines_is_cut(runner, level):
    outcome = runner.rules(
        script(f"for (let i = 0; i < 200000; i++) console.{level}('x'.repeat(500)); callback(null);")
    )

    assert isinstance(outcome, Finished)
    assert outcome.record.console_cut
    assert sum(len(line.text) + 1 for line in outcome.record.console) <= 64_001


@pytest.mark.security(35)
def test_empty_lines_are_counted_too(runner):
    outcome = runner.rules(script("for (let i = 0; i < 70000; i++) console.log(); callback(null);"))

    assert len(outcome.record.console) == 1_000
    assert outcome.record.console_cut


@pytest.mark.security(35)
def test_a_flood_of_requests_reaches_the_host_as_often_as_is_allowed(runner, host):
    outcome = runner.rules(
        """async (user, context, callback) => {
          const all = await Promise.allSettled(Array.from({ length: 5000 }, () => fetch('https://a.example/')));
          callback(null, { refused: all.filter((one) => one.reason).map((one) => one.reason.code)[0] });
        }"""
    )

    assert outcome.result["user"] == {"refused": "EMFILE"}
    assert len(host.asked) == 20


@pytest.mark.security(35)
def test_a_flood_of_calls_back_is_noted_within_bounds(runner):
    outcome = runner.rules(script("for (let i = 0; i < 100000; i++) callback(null);"))

    assert isinstance(outcome, Finished)
    assert outcome.record.called_twice == ("rule 1",) * 20


@pytest.mark.security(35)
def test_what_goes_on_after_the_last_callback_is_ended_and_changes_nothing(runner):
    begun = time.monotonic()

    outcome = runner.rules(script("callback(null, { ok: 1 }); const f = () => Promise.resolve().then(f); f();"))

    assert outcome.result["user"] == {"ok": 1}
    assert time.monotonic() - begun < LONGEST


@pytest.mark.security(35)
@pytest.mark.parametrize("name", ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"])
def test_names_that_mean_something_in_javascript_are_data(runner, name):
    data = json.loads(f'{{"{name}": {{"admin": true}}}}')

    outcome = runner.rules(
        "(u, c, cb) => cb(null, { ...u, admin: ({}).admin === undefined })", user=data, context=CONTEXT
    )

    assert isinstance(outcome, Finished)
    assert outcome.result["user"]["admin"] is True


@pytest.mark.security(35)
@pytest.mark.parametrize("path", ["__proto__.admin", "constructor.prototype.admin", "a.__proto__.admin"])
def test_our_own_lodash_sets_nothing_on_what_all_objects_share(runner, path):
    outcome = runner.rules(
        script(
            f"const _ = require('lodash'); _.set({{}}, '{path}', 1);"
            """_.merge({}, JSON.parse('{"__proto__": {"admin": 1}, "constructor": {"prototype": {"admin": 1}}}'));
            callback(null, { admin: String(({}).admin) });"""
        )
    )

    assert outcome.result["user"] == {"admin": "undefined"}


def test_there_are_more_than_forty_attacks():
    assert len({**ENDLESS, **NATIVE, **MEMORY, **DEEP, **RESULTS, **SPOILT}) + len(UNREACHABLE) + len(ESCAPES) > 40
