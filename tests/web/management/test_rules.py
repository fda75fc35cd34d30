"""/api/v2/rules: making, reading, ordering, changing and deleting the code that runs at sign-in."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.rules import (
    MAX_ORDER,
    MAX_RULES,
    MAX_SCRIPT_BYTES,
    MAX_SCRIPTS_BYTES,
    Rule,
)
from tests.web.conftest import SCRIPT
from tests.web.management.conftest import made

PATH = "/api/v2/rules"
CALLER = Caller(tenant="main")


@pytest.fixture
def rule(api):
    """Create a rule; named, and after the last one, unless it is said otherwise."""

    def create(name="greet", **attributes):
        return made(api.post(PATH, {"name": name, "script": SCRIPT, **attributes}))

    return create


@pytest.fixture
def checked(core, app, monkeypatch):
    """The scripts that the sandbox was given to check."""
    given = []

    class Watched:
        def check(self, script):
            given.append(script)
            return core.sandbox.check(script)

    monkeypatch.setattr(app, "core", replace(core, rules=replace(core.rules, checker=Watched())))
    return given


def names(rules):
    return [rule["name"] for rule in rules]


def changed_history(api):
    return [event["type"] for event in api.get("/api/v2/logs").json if event["type"] in {"sapi", "fapi"}]


# Made


def test_a_rule_is_created_as_auth0_shows_it(api):
    answer = api.post(PATH, {"name": "greet", "script": SCRIPT})

    assert answer.status == 201
    assert answer.json == {
        "id": answer.json["id"],
        "name": "greet",
        "script": SCRIPT,
        "order": 1,
        "enabled": True,
        "stage": "login_success",
    }
    assert api.get(f"{PATH}/{answer.json['id']}").json == answer.json


def test_an_id_is_rul_and_16_characters(rule):
    prefix, _, rest = rule()["id"].partition("_")

    assert prefix == "rul"
    assert len(rest) == 16


def test_everything_that_was_sent_comes_back(api):
    body = {
        "name": "a - Z 9",
        "script": f" /* é */\n{SCRIPT}\n",
        "order": 7,
        "enabled": False,
        "stage": "login_success",
    }

    created = made(api.post(PATH, body))

    assert created == {**body, "id": created["id"]}


@pytest.mark.parametrize("order", [{}, {"order": None}])
def test_a_rule_without_an_order_comes_after_the_last(rule, order):
    first, high, last = rule("first"), rule("high", order=1_000), rule("last", **order)

    assert [first["order"], high["order"], last["order"]] == [1, 1_000, 1_001]


def test_an_order_that_is_a_whole_number_with_a_point_is_that_number(api):
    answer = api.post(PATH, b'{"name": "greet", "script": "function () {}", "order": 3.0}')

    assert answer.status == 201
    assert '"order":3,' in answer.text


@pytest.mark.parametrize("missing", ["name", "script"])
def test_name_and_script_are_required(api, missing):
    body = {"name": "greet", "script": SCRIPT}
    del body[missing]

    answer = api.post(PATH, body)

    assert answer.status == 400
    assert answer.json["message"] == f"Payload validation error: 'Missing required property: {missing}'."


@pytest.mark.parametrize(
    "field", [{"id": "rul_0123456789abcdef"}, {"stage": "pre_authorize"}, {"stage": None}, {"x": 1}]
)
def test_what_a_rule_does_not_have_or_is_not_run_at_is_refused(api, field):
    answer = api.post(PATH, {"name": "greet", "script": SCRIPT, **field})

    assert answer.status == 400
    assert answer.json["errorCode"] == "invalid_body"


# Names


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["a", "0", "Z", "a b", "a-b", "a - b", "a  b", "a" * 255])
def test_a_name_of_1_to_255_letters_digits_spaces_and_hyphens_is_accepted(rule, name):
    assert rule(name)["name"] == name


@pytest.mark.security(43)
@pytest.mark.parametrize(
    "name", ["", "a" * 256, " a", "a ", "-a", "a-", "-", "a_b", "ä", "a\n", "a\tb", "a#b", 7, None]
)
def test_another_name_is_refused(api, name):
    answer = api.post(PATH, {"name": name, "script": SCRIPT})

    assert answer.status == 400
    assert "on property name" in answer.json["message"]


def test_a_name_is_used_once(api, rule):
    rule("greet")

    answer = api.post(PATH, {"name": "greet", "script": SCRIPT})

    assert answer.json == {
        "statusCode": 409,
        "error": "Conflict",
        "message": "A rule with the same name already exists",
        "errorCode": "rule_conflict",
    }


def test_a_name_that_was_given_up_is_free(api, rule):
    first = rule("greet")
    api.patch(f"{PATH}/{first['id']}", {"name": "welcome"})

    second = rule("greet")
    api.delete(f"{PATH}/{second['id']}")

    assert api.patch(f"{PATH}/{first['id']}", {"name": "greet"}).status == 200


def test_a_rule_cannot_take_the_name_of_another(api, rule):
    rule("greet")
    other = rule("other")

    answer = api.patch(f"{PATH}/{other['id']}", {"name": "greet", "enabled": False})

    assert (answer.status, answer.json["errorCode"]) == (409, "rule_conflict")
    assert api.get(f"{PATH}/{other['id']}").json == other


# Order


@pytest.mark.security(43)
@pytest.mark.parametrize("order", [0, MAX_ORDER])
def test_an_order_from_0_to_a_thousand_million_is_accepted(rule, order):
    assert rule(order=order)["order"] == order


@pytest.mark.security(43)
@pytest.mark.parametrize("order", [-1, MAX_ORDER + 1, 1.5, "1", True, [1]])
def test_another_order_is_refused(api, rule, order):
    known = rule()

    answers = [
        api.post(PATH, {"name": "other", "script": SCRIPT, "order": order}),
        api.patch(f"{PATH}/{known['id']}", {"order": order}),
    ]

    assert [answer.status for answer in answers] == [400, 400]
    assert all("on property order" in answer.json["message"] for answer in answers)


def test_after_the_highest_order_there_is_none(api, rule):
    rule(order=MAX_ORDER)

    answer = api.post(PATH, {"name": "other", "script": SCRIPT})

    assert answer.status == 400
    assert answer.json["message"] == "Payload validation error: 'exceeds 1000000000' on property order."


def test_an_order_is_used_once(api, rule):
    first, second = rule("first", order=5), rule("second")

    answers = [
        api.post(PATH, {"name": "third", "script": SCRIPT, "order": 5}),
        api.patch(f"{PATH}/{second['id']}", {"order": 5}),
    ]

    assert [answer.status for answer in answers] == [409, 409]
    assert {answer.json["message"] for answer in answers} == {"A rule with the same order already exists"}
    assert {answer.json["errorCode"] for answer in answers} == {"rule_conflict"}
    assert api.get(PATH).json == [first, second]


def test_an_order_that_was_given_up_is_free(api, rule):
    first, second = rule("first", order=1), rule("second", order=2)

    moved = [
        api.patch(f"{PATH}/{each['id']}", {"order": order}).status
        for each, order in ((first, 3), (second, 1), (first, 2))
    ]

    assert moved == [200, 200, 200]
    assert names(api.get(PATH).json) == ["second", "first"]


# Scripts


def long(filling: str, size: int = MAX_SCRIPT_BYTES) -> str:
    """Make a script of so many bytes, most of which say nothing."""
    most = size - len(SCRIPT) - 4
    padding = filling * (most // len(filling.encode()))
    return f"/*{padding}{' ' * (most - len(padding.encode()))}*/{SCRIPT}"


@pytest.mark.security(43)
@pytest.mark.parametrize("script", [SCRIPT, long("x"), long("é"), long("\n")], ids=["short", "x", "é", "lines"])
def test_a_script_of_up_to_100_000_bytes_is_kept_as_it_is(rule, script):
    assert rule(script=script)["script"] == script


@pytest.mark.security(43)
@pytest.mark.parametrize("script", ["", "x" * (MAX_SCRIPT_BYTES + 1), "é" * (MAX_SCRIPT_BYTES // 2) + "x", None, 7])
def test_another_script_is_refused(api, rule, script):
    known = rule()

    answers = [
        api.post(PATH, {"name": "other", "script": script}),
        api.patch(f"{PATH}/{known['id']}", {"script": script}),
    ]

    assert [answer.status for answer in answers] == [400, 400]
    assert all("on property script" in answer.json["message"] for answer in answers)


def test_how_long_a_script_is_that_is_too_long_is_said(api):
    answer = api.post(PATH, {"name": "other", "script": "é" * 50_001})

    assert answer.json["message"] == (
        "Payload validation error: 'script is 100002 bytes long, the limit is 100000' on property script."
    )


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0e", "\x1b", "\x7f"])
def test_a_script_has_no_control_characters(api, character):
    answer = api.post(PATH, {"name": "greet", "script": f"// {character}"})

    assert answer.status == 400
    assert f"U+{ord(character):04X}' on property script" in answer.json["message"]


def test_white_space_of_any_kind_is_none(rule):
    script = "\t\n\v\f\r \u2028function () {}\n"

    assert rule(script=script)["script"] == script


# Checked scripts


BROKEN = "function (user, context, callback) {\n  callback(null, user, ;\n}"


def test_a_script_that_cannot_be_read_is_refused_with_line_and_column(api):
    answer = api.post(PATH, {"name": "greet", "script": BROKEN})

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert re.search(r"\(line 2, column [0-9]+\)' on property script\.$", answer.json["message"])
    assert api.get(PATH).json == []


@pytest.mark.parametrize("script", ["42", "function a() {} function b() {}", "function () {}); bad(); (function () {}"])
def test_a_script_that_is_not_one_function_is_refused(api, script):
    assert api.post(PATH, {"name": "greet", "script": script}).status == 400


def test_a_change_to_a_script_that_cannot_be_read_is_refused_and_changes_nothing(api, rule):
    known = rule()

    answer = api.patch(f"{PATH}/{known['id']}", {"script": BROKEN, "enabled": False})

    assert answer.status == 400
    assert api.get(f"{PATH}/{known['id']}").json == known


def test_modules_that_there_are_not_are_a_warning_when_a_script_is_saved_and_then_no_more(api):
    script = "function (user, context, callback) { require('left-pad'); require('fs'); require('lodash'); }"
    warnings = ["Cannot find module 'left-pad'", "Cannot find module 'fs'"]

    created = made(api.post(PATH, {"name": "greet", "script": script}))
    path = f"{PATH}/{created['id']}"
    changed = api.patch(path, {"script": script}).json

    assert (created["warnings"], changed["warnings"]) == (warnings, warnings)
    assert "warnings" not in api.get(path).json


def test_a_change_of_something_else_reads_no_script(api, rule, checked):
    known = rule()

    answer = api.patch(f"{PATH}/{known['id']}", {"enabled": False})

    assert answer.status == 200
    assert checked == [SCRIPT]


def test_a_script_that_is_too_long_is_not_even_read(api, checked):
    api.post(PATH, {"name": "greet", "script": "é" * MAX_SCRIPT_BYTES})

    assert checked == []


# Listed and read


def test_rules_are_listed_in_the_order_they_run_in(api, rule):
    for name, order in (("last", 30), ("first", 0), ("middle", 4)):
        rule(name, order=order)

    assert names(api.get(PATH).json) == ["first", "middle", "last"]


def test_rules_are_paged_and_counted(api, rule):
    for number in range(5):
        rule(f"rule {number}")

    page = api.get(PATH, query={"page": 1, "per_page": 2, "include_totals": True}).json

    assert {**page, "rules": names(page["rules"])} == {
        "start": 2,
        "limit": 2,
        "length": 2,
        "total": 5,
        "rules": ["rule 2", "rule 3"],
    }


@pytest.mark.parametrize(("enabled", "found"), [("true", ["on"]), ("false", ["off"]), (None, ["on", "off"])])
def test_rules_are_listed_by_whether_they_are_enabled(api, rule, enabled, found):
    rule("on")
    rule("off", enabled=False)

    listed = api.get(PATH, query={"enabled": enabled} if enabled else {}).json

    assert names(listed) == found


def test_fields_are_chosen_of_one_and_of_all(api, rule):
    known = rule()

    one = api.get(f"{PATH}/{known['id']}", query={"fields": "id,name"}).json
    (listed,) = api.get(PATH, query={"fields": "script,stage", "include_fields": "false"}).json

    assert one == {"id": known["id"], "name": "greet"}
    assert listed.keys() == {"id", "name", "order", "enabled"}


def test_rules_have_no_checkpoint_as_with_auth0(api):
    assert api.get(PATH, query={"take": 5}).status == 400


@pytest.mark.parametrize("method", ["get", "patch"])
def test_a_rule_that_does_not_exist_is_not_found(api, method):
    known = {"body": {"enabled": False}} if method == "patch" else {}

    answer = getattr(api, method)(f"{PATH}/rul_0123456789abcdef", **known)

    assert answer.status == 404
    assert (answer.json["message"], answer.json["errorCode"]) == ("The rule does not exist.", "inexistent_rule")


# Changed


def test_a_patch_changes_what_it_names_and_nothing_else(api, rule):
    known = rule()
    path = f"{PATH}/{known['id']}"

    changed = api.patch(path, {"script": "function () {}", "enabled": False})

    assert changed.status == 200
    assert changed.json == {**known, "script": "function () {}", "enabled": False}
    assert api.get(path).json == changed.json


def test_a_patch_of_everything_at_once_is_one_change(api, rule):
    known = rule()
    everything = {"name": "welcome", "script": "function () {}", "order": 9, "enabled": False}

    changed = api.patch(f"{PATH}/{known['id']}", everything).json

    assert changed == {**known, **everything}


@pytest.mark.parametrize("field", ["name", "script", "order", "enabled"])
def test_nothing_of_a_rule_can_be_taken_away(api, rule, field):
    answer = api.patch(f"{PATH}/{rule()['id']}", {field: None})

    assert answer.status == 400


@pytest.mark.parametrize("field", [{"stage": "login_success"}, {"id": "rul_0123456789abcdef"}])
def test_the_stage_and_the_id_never_change(api, rule, field):
    assert api.patch(f"{PATH}/{rule()['id']}", field).status == 400


def test_a_change_that_comes_between_reading_and_writing_is_kept(api, app, core, rule, interrupted, monkeypatch):
    path = f"{PATH}/{rule()['id']}"
    store = interrupted(core.rules.store, lambda: api.patch(path, {"name": "theirs"}))
    monkeypatch.setattr(app, "core", replace(core, rules=replace(core.rules, store=store)))

    changed = api.patch(path, {"enabled": False}).json

    assert (changed["name"], changed["enabled"]) == ("theirs", False)
    assert api.get(path).json == changed


# Deleted


def test_a_deleted_rule_is_gone(api, rule):
    known = rule()

    deleted = api.delete(f"{PATH}/{known['id']}")

    assert (deleted.status, deleted.text) == (204, "")
    assert api.get(f"{PATH}/{known['id']}").status == 404
    assert api.get(PATH).json == []


def test_deleting_what_does_not_exist_is_no_error(api):
    assert api.delete(f"{PATH}/rul_0123456789abcdef").status == 204


# How many


@pytest.mark.security(42, 43)
def test_a_tenant_has_a_hundred_rules_and_no_more(api, core):
    for number in range(MAX_RULES):
        core.rules.create(CALLER, {"name": f"rule {number}", "script": SCRIPT})

    answer = api.post(PATH, {"name": "one more", "script": SCRIPT})
    first = api.get(PATH).json[0]
    api.delete(f"{PATH}/{first['id']}")

    assert (answer.status, answer.json["errorCode"]) == (429, "too_many_requests")
    assert answer.json["message"] == "A tenant has at most 100 rules, with 1000000 bytes of scripts in all."
    assert api.post(PATH, {"name": "one more", "script": SCRIPT}).status == 201


@pytest.mark.security(42, 43)
def test_all_scripts_of_a_tenant_have_a_million_bytes_and_no_more(api, core):
    script = long("x")
    saved = [core.rules.create(CALLER, {"name": f"rule {n}", "script": script}) for n in range(9)]
    last = core.rules.create(CALLER, {"name": "last", "script": long("x", MAX_SCRIPT_BYTES - 100)})

    over = api.post(PATH, {"name": "more", "script": long("x", 101)})
    to_the_limit = api.patch(f"{PATH}/{last.rule.id}", {"script": script})
    past_it = api.post(PATH, {"name": "more", "script": SCRIPT})
    shorter = api.patch(f"{PATH}/{saved[0].rule.id}", {"script": long("x", MAX_SCRIPT_BYTES - 100)})

    assert 10 * MAX_SCRIPT_BYTES == MAX_SCRIPTS_BYTES
    assert [over.status, to_the_limit.status, past_it.status, shorter.status] == [429, 200, 429, 200]
    assert api.post(PATH, {"name": "more", "script": SCRIPT}).status == 201


# What a sign-in runs


def test_a_sign_in_runs_the_enabled_rules_of_its_tenant_in_order(core, rule):
    for name, order, enabled in (("second", 2, True), ("off", 1, False), ("first", 0, True)):
        rule(name, order=order, enabled=enabled)

    found = core.rules.enabled("main")

    assert [each.name for each in found] == ["first", "second"]
    assert isinstance(found[0], Rule)
    assert core.rules.enabled("acme") == ()


# History


@pytest.mark.security(40)
def test_each_change_is_an_event_that_does_not_hold_the_script(api, rule, clock):
    clock.advance(seconds=1)
    canary = "function canary() {}"
    known = rule(script=canary)
    api.patch(f"{PATH}/{known['id']}", {"script": canary + " "})
    api.post(PATH, {"name": "greet", "script": canary})
    api.delete(f"{PATH}/{known['id']}")

    events = api.get("/api/v2/logs").text

    assert changed_history(api)[:4] == ["sapi", "fapi", "sapi", "sapi"]
    assert "canary" not in events
    assert all(said in events for said in ("Create a rule", "Update a rule", "Delete a rule"))
