"""Races over rules and what only rules may know: of those who take one thing at one moment one wins.

Judged by MiniStack and DynamoDB Local, as the others are (see `test_races`).
"""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib.core.callers import Caller
from chalicelib.core.rules import MAX_RULES
from chalicelib.core.rules_configs import MAX_CONFIGS

pytestmark = pytest.mark.parametrize("stand_in", ["ministack", "dynamodb_local"], indirect=True)

SCRIPT = "function (user, context, callback) { callback(null, user, context); }"
TENANT = "acme"
CALLER = Caller(tenant=TENANT, operation="Race")
MANY = 30


@pytest.fixture
def rules(product):
    return product.rules


@pytest.fixture
def configs(product, aws):
    product.rules_configs.vault.sealer._client = aws["kms"]  # whatever the table lies on
    return product.rules_configs


def make(rules, **known):
    return rules.create(CALLER, {"name": "one", "script": SCRIPT, **known}).rule


def kept(rules):
    return list(rules.store.walk(TENANT))


def counted(contents, kind):
    (item,) = [item for item in contents() if item["sk"]["S"] == kind]
    return int(item["things"]["N"])


def test_many_creations_of_one_name_make_one_rule(rules, race, contents):
    outcome = race(*[partial(make, rules)] * MANY)

    (rule,) = outcome.won
    assert (len(outcome.refused), outcome.codes) == (MANY - 1, {"rule_conflict"})
    assert [each.id for each in kept(rules)] == [rule.id]
    assert counted(contents, "RULE_TALLY") == 1


def test_many_creations_of_one_order_make_one_rule(rules, race):
    outcome = race(*(partial(make, rules, name=f"rule {number}", order=5) for number in range(MANY)))

    (rule,) = outcome.won
    assert outcome.codes == {"rule_conflict"}
    assert [each.id for each in kept(rules)] == [rule.id]


def test_rules_that_are_made_at_one_moment_without_an_order_get_one_after_the_other(rules, race):
    outcome = race(*(partial(make, rules, name=f"rule {number}") for number in range(8)))

    assert outcome.refused == []
    assert sorted(rule.order for rule in outcome.won) == list(range(1, 9))


def test_of_two_that_are_renamed_to_one_name_one_is(rules, race):
    ids = [make(rules, name=name).id for name in ("one", "two")]

    outcome = race(*(partial(rules.update, CALLER, each, {"name": "three"}) for each in ids))

    (won,) = outcome.won
    assert outcome.codes == {"rule_conflict"}
    assert sorted(rule.name for rule in kept(rules)) == sorted(["three", "two" if won.rule.id == ids[0] else "one"])


def test_many_deletions_of_one_rule_are_one(rules, race, contents):
    rule = make(rules)

    outcome = race(*[partial(rules.delete, CALLER, rule.id)] * 8)

    assert outcome.refused == []
    assert kept(rules) == []
    assert counted(contents, "RULE_TALLY") == 0


def test_of_a_change_and_a_deletion_the_rule_is_gone_and_its_names_are_free(rules, race, contents):
    rule = make(rules)

    outcome = race(
        partial(rules.update, CALLER, rule.id, {"name": "two", "order": 7, "script": f"{SCRIPT} // longer"}),
        partial(rules.delete, CALLER, rule.id),
    )

    assert outcome.codes <= {"inexistent_rule"}
    assert [item["sk"]["S"] for item in contents() if item["sk"]["S"].startswith("RULE")] == ["RULE_TALLY"]
    assert counted(contents, "RULE_TALLY") == 0


@pytest.mark.security(42)
def test_no_number_of_creations_at_once_gets_past_the_limit(rules, race, contents):
    for number in range(MAX_RULES - 2):
        make(rules, name=f"rule {number}", order=number)

    outcome = race(*(partial(make, rules, name=f"more {number}", order=1_000 + number) for number in range(8)))

    assert (len(outcome.won), outcome.codes) == (2, {"too_many_requests"})
    assert (len(kept(rules)), counted(contents, "RULE_TALLY")) == (MAX_RULES, MAX_RULES)


def test_first_values_that_come_at_one_moment_share_one_data_key_and_all_open(configs, race, contents):
    outcome = race(*(partial(configs.set, CALLER, f"KEY_{number}", str(number)) for number in range(3)))

    assert outcome.codes <= {"changed"}
    assert len([item for item in contents() if item["sk"]["S"].startswith("DATA_KEY#")]) == 1
    opened = configs.opened(TENANT)
    assert all(key == f"KEY_{value}" for key, value in opened.items())
    assert len(opened) == len(outcome.won) == counted(contents, "RULE_CONFIG_TALLY")


def test_of_values_that_are_set_at_one_moment_under_one_key_one_stays(configs, race, contents):
    outcome = race(*(partial(configs.set, CALLER, "KEY", str(number)) for number in range(MANY)))

    assert outcome.refused == []
    assert configs.opened(TENANT)["KEY"] in {str(number) for number in range(MANY)}
    assert counted(contents, "RULE_CONFIG_TALLY") == 1


def test_setting_and_deleting_at_one_moment_keep_count(configs, race, contents):
    configs.set(CALLER, "KEY", "0")

    race(*(partial(configs.set, CALLER, "KEY", "1") for _ in range(4)), *[partial(configs.delete, CALLER, "KEY")] * 4)

    assert counted(contents, "RULE_CONFIG_TALLY") == len(configs.keys(CALLER))


@pytest.mark.security(42)
def test_no_number_of_values_at_once_gets_past_the_limit(configs, race, contents):
    for number in range(MAX_CONFIGS - 2):
        configs.set(CALLER, f"KEY_{number}", "")

    outcome = race(*(partial(configs.set, CALLER, f"MORE_{number}", "") for number in range(8)))

    assert (len(outcome.won), outcome.codes) == (2, {"too_many_requests"})
    assert counted(contents, "RULE_CONFIG_TALLY") == len(configs.keys(CALLER)) == MAX_CONFIGS
