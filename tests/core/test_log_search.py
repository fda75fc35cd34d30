"""The query language of history: what it understands, what it means, and where it says that it does not."""

from contextlib import suppress
from datetime import UTC, datetime
from time import perf_counter

import pytest

from chalicelib.core.errors import Invalid
from chalicelib.core.log_search import FIELDS, parse
from chalicelib.core.logs import LogEvent

EVENT = LogEvent(
    log_id="17723664000000000abcdefabcdefabcdefab",
    date=datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC),
    type="fp",
    description="Wrong email or password.",
    client_id="client1",
    client_name="The Shop",
    connection="people",
    connection_id="con_1",
    user_id="auth0|65f0",
    user_name="Jane.Smith@example.com",
    ip="2001:db8::1",
    hostname="acme.example:8443",
    user_agent="Mozilla/5.0 (X11)",
    audience="https://api.example/",
    scope="openid profile",
    strategy="auth0",
    strategy_type="database",
)
EMPTY = LogEvent(log_id="1", date=EVENT.date, type="sapi", description="Create a user")


def found(query, event=EVENT):
    return parse(query).matches(event)


def refusal(query):
    with pytest.raises(Invalid) as refused:
        parse(query)
    assert refused.value.code == "invalid_query_string"
    assert refused.value.message.endswith(" on property q.")
    return refused.value.message


# Terms


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_found_by_its_whole_value(field):
    value = getattr(EVENT, field)

    assert found(f'{field}:"{value}"')
    assert not found(f'{field}:"{value}x"')
    assert not found(f'{field}:"{value[1:]}"')


@pytest.mark.parametrize(
    "query",
    [
        "type:fp",
        "type: fp",
        "  type:fp  ",
        "user_id:auth0|65f0",
        "ip:2001:db8::1",
        "hostname:acme.example:8443",
        "audience:https://api.example/",
        "user_name:Jane.Smith@example.com",
        r"client_name:The\ Shop",
        r"user_agent:Mozilla/5.0\ \(X11\)",
        'client_name:"The Shop"',
    ],
)
def test_a_value_may_stand_without_quotes_or_with_its_signs_escaped(query):
    assert found(query)


def test_a_value_in_quotes_may_hold_anything_and_its_quotes_are_escaped():
    event = LogEvent(log_id="1", date=EVENT.date, type="f", description=r'say "hi" \ (a OR b) *')

    assert found(r'description:"say \"hi\" \\ (a OR b) *"', event)


@pytest.mark.parametrize("query", ["type:FP", "user_name:jane.smith@example.com", 'client_name:"the shop"'])
def test_values_are_case_sensitive(query):
    assert not found(query)


@pytest.mark.parametrize("query", ["description:password", "client_name:Shop", "scope:openid"])
def test_a_word_of_a_value_is_not_the_value(query):
    assert not found(query)


@pytest.mark.parametrize(
    "query", ["fp", "people", '"The Shop"', "Jane*", "2001:db8::1", '"Wrong email or password."', EVENT.log_id]
)
def test_a_value_without_a_field_is_looked_for_in_the_fields_that_name_things(query):
    assert found(query)


@pytest.mark.parametrize("query", ["client1", "auth0|65f0", "con_1", "database", '"https://api.example/"'])
def test_a_value_without_a_field_is_not_looked_for_in_ids(query):
    assert not found(query)


# Wildcards


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("user_name:Jane*", True),
        ("user_name:jane*", False),
        ("user_name:*@example.com", True),
        ("user_name:*example.org", False),
        ("user_name:*Smith*", True),
        ("user_name:Jane*Smith*com", True),
        ("user_name:Jane*Smith", False),
        ("user_name:Jane*Jane*", False),
        ("type:fp*", True),
        ("type:f*p", True),
        ("type:fp*p", False),
        ("type:f*fp", False),
        ("type:*", True),
        ("type:**", True),
        (r"type:f\*", False),
        ('type:"f*"', False),
        (r"user_id:auth0\|*", True),
    ],
)
def test_a_star_stands_for_anything_unless_quoted_or_escaped(query, is_found):
    assert found(query) is is_found


def test_a_star_alone_asks_whether_there_is_a_value():
    assert found("user_id:*")
    assert not found("user_id:*", EMPTY)


def test_what_an_event_does_not_say_is_equal_to_nothing():
    assert not any(found(f"{field}:*", EMPTY) for field in set(FIELDS) - {"log_id", "type", "description"})


# Combinations


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("type:fp AND connection:people", True),
        ("type:fp AND connection:other", False),
        ("type:fp connection:people", True),
        ("type:fp connection:other", False),
        ("type:s OR type:fp", True),
        ("type:s OR type:f", False),
        ("NOT type:s", True),
        ("NOT type:fp", False),
        ("-type:fp", False),
        ("- type:s", True),
        ("NOT NOT type:fp", True),
        ("type:fp AND NOT connection:people", False),
        ("type:fp -connection:other", True),
        ("type:(s OR fp)", True),
        ("type:(s OR f)", False),
        ("type:(fp)", True),
        ("type:(NOT fp)", False),
        ("type:(f* -fp)", False),
        ("(type:s OR type:fp) AND connection:people", True),
        ("(type:s OR type:fp) AND connection:other", False),
        ("((type:fp))", True),
        ("NOT (type:s OR type:fp)", False),
        ("NOT(type:s)AND(type:fp)", True),
        ("type:fp\nAND\tconnection:people", True),
    ],
)
def test_terms_are_combined(query, is_found):
    assert found(query) is is_found


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("type:fp OR type:s AND connection:other", True),
        ("connection:other AND type:s OR type:fp", True),
        ("(type:fp OR type:s) AND connection:other", False),
        ("NOT type:s AND connection:other", False),
    ],
)
def test_and_binds_closer_than_or_and_not_closer_than_both(query, is_found):
    assert found(query) is is_found


@pytest.mark.parametrize(
    "query", ["description:ORDER", "description:ANDY", "description:NOTE", "description:or", "and"]
)
def test_a_value_may_begin_like_a_keyword(query):
    assert not found(query)


# Dates


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("date:[2026-03-01 TO 2026-03-02]", True),
        ("date:[2026-02-01 TO 2026-03-01]", False),
        ("date:[2026 TO 2027}", True),
        ("date:[2026-03 TO *]", True),
        ("date:[* TO 2026-03]", False),
        ("date:[* TO *]", True),
        ("date:[2026-03-01T12:00 TO 2026-03-01T12:01]", True),
        ("date:[2026-03-01T12:00:00.123Z TO *]", True),
        ("date:{2026-03-01T12:00:00.123Z TO *]", False),
        ("date:[* TO 2026-03-01T12:00:00.123Z]", True),
        ("date:[* TO 2026-03-01T12:00:00.123Z}", False),
        ("date:[* TO 2026-03-01T12:00:00.122999999Z]", False),
        ("date:[2026-03-01T14:00:00+02:00 TO 2026-03-01T07:01:00-05:00]", True),
        ("date:[2026-03-01T12:00:00+02:00 TO 2026-03-01T11:00:00Z]", False),
        ("date:[ 2026-03-01  TO  2026-03-02 ]", True),
        ("date:([2025 TO 2026} OR [2026 TO 2027})", True),
        ("-date:[2026-03-01 TO *]", False),
        ("date:2026-03-01T12:00:00.123Z", True),
        ('date:"2026-03-01T12:00:00.123Z"', True),
        ("date:2026-03-01", False),
    ],
)
def test_a_range_of_dates_has_its_ends_in_square_brackets_and_not_in_curly_ones(query, is_found):
    assert found(query) is is_found


@pytest.mark.parametrize(
    ("query", "window"),
    [
        ("type:fp", ("0000000000000", "9999999999999")),
        ("date:[2026-03-01 TO 2026-03-02}", ("1772323200000", "1772409600001")),
        ("type:fp AND (connection:people AND date:[2026-03-01 TO *])", ("1772323200000", "9999999999999")),
        ("date:[2026-03-01 TO *] date:[2026-02-01 TO 2026-03-02]", ("1772323200000", "1772409600001")),
        ("date:[2026-03-01 TO *] OR type:fp", ("0000000000000", "9999999999999")),
        ("NOT date:[2026-03-01 TO *]", ("0000000000000", "9999999999999")),
        ("date:[0001-01-01T00:00:00+14:00 TO 9999-12-31T23:59:59.999-12:00]", ("0000000000000", "9999999999999")),
    ],
)
def test_only_a_date_that_is_demanded_narrows_where_to_look(query, window):
    assert parse(query).window == window


@pytest.mark.parametrize(
    ("query", "user_id"),
    [
        ('user_id:"auth0|1"', "auth0|1"),
        ("user_id:auth0|1", "auth0|1"),
        ("user_id:auth0|1 type:fp", "auth0|1"),
        ("type:fp AND (user_id:auth0|1 AND ip:1.2.3.4)", "auth0|1"),
        ("user_id:auth0|1 OR type:fp", None),
        ("NOT user_id:auth0|1", None),
        ("user_id:auth0|*", None),
        ("user_id:(a OR b)", None),
        ("type:fp", None),
    ],
)
def test_only_a_whole_user_id_that_is_demanded_says_whose_history_it_is(query, user_id):
    assert parse(query).user_id == user_id


# What is not understood


@pytest.mark.parametrize(
    ("query", "what", "character"),
    [
        ("", "A term is missing: the query ends", 1),
        ("type:", "A term is missing: the query ends", 6),
        ("type:fp AND", "A term is missing: the query ends", 12),
        ("type:fp OR", "A term is missing: the query ends", 11),
        ("NOT", "A term is missing: the query ends", 4),
        ("-", "A term is missing: the query ends", 2),
        ("AND type:fp", "A term is missing: 'A' is not", 1),
        ("type:fp OR OR type:s", "A term is missing: 'O' is not", 12),
        ("type:fp AND OR type:s", "A term is missing: 'O' is not", 13),
        ("TO", "A term is missing: 'T' is not", 1),
        ("()", "A term is missing: ')' is not", 2),
        ("type:()", "A term is missing: ')' is not", 7),
        ('type:""', "A value is missing", 6),
        ("(type:fp", "This parenthesis is not closed", 1),
        ("type:(fp", "This parenthesis is not closed", 6),
        ("type:fp)", "')' is not understood here", 8),
        ('type:"fp', "This quotation is not closed", 6),
        ('type:"fp\\"', "This quotation is not closed", 6),
        ("nobody:x", "There is no field nobody; there are audience, client_id,", 1),
        ("type:fp details:x", "There is no field details;", 9),
        ("type:(user_id:x)", "Another field within type", 7),
        ("type:fp~", "'~' is not understood here", 8),
        ("type:fp^2", "'^' is not understood here", 8),
        ('type:"fp"~2', "'~' is not understood here", 10),
        ('type:f"p"', "'\"' is not understood here", 7),
        ("type:f?", "'?' is not understood here", 7),
        ("type:fp\\", "'\\\\' is not understood here", 8),
        ("+type:fp", "A term is missing: '+' is not", 1),
        ("!type:fp", "A term is missing: '!' is not", 1),
        ("type:fp && type:s", "A term is missing: '&' is not", 9),
        ("type:fp || type:s", "A term is missing: '|' is not", 9),
        ("type:/f./", "A term is missing: '/' is not", 6),
        ("type:[a TO b]", "Only date has ranges", 6),
        ("[2026 TO 2027]", "Only date has ranges", 1),
        ("date:[2026 TO", "A range is like [2026-01-01 TO 2026-01-02]", 6),
        ("date:[2026 to 2027]", "A range is like [2026-01-01 TO 2026-01-02]", 6),
        ("date:[2026]", "A range is like [2026-01-01 TO 2026-01-02]", 6),
        ("date:[2026 TO 2027]x", "'x' is not understood here", 20),
        ("date:[yesterday TO *]", "A date is like 2026-01-01", 7),
        ("date:[* TO 2026-13-01]", "A date is like 2026-01-01", 12),
        ("date:[2026-02-30 TO *]", "A date is like 2026-01-01", 7),
        ("date:[0000 TO *]", "A date is like 2026-01-01", 7),
        ("date:[2026-01-01T24:00 TO *]", "A date is like 2026-01-01", 7),
        ("date:[2026-01-01T12:00:00+99:00 TO *]", "A date is like 2026-01-01", 7),
        ("date:[\u0662\u0660\u0662\u0666 TO *]", "A date is like 2026-01-01", 7),
        ("date:2026*", "A date is like 2026-01-01", 6),
        ("date:*", "A date is like 2026-01-01", 6),
        ("date:>2026", "A date is like 2026-01-01", 6),
    ],
)
def test_what_is_not_understood_is_refused_at_its_character(query, what, character):
    message = refusal(query)

    assert f"'{what}" in message
    assert f"(character {character})'" in message


# Limits, and queries made to hurt


@pytest.mark.security(43)
def test_a_query_has_at_most_1000_characters():
    assert found("description:" + "x" * 988) is False

    assert "at most 1000 characters (character 1001)" in refusal("description:" + "x" * 989)


@pytest.mark.security(43)
def test_a_query_has_at_most_50_terms():
    assert found(" OR ".join(["type:fp"] * 50))

    assert "at most 50 terms" in refusal(" OR ".join(["type:fp"] * 51))


@pytest.mark.security(43)
@pytest.mark.parametrize(("begin", "end"), [("(", ")"), ("NOT ", ""), ("-", ""), ("NOT(", ")")])
def test_a_query_has_at_most_10_levels(begin, end):
    levels = begin.count("(") + begin.count("NOT") + begin.count("-")
    deepest = 10 // levels

    parse(begin * deepest + "type:fp" + end * deepest)

    assert "at most 10 levels" in refusal(begin * (deepest + 1) + "type:fp" + end * (deepest + 1))


@pytest.mark.security(42, 43)
@pytest.mark.parametrize(
    "sign", ["(", "-", "NOT ", '"', "\\", "[", "type:(", "AND ", "date:[", "*:", ")", "\ud800", "\x00"]
)
def test_a_thousand_characters_of_one_sign_are_refused_or_understood_at_once(sign):
    started = perf_counter()

    with suppress(Invalid):
        found((sign * 1_000)[:1_000])

    assert perf_counter() - started < 1


@pytest.mark.security(42)
def test_no_pattern_makes_a_comparison_slow():
    query = "description:" + "a*" * 490 + "b"
    event = LogEvent(log_id="1", date=EVENT.date, type="f", description="a" * 100_000)
    started = perf_counter()

    assert not found(query, event)

    assert perf_counter() - started < 1
