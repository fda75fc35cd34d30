"""What a connection demands of a password, in the words Auth0's clients read."""

import pytest

from chalicelib.core.errors import Invalid
from chalicelib.core.passwords import (
    PasswordDictionaryError,
    PasswordError,
    PasswordHistoryError,
    PasswordNoUserInfoError,
    PasswordPolicy,
    PasswordStrengthError,
    PersonalInfo,
    check,
    encoded,
)

NOBODY = PersonalInfo()
ANN = PersonalInfo(
    name="Ann-Sofie van Dyck",
    given_name="Ann-Sofie",
    family_name="van Dyck",
    nickname="fietje",
    username="a.vandyck",
    email="asvd.work@example.com",
    user_metadata={"name": "Captain Haddock", "first": "Archibald", "last": "Thundering", "colour": "turquoise"},
)


class PlainHasher:
    """A hasher whose hashes can be read, and that counts how often it is asked."""

    def __init__(self):
        self.asked = []

    def hash(self, password):
        return f"hash of {password}"

    def verify(self, stored, password):
        self.asked.append(stored)
        return stored == self.hash(password)

    def verify_nobody(self, password):
        return False

    def outdated(self, stored):
        return False


def policy(name="none", *, dictionary=False, **options):
    return PasswordPolicy.from_options(
        {"passwordPolicy": name, "password_dictionary": {"enable": dictionary}, **options}
    )


def refusal(policy, password, personal=NOBODY, *, common=frozenset(), previous=()):
    """Give the error a password gets, or None."""
    try:
        check(policy, password, personal, common=lambda: common, hasher=PlainHasher(), previous=previous)
    except Invalid as error:
        return error
    return None


# Strength


@pytest.mark.security(1)
@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("none", "a"),
        ("none", " "),
        ("none", "é"),
        ("low", "aaaaaa"),
        ("low", "😀😀😀😀😀😀"),
        ("fair", "abcdeF12"),
        ("fair", "ABCDEf1é"),
        ("good", "abcdefG1"),
        ("good", "abcdef1!"),
        ("good", "ABCDEF1 "),
        ("good", "abcdeFG~"),
        ("good", "aA1aaaaaaaaaaaaaaa"),
        ("excellent", "abcdefghI1"),
        ("excellent", "aabbccddE1"),
        ("excellent", "aabaabaab1~"),
    ],
)
def test_a_password_at_the_limit_of_its_policy_is_accepted(name, accepted):
    demanded = policy(name)

    error = refusal(demanded, accepted)

    assert error is None


@pytest.mark.security(1)
@pytest.mark.parametrize(
    ("name", "refused", "lacking"),
    [
        ("none", "", ["nonEmpty"]),
        ("low", "aaaaa", ["lengthAtLeast"]),
        ("low", "😀😀😀😀😀", ["lengthAtLeast"]),
        ("low", "", ["lengthAtLeast"]),
        ("fair", "abcdeF1", ["lengthAtLeast"]),
        ("fair", "abcdefg1", ["shouldContain", "upperCase"]),
        ("fair", "ABCDEFG1", ["shouldContain", "lowerCase"]),
        ("fair", "abcdefGH", ["shouldContain", "numbers"]),
        ("fair", "abcdefg!", ["shouldContain", "upperCase", "numbers"]),
        ("good", "abcdeF1", ["lengthAtLeast"]),
        ("good", "abcdefgH", ["containsAtLeast", "numbers", "specialCharacters"]),
        ("good", "abcdefg1", ["containsAtLeast", "upperCase", "specialCharacters"]),
        ("good", "ABCDEFG1", ["containsAtLeast", "lowerCase", "specialCharacters"]),
        ("good", "correct horse", ["containsAtLeast", "upperCase", "numbers"]),
        ("excellent", "abcdefgH1", ["lengthAtLeast"]),
        ("excellent", "abcdefghi1", ["containsAtLeast", "upperCase", "specialCharacters"]),
        ("excellent", "aaabcdefG1", ["identicalChars"]),
        ("excellent", "abcdefG1\n\n\n", ["identicalChars"]),
        ("excellent", "abcdefG1😀😀😀", ["identicalChars"]),
    ],
)
def test_a_password_one_past_a_limit_is_refused_and_told_what_it_lacks(name, refused, lacking):
    demanded = policy(name)

    error = refusal(demanded, refused)

    assert isinstance(error, PasswordStrengthError)
    rules = [rule for top in error.description["rules"] for rule in (top, *top.get("items", []))]
    wanted = [rule["code"] for rule in rules if not rule["verified"]]
    assert [code for code in wanted if code in lacking] == lacking
    assert set(wanted) - set(lacking) <= {"specialCharacters", "lowerCase", "upperCase", "numbers"}


@pytest.mark.parametrize("letters", ["ÀÉÎÕÜ", "àéîõü", "١٢٣", "“”«»", "\x00\t\n"])
def test_only_ascii_counts_as_a_type_of_character_as_with_auth0(letters):
    error = refusal(policy("good"), f"abcdefgh{letters}")

    items = error.description["rules"][1]["items"]

    assert [item["code"] for item in items if item["verified"]] == ["lowerCase"]


@pytest.mark.parametrize("character", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
def test_every_special_character_of_owasp_counts(character):
    error = refusal(policy("good"), f"abcdefG{character}")

    assert error is None


@pytest.mark.security(4)
@pytest.mark.parametrize("name", ["none", "low"])
@pytest.mark.parametrize("password", ["correct horse battery staple", "aaaaaaaaaa", "0000000000", "пароль пароль"])
def test_none_and_low_have_no_rule_of_composition(name, password):
    demanded = policy(name, dictionary=True)

    error = refusal(demanded, password)

    assert error is None


@pytest.mark.security(2)
@pytest.mark.parametrize("name", ["none", "low", "fair", "good", "excellent"])
def test_a_password_of_a_million_characters_is_accepted(name):
    password = "aB3!" * 250_000

    error = refusal(policy(name, dictionary=True), password)

    assert error is None


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["none", "low", "good", "excellent"])
@pytest.mark.parametrize("length", [1, 4, 12, 128])
def test_min_length_takes_the_place_of_the_policys_length(name, length):
    demanded = policy(name, password_complexity_options={"min_length": length})
    at_limit = ("aB3!" * 32)[:length]

    long_enough, too_short = refusal(demanded, at_limit), refusal(demanded, at_limit[:-1])

    codes = {"lengthAtLeast", "nonEmpty"}
    assert long_enough is None or long_enough.description["rules"][0]["verified"]
    assert not too_short.description["rules"][0]["verified"]
    assert too_short.description["rules"][0]["code"] in codes


# The words of Auth0


def test_a_weak_password_is_described_rule_by_rule():
    error = refusal(policy("good"), "hello")

    description = error.description

    assert description == {
        "rules": [
            {
                "message": "At least %d characters in length",
                "format": [8],
                "code": "lengthAtLeast",
                "verified": False,
            },
            {
                "message": "Contain at least %d of the following %d types of characters:",
                "format": [3, 4],
                "code": "containsAtLeast",
                "items": [
                    {"message": "lower case letters (a-z)", "code": "lowerCase", "verified": True},
                    {"message": "upper case letters (A-Z)", "code": "upperCase", "verified": False},
                    {"message": "numbers (i.e. 0-9)", "code": "numbers", "verified": False},
                    {
                        "message": "special characters (e.g. !@#$%^&*)",
                        "code": "specialCharacters",
                        "verified": False,
                    },
                ],
                "verified": False,
            },
        ],
        "verified": False,
    }


def test_fair_and_excellent_describe_their_own_rules():
    fair = refusal(policy("fair"), "hello").description["rules"][1]
    excellent = refusal(policy("excellent"), "Hello1").description["rules"][2]

    assert (fair["message"], fair["code"], fair["verified"]) == ("Should contain:", "shouldContain", False)
    assert [item["code"] for item in fair["items"]] == ["lowerCase", "upperCase", "numbers"]
    assert excellent == {
        "message": 'No more than %d identical characters in a row (e.g., "%s" not allowed)',
        "format": [2, "aaa"],
        "code": "identicalChars",
        "verified": True,
    }


_FOUR_TYPES = [
    " * lower case letters (a-z)",
    " * upper case letters (A-Z)",
    " * numbers (i.e. 0-9)",
    " * special characters (e.g. !@#$%^&*)",
]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("none", ["* Non-empty password required"]),
        ("low", ["* At least 6 characters in length"]),
        ("fair", ["* At least 8 characters in length", "* Should contain:", *_FOUR_TYPES[:3]]),
        (
            "good",
            [
                "* At least 8 characters in length",
                "* Contain at least 3 of the following 4 types of characters:",
                *_FOUR_TYPES,
            ],
        ),
        (
            "excellent",
            [
                "* At least 10 characters in length",
                "* Contain at least 3 of the following 4 types of characters:",
                *_FOUR_TYPES,
                '* No more than 2 identical characters in a row (e.g., "aaa" not allowed)',
            ],
        ),
    ],
)
def test_a_weak_password_comes_back_with_the_whole_policy_as_text(name, lines):
    error = refusal(policy(name), "")

    text = error.policy

    assert text.split("\n") == lines


def test_every_refusal_has_auth0s_name_message_and_description():
    everything = {"password_no_personal_info": {"enable": True}, "password_history": {"enable": True, "size": 5}}
    strict = policy("low", dictionary=True, **everything)

    refusals = [
        refusal(strict, "short"),
        refusal(strict, "sunshine", common={"sunshine"}),
        refusal(strict, "my fietje", ANN),
        refusal(strict, "earlier", previous=["hash of earlier"]),
    ]

    assert [(type(error), error.name, error.message) for error in refusals] == [
        (PasswordStrengthError, "PasswordStrengthError", "PasswordStrengthError: Password is too weak"),
        (PasswordDictionaryError, "PasswordDictionaryError", "PasswordDictionaryError: Password is too common"),
        (
            PasswordNoUserInfoError,
            "PasswordNoUserInfoError",
            "PasswordNoUserInfoError: Password contains user information",
        ),
        (PasswordHistoryError, "PasswordHistoryError", "PasswordHistoryError: Password has previously been used"),
    ]
    assert {error.code for error in refusals} == {"invalid_password"}
    assert [error.description for error in refusals[1:]] == [
        "Password is not allowed, it might be too common.",
        "Password is based on user information",
        "You may not reuse any of the last 5 passwords.",
    ]


# The dictionary


@pytest.mark.security(5)
@pytest.mark.parametrize("password", ["sunshine", "SUNSHINE", "SunShine"])
def test_a_common_password_is_refused_in_any_case(password):
    demanded = policy(dictionary=True)

    error = refusal(demanded, password, common={"sunshine"})

    assert isinstance(error, PasswordDictionaryError)


@pytest.mark.security(5)
@pytest.mark.parametrize("password", ["sunshine1", " sunshine", "sunshine "])
def test_a_password_that_only_contains_a_common_one_is_accepted(password):
    demanded = policy(dictionary=True)

    error = refusal(demanded, password, common={"sunshine"})

    assert error is None


@pytest.mark.security(5)
@pytest.mark.parametrize("options", [{}, {"password_dictionary": None}, {"password_dictionary": {}}])
def test_common_passwords_are_refused_where_nobody_said_otherwise(options):
    demanded = PasswordPolicy.from_options({"passwordPolicy": "none", **options})

    error = refusal(demanded, "sunshine", common={"sunshine"})

    assert isinstance(error, PasswordDictionaryError)


def test_an_administrator_can_switch_the_dictionary_off():
    options = {"password_dictionary": {"enable": False, "dictionary": ["gatehouse"]}}
    demanded = PasswordPolicy.from_options({"passwordPolicy": "none", **options})

    errors = [refusal(demanded, word, common={"sunshine"}) for word in ("sunshine", "gatehouse")]

    assert errors == [None, None]


def test_the_list_is_not_loaded_where_it_is_switched_off():
    def common():
        pytest.fail("the list was loaded")

    check(policy(), "sunshine", NOBODY, common=common, hasher=PlainHasher())


@pytest.mark.parametrize("password", ["Gatehouse", "gateHOUSE", "STRASSE", "straße"])
def test_a_connections_own_words_are_refused_in_any_case(password):
    demanded = policy(password_dictionary={"enable": True, "dictionary": ["GateHouse", "Straße"]})

    error = refusal(demanded, password)

    assert isinstance(error, PasswordDictionaryError)


@pytest.mark.security(43)
def test_two_hundred_own_words_of_fifty_characters_are_accepted():
    words = [f"{number:050d}" for number in range(200)]

    demanded = policy(password_dictionary={"enable": True, "dictionary": words})

    assert demanded.own_words == set(words)


# The person


@pytest.mark.parametrize(
    "password",
    [
        "ann-sofie 77",
        "xxANN-SOFIExx",
        "I am VAN",
        "dyck!dyck!",
        "ann-sofie van dyck",
        "FIETJE",
        "a.VanDyck!!",
        "1asvd.work1",
        "captain of all",
        "my haddock",
        "archibald9",
        "thundering!",
    ],
)
def test_a_password_with_a_part_of_the_users_name_or_address_is_refused(password):
    demanded = policy(password_no_personal_info={"enable": True})

    error = refusal(demanded, password, ANN)

    assert isinstance(error, PasswordNoUserInfoError)


@pytest.mark.parametrize("password", ["example.com", "turquoise", "sofie", "asvd", "correct horse battery staple"])
def test_a_password_with_nothing_of_these_is_accepted(password):
    demanded = policy(password_no_personal_info={"enable": True})

    error = refusal(demanded, password, ANN)

    assert error is None


@pytest.mark.parametrize(("part", "refused"), [("Jo", False), ("Jos", True)])
def test_parts_shorter_than_three_characters_are_ignored(part, refused):
    demanded = policy(password_no_personal_info={"enable": True})

    error = refusal(demanded, f"all {part} all", PersonalInfo(name=f"{part} Li"))

    assert (error is not None) == refused


def test_a_name_that_is_an_address_does_not_forbid_its_domain():
    demanded = policy(password_no_personal_info={"enable": True})
    unnamed = PersonalInfo(name="someone@example.com", nickname="someone", email="someone@example.com")

    errors = [refusal(demanded, password, unnamed) for password in ("welcome.example", "someone else")]

    assert [type(error) for error in errors] == [type(None), PasswordNoUserInfoError]


@pytest.mark.parametrize("metadata", [{}, {"name": None}, {"first": 12345, "last": ["12345"], "name": {"12345": 1}}])
def test_metadata_that_is_no_text_is_ignored(metadata):
    demanded = policy(password_no_personal_info={"enable": True})

    error = refusal(demanded, "12345", PersonalInfo(user_metadata=metadata))

    assert error is None


def test_personal_information_is_allowed_where_the_option_is_off():
    error = refusal(policy(), "ann-sofie", ANN)

    assert error is None


# History


@pytest.mark.security(43)
@pytest.mark.parametrize("size", [1, 5, 24])
def test_as_many_earlier_passwords_as_the_option_says_are_refused(size):
    demanded = policy(password_history={"enable": True, "size": size})
    previous = [f"hash of {age}" for age in range(30)]

    last_refused, first_accepted = (
        refusal(demanded, str(size - 1), previous=previous),
        refusal(demanded, str(size), previous=previous),
    )

    assert isinstance(last_refused, PasswordHistoryError)
    assert first_accepted is None


@pytest.mark.parametrize("history", [None, {"enable": False, "size": 24}, {"enable": True, "size": 0}])
def test_without_a_history_an_earlier_password_is_accepted(history):
    demanded = policy(password_history=history)

    error = refusal(demanded, "same", previous=["hash of same"])

    assert error is None
    assert demanded.remember("newest", ["older"]) == ()


def test_the_newest_hashes_are_remembered_and_the_oldest_forgotten():
    demanded = policy(password_history={"enable": True, "size": 3})

    kept = demanded.remember("newest", ["newer", "older", "oldest"])

    assert kept == ("newest", "newer", "older")


def test_a_password_that_fails_for_another_reason_is_not_hashed():
    hasher = PlainHasher()
    demanded = policy("low", password_history={"enable": True, "size": 3})

    with pytest.raises(PasswordStrengthError):
        check(demanded, "short", NOBODY, common=frozenset, hasher=hasher, previous=["hash of short"])

    assert hasher.asked == []


# Options


@pytest.mark.security(1)
def test_a_connection_without_options_demands_good_and_eight_characters():
    demanded = PasswordPolicy.from_options({})

    errors = [refusal(demanded, password) for password in ("abcdeF1", "abcdefG1", "abcdefgh")]

    assert [error is None for error in errors] == [False, True, False]
    assert (demanded.history_size, demanded.no_personal_info, demanded.refuse_common) == (0, False, True)


def test_a_policy_of_null_is_none_as_with_auth0():
    demanded = PasswordPolicy.from_options({"passwordPolicy": None})

    error = refusal(demanded, "x")

    assert error is None


def test_a_history_without_a_size_keeps_five():
    demanded = policy(password_history={"enable": True})

    assert demanded.history_size == 5


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"passwordPolicy": "best"}, "none, low, fair, good, excellent' on property options.passwordPolicy."),
        ({"passwordPolicy": ["good"]}, "options.passwordPolicy."),
        ({"password_complexity_options": {"min_length": 0}}, "from 1 to 128"),
        ({"password_complexity_options": {"min_length": 129}}, "from 1 to 128"),
        ({"password_complexity_options": {"min_length": 8.0}}, "password_complexity_options.min_length."),
        ({"password_complexity_options": {"min_length": True}}, "password_complexity_options.min_length."),
        ({"password_complexity_options": 8}, "Expected type object"),
        ({"password_history": {"enable": True, "size": -1}}, "from 0 to 24"),
        ({"password_history": {"enable": True, "size": 25}}, "from 0 to 24"),
        ({"password_history": {"enable": False, "size": 25}}, "from 0 to 24"),
        ({"password_history": {"size": 5}}, "password_history.enable."),
        ({"password_no_personal_info": {"enable": "yes"}}, "password_no_personal_info.enable."),
        ({"password_dictionary": {"enable": 1}}, "password_dictionary.enable."),
        ({"password_dictionary": {"enable": True, "dictionary": ["word"] * 201}}, "at most 200 words"),
        ({"password_dictionary": {"enable": False, "dictionary": ["x" * 51]}}, "at most 50 characters"),
        ({"password_dictionary": {"enable": True, "dictionary": [1]}}, "at most 50 characters"),
        ({"password_dictionary": {"enable": True, "dictionary": "word"}}, "at most 200 words"),
    ],
)
def test_an_option_outside_its_limits_is_refused_with_the_limit(options, said):
    with pytest.raises(Invalid) as refused:
        PasswordPolicy.from_options(options)

    assert refused.value.message.startswith("Payload validation error: '")
    assert said in refused.value.message


# Unicode


@pytest.mark.security(3)
@pytest.mark.parametrize(
    "password", ["\x00\x00\x00\x00\x00\x00", "👩‍👩‍👧‍👦 family", "  spaces  ", "e\u0301toile", "étoile"]
)
def test_a_password_is_taken_exactly_as_typed(password):
    error = refusal(policy("low", dictionary=True), password, common={"spaces"})

    bytes_hashed = encoded(password)

    assert error is None
    assert bytes_hashed.decode() == password


@pytest.mark.security(3)
def test_composed_and_decomposed_letters_are_two_passwords():
    composed, decomposed = encoded("étoile"), encoded("e\u0301toile")

    assert composed != decomposed


@pytest.mark.parametrize("password", ["\ud800", "abc\udfffdefgh", "\udc80\ud83d"])
def test_half_a_surrogate_pair_is_refused_with_the_reason(password):
    error = refusal(policy(), password)

    assert type(error) is Invalid
    assert not isinstance(error, PasswordError)
    assert error.code == "invalid_password"
    assert "surrogate" in error.message
