"""Every limit of a run, at the limit and one past it."""

from __future__ import annotations

import pytest

from chalicelib.core.sandbox import (
    AFTER_CALLBACK,
    MAX_INPUT_BYTES,
    MAX_LEVELS,
    MAX_MESSAGE,
    MAX_RESULT_BYTES,
    MAX_SCRIPT_BYTES,
    Finished,
    Limits,
    Refused,
)
from tests.adapters.sandbox.conftest import PASSING


def nested(levels):
    return {"a": nested(levels - 1)} if levels > 1 else {}


def test_the_limits_of_a_run_that_says_nothing_are_ours():
    assert Limits() == Limits(seconds=5.0, memory_mb=64, console_bytes=64_000, operations=20, request_seconds=3.0)


@pytest.mark.security(43)
def test_a_script_of_the_longest_length_runs_and_a_longer_one_does_not(runner):
    longest = PASSING + " " * (MAX_SCRIPT_BYTES - len(PASSING))

    fits, exceeds = runner.rules(longest), runner.rules(longest + " ")

    assert (runner.sandbox.check(longest), isinstance(fits, Finished)) == (None, True)
    assert runner.sandbox.check(longest + " ").message == exceeds.message
    assert exceeds.message == "The script has 100,001 bytes; at most 100,000 are allowed."


@pytest.mark.security(43)
def test_bytes_of_a_script_are_counted_and_not_characters(runner):
    assert runner.sandbox.check(f"{PASSING} // {'ä' * 50_000}").message.endswith("at most 100,000 are allowed.")


@pytest.mark.security(43)
@pytest.mark.parametrize(("pause", "ends"), [(100, Finished), (900, Refused)])
def test_waiting_counts_as_time(runner, pause, ends):
    outcome = runner.rules(f"(u, c, callback) => setTimeout(callback, {pause})", limits={"seconds": 0.8})

    assert isinstance(outcome, ends)


@pytest.mark.security(43)
def test_the_time_is_for_all_rules_together(runner):
    rule = "(u, c, callback) => setTimeout(callback, 150)"

    outcome = runner.rules(rule, rule, rule, limits={"seconds": 0.4})

    assert (outcome.kind, outcome.script) == ("timeout", "rule 3")


@pytest.mark.security(43)
@pytest.mark.parametrize(("megabytes", "kind"), [(50, None), (70, "memory")])
def test_memory(runner, megabytes, kind):
    outcome = runner.rules(f"(u, c, callback) => {{ c.a = new Uint8Array({megabytes} << 20).length; callback(null); }}")

    assert getattr(outcome, "kind", None) == kind


@pytest.mark.security(43)
@pytest.mark.parametrize(("size", "cut"), [(99, False), (100, True)])
def test_bytes_of_the_console(runner, size, cut):
    script = f"(u, c, callback) => {{ console.log('x'.repeat(100)); console.log('y'.repeat({size})); callback(null); }}"

    outcome = runner.rules(script, limits={"console_bytes": 200})

    assert outcome.record.console_cut is cut


@pytest.mark.security(43)
@pytest.mark.parametrize(("lines", "cut"), [(1_000, False), (1_001, True)])
def test_lines_of_the_console(runner, lines, cut):
    outcome = runner.rules(f"(u, c, cb) => {{ for (let i = 0; i < {lines}; i++) console.log(); cb(null); }}")

    assert (len(outcome.record.console), outcome.record.console_cut) == (1_000, cut)


@pytest.mark.security(43)
@pytest.mark.parametrize(("calls", "code"), [(20, "none"), (21, "EMFILE")])
def test_operations(runner, host, calls, code):
    outcome = runner.rules(
        f"""async (user, context, callback) => {{
          let code = 'none';
          try {{ for (let i = 0; i < {calls}; i++) await fetch('https://a.example/'); }} catch (error) {{ code = error.code; }}
          callback(null, {{ code }});
        }}"""
    )

    assert outcome.result["user"] == {"code": code}
    assert len(host.asked) == 20


@pytest.mark.security(43)
@pytest.mark.parametrize(("more", "kind"), [(0, None), (1, "size")])
@pytest.mark.parametrize("letter", ["x", "ä"])
def test_bytes_of_a_result(runner, more, kind, letter):
    empty = len('{"a":""}')
    count, rest = divmod(MAX_RESULT_BYTES - empty, len(letter.encode()))

    outcome = runner.database(f"(cb) => cb(null, {{ a: '{letter}'.repeat({count}) + 'y'.repeat({rest + more}) }})")

    assert getattr(outcome, "kind", None) == kind


@pytest.mark.security(43)
@pytest.mark.parametrize(("more", "kind"), [(0, None), (1, "size")])
def test_bytes_of_the_input(runner, more, kind):
    around = len('{"arguments": [""]}{}{}')

    outcome = runner.database("(a, cb) => cb(null, a.length)", "x" * (MAX_INPUT_BYTES - around + more))

    assert getattr(outcome, "kind", None) == kind


@pytest.mark.security(43)
@pytest.mark.parametrize(("levels", "kind"), [(MAX_LEVELS, None), (MAX_LEVELS + 1, "size")])
def test_levels_of_a_result(runner, levels, kind):
    rules = runner.rules(PASSING, user=nested(levels))
    database = runner.database("(a, callback) => callback(null, a)", nested(levels))

    assert getattr(rules, "kind", None) == getattr(database, "kind", None) == kind


@pytest.mark.security(43)
@pytest.mark.parametrize("more", [0, 1])
def test_characters_of_a_message(runner, more):
    _, message, _ = runner.refusal(f"(u, c, callback) => callback('x'.repeat({MAX_MESSAGE + more}))")

    assert message == "x" * MAX_MESSAGE


@pytest.mark.security(43)
@pytest.mark.parametrize(("pause", "sent"), [(0.1, 1), (AFTER_CALLBACK + 0.4, 0)])
def test_what_is_begun_before_the_callback_has_half_a_second(runner, host, pause, sent):
    script = f"(u, c, callback) => {{ setTimeout(() => fetch('https://a.example/'), {pause * 1000}); callback(null); }}"

    outcome = runner.rules(script)

    assert isinstance(outcome, Finished)
    assert len(host.asked) == sent


@pytest.mark.security(43)
def test_a_request_gets_three_seconds_less_if_it_asks_for_less_or_less_is_left(runner, host):
    asking = "await require('axios').get('https://a.example/', { timeout: %s });"

    runner.rules(f"async (u, c, cb) => {{ {asking % 0} {asking % 500} {asking % 9000} cb(null); }}")
    runner.rules(f"async (u, c, cb) => {{ {asking % 0} cb(null); }}", limits={"seconds": 0.8})

    assert host.seconds[:3] == [3.0, 0.5, 3.0]
    assert 0 < host.seconds[3] <= 0.8
