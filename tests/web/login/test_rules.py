"""How the pages put a connection's password policy, and its refusals, into words."""

from __future__ import annotations

import pytest

from chalicelib.core import passwords
from chalicelib.core.password_strength import STRENGTHS
from chalicelib.core.passwords import PasswordError
from chalicelib.web.login.rules import password_error, password_rules
from chalicelib.web.login.texts import Text, said
from chalicelib.web.pages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("policy", STRENGTHS)
def test_every_rule_of_every_policy_has_words_with_its_numbers(policy, language):
    strength = STRENGTHS[policy]

    rules = password_rules(strength)

    words = " ".join(said(language, rule.text) for rule in rules)
    assert len(rules) == len(strength.missing("")["rules"])
    assert strength.min_length == 1 or str(strength.min_length) in words


def test_rules_are_judged_only_with_a_password():
    good = STRENGTHS["good"]

    unjudged, judged = password_rules(good), password_rules(good, "aaaaaaaa")

    assert [rule.met for rule in unjudged] == [None, None]
    assert [rule.met for rule in judged] == [True, False]
    assert [item.met for item in judged[1].items] == [True, False, False, False]


@pytest.mark.parametrize("kind", PasswordError.__subclasses__())
def test_every_refusal_of_a_password_has_words(kind):
    error = password_error(kind("why"))

    assert isinstance(error, Text)
    assert said("de", error)
    assert kind.__module__ == passwords.__name__
