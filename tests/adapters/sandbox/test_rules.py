"""How rules run and end: as Auth0 ends them."""

from __future__ import annotations

import pytest

from chalicelib.core.sandbox import Finished, Refused
from tests.adapters.sandbox.conftest import PASSING, USER


def test_without_a_rule_everything_stays_as_it_is(runner):
    outcome = runner.rules(user={"a": 1}, context={"b": 2})

    assert outcome.result == {"user": {"a": 1}, "context": {"b": 2}}


def test_each_rule_sees_what_the_one_before_left(runner):
    outcome = runner.rules(
        "function (user, context, callback) { user.seen = [1]; callback(null, user, context); }",
        "function (user, context, callback) { user.seen.push(2); context.idToken.x = user.seen.length; callback(null); }",
        "(user, context, callback) => callback(null, { ...user, third: context.idToken.x })",
    )

    assert outcome.result["user"] == {**USER, "seen": [1, 2], "third": 2}
    assert outcome.result["context"]["idToken"] == {"x": 2}


@pytest.mark.parametrize("given", ["null", "undefined", "'text'", "7", "[1]", "true"])
def test_what_is_no_object_replaces_nothing(runner, given):
    outcome = runner.rules(f"function (user, context, callback) {{ callback(null, {given}, {given}); }}")

    assert outcome.result["user"] == USER


@pytest.mark.parametrize(
    "script",
    [
        PASSING,
        f"{PASSING};",
        f"{PASSING};\n// the end; really\n",
        f"/* first */ // second\n{PASSING} ; /* last; */ ;\n",
        "function named(user, context, callback) { callback(null); }",
        "async function (user, context, callback) { await 1; callback(null); }",
        "(user, context, callback) => { callback(null); };",
        "function (user, context, callback) { setTimeout(callback, 1); }",
        "function (user, context, callback) { setImmediate(callback); }",
        "function (user, context, callback) { process.nextTick(callback); }",
        "function (user, context, callback) { Promise.resolve().then(() => callback()); }",
        "\ufefffunction (user, context, callback) { callback(null); }",
        "function (user, context, callback) { undeclared = 1; callback(null); }",
        "<!-- a comment of old\nfunction (user, context, callback) { callback(null); }\n--> and another",
    ],
)
def test_a_script_is_a_function_however_it_is_written(runner, script):
    assert runner.sandbox.check(script) is None
    assert isinstance(runner.rules(script), Finished)


def test_an_unauthorized_error_refuses_with_its_message(runner):
    said = runner.refusal(PASSING, "function (u, c, callback) { callback(new UnauthorizedError('Not on Sundays')); }")

    assert said == ("unauthorized", "Not on Sundays", "rule 2")


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ("callback(new Error('broken'))", "broken"),
        ("callback('a text')", "a text"),
        ("callback({ message: 'an object' })", "an object"),
        ("callback({ a: 1 })", "{ a: 1 }"),
        ("callback(new Error())", "Error: "),
        ("throw new Error('thrown')", "thrown"),
        ("throw 'text'", "text"),
        ("null.x", "cannot read property 'x' of null"),
        ("missing()", "missing is not defined"),
        ("require('fs')", "Cannot find module 'fs'"),
        ("setTimeout(() => { throw new Error('late') }, 1)", "late"),
        ("callback(1n)", "1n"),
        ("callback(() => 1)", "[Function: (anonymous)]"),
    ],
)
def test_any_other_error_refuses_with_what_it_says(runner, ends, message):
    kind, said, script = runner.refusal(f"function (user, context, callback) {{ {ends}; }}", PASSING)

    assert (kind, script) == ("error", "rule 1")
    assert said.startswith(message)


@pytest.mark.parametrize("end", ["throw new Error('x')", "await Promise.reject(new Error('x'))"])
def test_a_promise_that_fails_refuses(runner, end):
    assert runner.refusal(f"async (user, context, callback) => {{ {end}; }}") == ("error", "x", "rule 1")


@pytest.mark.parametrize("body", ["", "return user;", "return Promise.resolve(user);", "return new Promise(() => {});"])
def test_a_rule_that_never_calls_back_is_found_at_once(runner, body):
    outcome = runner.rules(f"function (user, context, callback) {{ {body} }}")

    assert (outcome.kind, outcome.message) == ("error", "The script ended without calling back")
    assert outcome.record.milliseconds < 2_000


def test_rules_after_a_refusal_do_not_run(runner):
    outcome = runner.rules("(u, c, callback) => callback('no')", "(u, c, callback) => console.log('ran')")

    assert outcome.record.console == ()


@pytest.mark.parametrize(
    ("script", "ends"),
    [
        ("callback('denied'); callback(null);", Refused),
        ("callback(null); callback('denied');", Finished),
        ("callback(null); throw new Error('after');", Finished),
    ],
)
def test_the_first_callback_counts_and_later_ones_are_noted(runner, script, ends):
    outcome = runner.rules(f"function (user, context, callback) {{ {script} }}")

    assert isinstance(outcome, ends)
    assert outcome.record.called_twice == ("rule 1",)


def test_a_rule_that_calls_back_again_while_the_next_runs_does_not_end_that_one(runner):
    outcome = runner.rules(
        "(u, c, callback) => { setTimeout(() => callback('again'), 5); callback(null); }",
        "(u, c, callback) => setTimeout(() => callback(null, { second: true }), 20)",
    )

    assert outcome.result["user"] == {"second": True}
    assert outcome.record.called_twice == ("rule 1",)


def test_what_was_begun_before_the_callback_may_end(runner, host):
    outcome = runner.rules(
        "(u, c, callback) => { require('request').post('https://chat.example/', { json: { a: 1 } }); callback(null); }"
    )

    assert isinstance(outcome, Finished)
    assert [asked[1]["url"] for asked in host.asked] == ["https://chat.example/"]


def test_global_and_configuration_are_there_for_every_rule_of_a_sign_in(runner):
    outcome = runner.rules(
        "(u, c, callback) => { global.kept = configuration.KEY; callback(null); }",
        "(u, c, callback) => callback(null, { kept, seen: Object.keys(configuration) })",
        configuration={"KEY": "secret", "OTHER": "x"},
    )

    assert outcome.result["user"] == {"kept": "secret", "seen": ["KEY", "OTHER"]}


def test_auth0_shows_what_the_job_says_and_writes_metadata(runner, host):
    outcome = runner.rules(
        """async function (user, context, callback) {
          user.domain = auth0.domain;
          const saved = await auth0.users.updateAppMetadata(user.user_id, { plan: 'silver' });
          user.saved = saved.metadata;
          auth0.users.updateUserMetadata(user.user_id, { seen: 1 }, () => callback(null));
        }""",
        auth0={"domain": "login.example.com"},
    )

    assert (outcome.result["user"]["domain"], outcome.result["user"]["saved"]) == (
        "login.example.com",
        {"plan": "silver"},
    )
    assert host.asked == [
        ("updateAppMetadata", "auth0|1", {"plan": "silver"}),
        ("updateUserMetadata", "auth0|1", {"seen": 1}),
    ]


def test_a_write_that_is_refused_fails_its_promise(runner, host):
    host.answers["refuses"] = "The user does not exist."

    said = runner.refusal(
        "async (user, c, callback) => { await auth0.users.updateAppMetadata('x', {}); callback(null); }"
    )

    assert said == ("error", "The user does not exist.", "rule 1")


def test_values_that_json_does_not_know_are_left_out_or_refused(runner):
    kept = runner.rules("(u, c, cb) => cb(null, { f() {}, u: undefined, n: NaN, d: new Date(0), '__proto__x': 1 })")
    refused = runner.refusal("(u, c, cb) => cb(null, { big: 1n })")

    assert kept.result["user"] == {"n": None, "d": "1970-01-01T00:00:00.000Z", "__proto__x": 1}
    assert refused[0] == "error"


def test_texts_come_back_as_they_were(runner):
    text = "NUL \0, quotes '\"`, \\, \u2028, emoji 😀, half \udc00"

    outcome = runner.rules(PASSING, user={"text": text})

    assert outcome.result["user"]["text"] == text.replace("\udc00", "\ufffd")


def test_the_console_is_kept_with_its_levels(runner):
    outcome = runner.rules(
        """(user, context, callback) => {
          console.log('user %s has %d of %j', user.email, 3, { a: 1 }, [1, 'b'], null);
          console.warn({ deep: { list: [1, { x: new Error('e').message }] } });
          console.error(new TypeError('bad').message);
          console.log();
          const round = {}; round.round = round; console.log(round);
          callback(null);
        }"""
    )

    assert [(line.level, line.text) for line in outcome.record.console] == [
        ("log", 'user ann@example.com has 3 of {"a":1} [ 1, "b" ] null'),
        ("warn", '{ deep: { list: [ 1, { x: "e" } ] } }'),
        ("error", "bad"),
        ("log", ""),
        ("log", "{ round: [Circular] }"),
    ]


def test_a_database_script_gives_its_second_argument_or_its_own_kinds_of_errors(runner):
    given = runner.database("function login(email, password, callback) { callback(null, { email }); }", "a@b.c", "pw")
    nobody = runner.database("function getByEmail(email, callback) { callback(null); }", "a@b.c")
    wrong = runner.database("(e, p, callback) => callback(new WrongUsernameOrPasswordError(e))", "a@b.c", "pw")
    taken = runner.database("(user, callback) => callback(new ValidationError('user_exists', 'Taken'))", {})

    assert (given.result, nobody.result) == ({"email": "a@b.c"}, None)
    assert (wrong.kind, wrong.message) == ("wrong_credentials", "Wrong email or password.")
    assert (taken.kind, taken.code, taken.message) == ("invalid", "user_exists", "Taken")
