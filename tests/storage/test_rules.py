"""Rules: a name and an order are used once, are free again, and what a tenant may keep is counted with each write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.core.errors import Conflict, TooMany
from chalicelib.core.rules import MAX_RULES, MAX_SCRIPTS_BYTES, NameTaken, OrderTaken, Rule
from chalicelib.storage.cache import SECONDS, Cache
from chalicelib.storage.rules import RuleStore
from tests.documents import table as documented

TENANT, ELSEWHERE = "acme", "other"


@pytest.fixture
def rules(stores):
    return stores.rules


@pytest.fixture
def rule(rules, given):
    """Write a rule; everything but its name is what a new one has unless it is said otherwise."""

    def create(name="one", /, **known):
        made = unsaved(name, **known)
        rules.create(TENANT, made, given.event())
        return replace(made, version=1)

    return create


def unsaved(name="one", /, **known):
    return Rule(**{"id": f"rul_{name}", "name": name, "script": "x", "order": 1, **known})


def tally(contents):
    return [
        (int(item["things"]["N"]), int(item["size"]["N"])) for item in contents() if item["sk"]["S"] == "RULE_TALLY"
    ]


def kinds(contents):
    """Give what lies of rules, without their history."""
    return sorted(item["sk"]["S"] for item in contents() if item["sk"]["S"].startswith("RULE"))


def test_what_was_created_is_found_and_walked(rules, rule):
    one, two = rule("one"), rule("two", order=2, script="function () {}\n", enabled=False)

    assert rules.find(TENANT, "rul_one") == one
    assert list(rules.walk(TENANT)) == [one, two]
    assert rules.find(TENANT, "rul_three") is None


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        (unsaved("two", name="one", order=2), NameTaken),
        (unsaved("two"), OrderTaken),
        (unsaved("one", name="two", order=2), Conflict),
    ],
    ids=["name", "order", "id"],
)
def test_a_name_an_order_and_an_id_are_used_once_and_a_refused_rule_leaves_nothing(
    rules, rule, given, contents, second, refusal
):
    rule("one")
    before = kinds(contents)

    with pytest.raises(refusal):
        rules.create(TENANT, second, given.event())

    assert kinds(contents) == before
    assert tally(contents) == [(1, 1)]


@pytest.mark.security(33)
def test_two_tenants_may_use_one_name_and_one_order(rules, given):
    for tenant in (TENANT, ELSEWHERE):
        rules.create(tenant, unsaved(), given.event())

    assert rules.find(TENANT, "rul_one") == rules.find(ELSEWHERE, "rul_one")


def test_a_change_takes_the_new_name_and_order_and_frees_the_old_ones(rules, rule, given, contents):
    one = rule("one")

    rules.change(TENANT, one, replace(one, name="two", order=2, script="xyz"), given.event())

    assert kinds(contents) == ["RULE#rul_one", "RULE_NAME#two", "RULE_ORDER#0000000002", "RULE_TALLY"]
    assert tally(contents) == [(1, 3)]
    assert rule("one", id="rul_three").order == 1


@pytest.mark.parametrize(("wish", "refusal"), [({"name": "two"}, NameTaken), ({"order": 2}, OrderTaken)])
def test_a_change_to_what_another_has_is_refused_and_changes_nothing(rules, rule, given, contents, wish, refusal):
    one = rule("one")
    rule("two", order=2)
    before = kinds(contents)

    with pytest.raises(refusal):
        rules.change(TENANT, one, replace(one, script="longer", **wish), given.event())

    assert rules.find(TENANT, one.id) == one
    assert (kinds(contents), tally(contents)) == (before, [(2, 2)])


def test_a_change_or_a_removal_of_an_older_version_is_refused_and_frees_nothing(rules, rule, given, contents):
    one = rule("one")
    rules.change(TENANT, one, replace(one, name="two"), given.event())
    before = kinds(contents)

    for write in (
        lambda: rules.change(TENANT, one, replace(one, name="three"), given.event()),
        lambda: rules.remove(TENANT, one, given.event()),
    ):
        with pytest.raises(Conflict) as refused:
            write()
        assert refused.value.code == "changed"

    assert (kinds(contents), tally(contents)) == (before, [(1, 1)])


def test_a_removed_rule_leaves_nothing_but_a_tally_of_none(rules, rule, given, contents):
    rules.remove(TENANT, rule("one"), given.event())

    assert kinds(contents) == ["RULE_TALLY"]
    assert tally(contents) == [(0, 0)]
    assert rule("one")


def test_the_last_order_is_the_highest_whatever_its_digits(rules, rule):
    assert rules.last_order(TENANT) == 0

    for order in (9, 1_000_000_000, 10):
        rule(f"rule {order}", order=order)

    assert rules.last_order(TENANT) == 1_000_000_000
    assert rules.last_order(ELSEWHERE) == 0


@pytest.mark.parametrize(
    ("scripts", "another"),
    [(["x"] * MAX_RULES, "x"), (["x" * (MAX_SCRIPTS_BYTES // 10)] * 10, "x")],
    ids=["rules", "bytes"],
)
def test_what_a_tenant_may_keep_is_counted_exactly(rules, rule, scripts, another):
    for number, script in enumerate(scripts):
        rule(f"rule {number}", order=number, script=script)

    with pytest.raises(TooMany):
        rule("another", order=MAX_RULES, script=another)

    assert len(list(rules.walk(TENANT))) == len(scripts)


# Recalled at a sign-in


def test_enabled_rules_are_recalled_in_order(rules, rule):
    third, first = rule("third", order=30), rule("first", order=4)
    rule("second", order=10, enabled=False)

    assert rules.recall_enabled(TENANT) == [first, third]


@pytest.mark.parametrize("has_rules", [True, False])
def test_for_five_seconds_rules_or_that_there_are_none_are_asked_for_once(rules, rule, calls, clock, has_rules):
    if has_rules:
        rule()
    rules.recall_enabled(TENANT)
    calls.clear()

    for _ in range(5):
        rules.recall_enabled(TENANT)
    clock.advance(seconds=SECONDS)
    assert calls == []
    rules.recall_enabled(TENANT)

    (row,) = documented("docs/budget.md", "rules of a sign-in", "asks for")
    assert [f"1 {call}" for call in calls] == [row["asks for"]]


def test_a_write_through_the_same_process_is_recalled_at_once(rules, rule, given):
    assert rules.recall_enabled(TENANT) == ()

    one = rule("one")
    added = rules.recall_enabled(TENANT)
    rules.change(TENANT, one, replace(one, enabled=False), given.event())

    assert (added, rules.recall_enabled(TENANT)) == ([one], ())


def test_a_write_elsewhere_is_recalled_within_seconds(rules, rule, table, clock):
    other = RuleStore(table, Cache(clock.now))
    other.recall_enabled(TENANT)
    one = rule("one")

    clock.advance(seconds=SECONDS)

    assert other.recall_enabled(TENANT) == [one]
