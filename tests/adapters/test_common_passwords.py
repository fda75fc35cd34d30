"""The list of well-known passwords, and that every one of them is refused."""

import subprocess
import sys

import pytest

from chalicelib.adapters.common_passwords import common_passwords, ranked
from chalicelib.core.passwords import (
    PasswordDictionaryError,
    PasswordError,
    PasswordPolicy,
    PersonalInfo,
    check,
)


def refusal(options, password):
    """Give the error a password gets; None when it is accepted."""
    try:
        check(PasswordPolicy.from_options(options), password, PersonalInfo(), common=common_passwords, hasher=None)
    except PasswordError as error:
        return error
    return None


def test_there_are_ten_thousand_in_lower_case_and_each_is_there_once():
    passwords = ranked()

    assert len(passwords) == len(set(passwords)) == 10_000
    assert [password for password in passwords if password != password.casefold()] == []
    assert common_passwords() == set(passwords)


def test_the_most_common_come_first():
    passwords = ranked()

    assert passwords[:3] == ("123456", "password", "12345678")
    assert passwords.index("qwerty") < passwords.index("sunshine") < passwords.index("chickenwing101")


@pytest.mark.security(5)
def test_each_of_the_top_3000_is_refused_as_too_common_in_any_case():
    options = {"passwordPolicy": "none"}

    kinds = {type(refusal(options, form)) for word in ranked()[:3_000] for form in (word, word.upper(), word.title())}

    assert kinds == {PasswordDictionaryError}


@pytest.mark.security(5)
@pytest.mark.parametrize("name", ["none", "low", "fair", "good", "excellent"])
def test_each_of_the_top_3000_is_refused_with_a_reason_under_every_policy(name):
    errors = [refusal({"passwordPolicy": name}, password) for password in ranked()[:3_000]]

    assert all(error is not None and error.description for error in errors)


@pytest.mark.security(4)
def test_a_long_phrase_is_not_among_them():
    error = refusal({"passwordPolicy": "none"}, "correct horse battery staple")

    assert error is None


def test_the_library_is_not_loaded_before_a_password_is_set():
    script = "import sys, chalicelib.adapters.common_passwords; sys.exit('zxcvbn' in sys.modules)"

    finished = subprocess.run([sys.executable, "-c", script], check=False)

    assert finished.returncode == 0
