"""The query language of user search: what it understands, and that it refuses what would need a scan."""

import pytest

from chalicelib.core.errors import Invalid
from chalicelib.core.user_queries import parse
from chalicelib.core.user_walks import Term, Wanted

JANE = Term("jane", ("name",))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("name:jane*", Wanted(terms=(JANE,))),
        ("name: Jane*", Wanted(terms=(JANE,))),
        ("name:jane", Wanted(terms=(Term("jane", ("name",), whole=True),))),
        ('name:"Jane  Smith"', Wanted(terms=(Term("jane smith", ("name",), whole=True),))),
        ('name:"jane*"', Wanted(terms=(Term("jane*", ("name",), whole=True),))),
        ("name:jane\\ s*", Wanted(terms=(Term("jane s", ("name",)),))),
        ("given_name:j*", Wanted(terms=(Term("j", ("given_name",)),))),
        ("family_name:j*", Wanted(terms=(Term("j", ("family_name",)),))),
        ("nickname:j*", Wanted(terms=(Term("j", ("nickname",)),))),
        ("username:j*", Wanted(terms=(Term("j", ("username",)),))),
        ("email:jane@*", Wanted(terms=(Term("jane@", ("email",)),))),
        ('phone_number:"+4917"', Wanted(terms=(Term("+4917", ("phone_number",), whole=True),))),
        ("phone_number:+49*", Wanted(terms=(Term("+49", ("phone_number",)),))),
        ("jane*", Wanted(terms=(Term("jane"),))),
        ("jane", Wanted(terms=(Term("jane", whole=True),))),
        ('"jane smith"', Wanted(terms=(Term("jane smith", whole=True),))),
        ('email:"Jane@Example.com"', Wanted(email="Jane@Example.com")),
        ("email.raw:jane@example.com", Wanted(email="jane@example.com")),
        ('user_id:"auth0|1"', Wanted(user_id="auth0|1")),
        ('user_id:"auth0\\|1"', Wanted(user_id="auth0|1")),
        ("user_id:oidc|people:1", Wanted(user_id="oidc|people:1")),
        ('identities.connection:"people"', Wanted(connection="people")),
        ("blocked:true", Wanted(blocked=True)),
        ('blocked:"true"', Wanted(blocked=True)),
        ("logins_count:0", Wanted(pending=True)),
        ("blocked:true AND logins_count:0", Wanted(blocked=True, pending=True)),
        ("blocked:true logins_count:0", Wanted(blocked=True, pending=True)),
        ("name:jane* AND identities.connection:people", Wanted(terms=(JANE,), connection="people")),
        ("  blocked:true  AND blocked:true  ", Wanted(blocked=True)),
    ],
)
def test_a_query_is_understood(query, wanted):
    assert parse(query) == wanted


@pytest.mark.security(42)
@pytest.mark.parametrize(
    "query",
    [
        "*",
        "name:*",
        "name:*jane",
        "name:j*e",
        "name:j?ne",
        "name:jane~",
        "name:jane^2",
        "name:[a TO b]",
        "name:(jane OR joe)",
        "name:jane* OR name:joe*",
        "NOT name:jane*",
        "-name:jane*",
        "!blocked:true",
        "+name:jane*",
        "name:jane* && blocked:true",
        "name:jane* || blocked:true",
        "(name:jane*)",
        "/ja.*/",
        "blocked:false",
        "blocked:tru*",
        "logins_count:1",
        "logins_count:[0 TO 5]",
        "logins_count:>0",
        "user_id:auth0*",
        "email.raw:jane*",
        "identities.connection:peo*",
        "identities.provider:auth0",
        "email.domain:example.com",
        "user_metadata.colour:blue",
        "last_login:[2026 TO *]",
        "_exists_:email",
        "Name:jane*",
        'email:"a@b.co" AND email:"c@d.co"',
        "user_id:a user_id:b",
        "identities.connection:a identities.connection:b",
        "AND",
        "AND blocked:true",
        "blocked:true AND",
        "blocked:true AND AND logins_count:0",
        'name:"jane',
        'name:"jane"x',
        "name:",
        "name:jane\\",
        " ",
    ],
)
def test_what_no_index_answers_is_refused_with_what_is(query):
    with pytest.raises(Invalid) as refused:
        parse(query)

    assert refused.value.code == "operation_not_supported"
    assert refused.value.message.startswith("Query validation error: 'Searches by email, username, ")
