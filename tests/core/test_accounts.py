"""What people may be called, at each limit and one past it."""

from hashlib import md5

import pytest

from chalicelib.core.accounts import email_address, nickname, phone_number, picture, user_name
from chalicelib.core.errors import Invalid


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.com",
        "a@b.co",
        "ann+shop@example.com",
        "o'brien_{}|~#$%&*-/=?^`!@example.com",
        "ann.van.dyck@mail.example.co.uk",
        "dörte@müller.example",
        "用户@例え.テスト",
        "अजय@डाटा.भारत",
        "ann@ex_ample.com",
        '"ann van dyck"@example.com',
        '"ann@home"@example.com',
        r'"say \"hi\""@example.com',
        "ann@xn--mller-kva.example",
        "1@2.3",
    ],
)
def test_an_address_is_accepted_as_it_is(address):
    stored = email_address(address)

    assert stored == address


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Ann.Van.Dyck@Example.COM", "ann.van.dyck@example.com"),
        ("ÄNN@EXÄMPLE.com", "änn@exämple.com"),
        ('"Ann Van"@EXAMPLE.com', '"ann van"@example.com'),
    ],
)
def test_an_address_is_kept_in_lower_case(typed, stored):
    assert email_address(typed) == stored


@pytest.mark.security(43)
@pytest.mark.parametrize("local", ["a" * 64, "ä" * 64, '"' + "a" * 62 + '"'])
def test_64_characters_before_the_at_are_accepted(local):
    address = f"{local}@example.com"

    assert email_address(address) == address


@pytest.mark.security(43)
@pytest.mark.parametrize("local", ["a" * 65, "ä" * 65, '"' + "a" * 63 + '"'])
def test_65_characters_before_the_at_are_refused_with_both_numbers(local):
    with pytest.raises(Invalid, match=r"before the @ is 65 characters long, the limit is 64.* on property email"):
        email_address(f"{local}@example.com")


@pytest.mark.security(43)
def test_256_characters_after_the_at_are_accepted():
    address = "ann@" + "a" * 252 + ".com"

    assert email_address(address) == address


@pytest.mark.security(43)
def test_257_characters_after_the_at_are_refused_with_both_numbers():
    with pytest.raises(Invalid, match=r"after the @ is 257 characters long, the limit is 256.* on property email"):
        email_address("ann@" + "a" * 253 + ".com")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@example",
        "ann@.com",
        "ann@example..com",
        "ann@example.com.",
        "ann@-example.com",
        "ann@example-.com",
        "ann@_example.com",
        "ann@exam%ple.com",
        "ann@exam ple.com",
        "ann dyck@example.com",
        ".ann@example.com",
        "ann.@example.com",
        "an..n@example.com",
        "ann@home@example.com",
        "ann,bob@example.com",
        "ann<script>@example.com",
        '"ann@example.com',
        'ann"dyck"@example.com',
        '""@example.com',
        '"ann\n"@example.com',
        "ann@example.com\n",
        "ann\x00@example.com",
        " ann@example.com",
        "ann@[127.0.0.1]",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Invalid, match="validation for format email"):
        email_address(address)


def test_a_refused_address_is_shown_cut_short():
    with pytest.raises(Invalid) as refused:
        email_address("x" * 5_000)

    assert len(refused.value.message) < 600


@pytest.mark.parametrize("typed", ["İ" * 32 + "@example.com", "ann@İİ.com"])
def test_what_is_stored_is_an_address_that_is_accepted_again(typed):
    stored = email_address(typed)

    assert email_address(stored) == stored != typed


def test_the_limit_holds_for_what_is_stored():
    """This letter becomes two in lower case."""
    with pytest.raises(Invalid, match="before the @ is 66 characters long"):
        email_address("İ" * 33 + "@example.com")


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["a", "a" * 15, "ann_b.c-d+", "!#$'^`~@", "007"])
def test_a_user_name_of_1_to_15_characters_is_accepted(name):
    assert user_name(name, {}) == name


def test_a_user_name_is_kept_in_lower_case():
    assert user_name("AnnVanDyck", {}) == "annvandyck"


@pytest.mark.security(43)
@pytest.mark.parametrize("name", ["", "a" * 16])
def test_a_user_name_of_0_or_16_characters_is_refused_with_the_limits(name):
    with pytest.raises(Invalid, match=r"between 1 and 15 characters.* on property username"):
        user_name(name, {})


@pytest.mark.parametrize(
    "options",
    [{"validation": {"username": None}}, {"validation": None}, {"validation": {}}, {"validation": {"username": {}}}],
)
def test_a_connection_that_says_nothing_of_user_names_has_the_usual_limits(options):
    with pytest.raises(Invalid, match="between 1 and 15 characters"):
        user_name("a" * 16, options)


@pytest.mark.security(43)
@pytest.mark.parametrize(("name", "accepted"), [("ab", False), ("abc", True), ("abcdef", True), ("abcdefg", False)])
def test_a_connection_may_set_its_own_limits_for_user_names(name, accepted):
    options = {"validation": {"username": {"min": 3, "max": 6}}}

    if accepted:
        assert user_name(name, options) == name
    else:
        with pytest.raises(Invalid, match="between 3 and 6 characters"):
            user_name(name, options)


@pytest.mark.parametrize("name", ["ann dyck", "ännchen", "ann/bob", "ann\n", "ann\x00", 'ann"', "ann|bob", "ann:bob"])
def test_a_user_name_with_another_character_is_refused_with_those_it_may_have(name):
    with pytest.raises(Invalid, match="can only contain a-z, 0-9"):
        user_name(name, {})


@pytest.mark.parametrize("name", ["a@b.co", "ann@home.org"])
def test_a_user_name_that_looks_like_an_address_is_refused(name):
    with pytest.raises(Invalid, match="can't be an email"):
        user_name(name, {})


@pytest.mark.parametrize("name", ["@ann", "ann@", "ann@home"])
def test_an_at_alone_makes_no_address_of_a_user_name(name):
    assert user_name(name, {}) == name


@pytest.mark.security(43)
@pytest.mark.parametrize("number", ["+1", "+491701234567", "+" + "1" * 15])
def test_a_phone_number_of_1_to_15_digits_is_accepted(number):
    assert phone_number(number) == number


@pytest.mark.security(43)
@pytest.mark.parametrize(
    "number", ["", "+", "491701234567", "+" + "1" * 16, "+49 170", "+49-170", "+49170x", "+49\n", "+٤٩"]
)
def test_another_phone_number_is_refused_with_the_pattern(number):
    with pytest.raises(Invalid, match=r"pattern .*\{1,15\}.* on property phone_number"):
        phone_number(number)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("ann@example.com", None, None), "ann"),
        (('"ann@home"@example.com', None, None), '"ann@home"'),
        (("ann@example.com", "fietje", None), "fietje"),
        ((None, None, "+49170"), "+49170"),
        ((None, None, None), ""),
    ],
)
def test_a_nickname_is_the_user_name_or_what_is_before_the_at(names, expected):
    assert nickname(*names) == expected


def test_a_picture_is_the_gravatar_of_the_address_with_initials_behind_it():
    digest = md5(b"ann@example.com", usedforsecurity=False).hexdigest()

    url = picture("ann@example.com", "ann")

    assert url == f"https://s.gravatar.com/avatar/{digest}?s=480&r=pg&d=initials&initials=an"


@pytest.mark.parametrize(("nick", "initials"), [("Öz", "%C3%B6z"), ("&=", "%26%3D"), ("", "%3F")])
def test_initials_are_safe_in_a_url(nick, initials):
    url = picture(None, nick)

    assert url.endswith(f"&initials={initials}")
