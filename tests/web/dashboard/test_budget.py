"""What the pages of the dashboard ask of DynamoDB, against docs/budget.md: one batch for who asks, then the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.roles import VIEWER
from tests.conftest import forget
from tests.dashboards import Desk
from tests.documents import table
from tests.web.conftest import DASHBOARD, named
from tests.web.test_budget import counting

ROWS = {row["dashboard page"]: row["asks for"] for row in table("docs/budget.md", "dashboard page", "asks for")}


def goes_to_sign_in(desk: Desk) -> Callable[[], Any]:
    desk.cookies.clear()
    return lambda: desk.get("/dashboard")


def comes_back(desk: Desk) -> Callable[[], Any]:
    """Come back from the sign-in pages with a code."""
    del desk.cookies["__Host-gatehouse-dashboard"]
    back = desk.browser.get(desk.get("/dashboard").location)
    return lambda: desk.get(back.headers["Location"].partition("gatehouse.test")[2])


def posts(desk: Desk, path: str, **form: str) -> Callable[[], Any]:
    token = desk.token
    return lambda: desk.post(path, form, token=token)


STEPS: dict[str, Callable[[Desk], Callable[[], Any]]] = {
    "GET /dashboard, with nobody signed in": goes_to_sign_in,
    "GET /dashboard/callback": comes_back,
    "GET /dashboard": lambda desk: lambda: desk.get("/dashboard"),
    "GET /dashboard/tenants": lambda desk: lambda: desk.get("/dashboard/tenants"),
    "POST /dashboard/sign-out": lambda desk: posts(desk, "/dashboard/sign-out"),
    "GET /dashboard/signed-out": lambda desk: lambda: desk.get("/dashboard/signed-out"),
    "GET /dashboard/tenants/new": lambda desk: lambda: desk.get("/dashboard/tenants/new"),
    "POST /dashboard/tenants/new": lambda desk: posts(desk, "/dashboard/tenants/new", name="newco"),
    "GET /dashboard/t/{tenant}": lambda desk: desk.get,
    "GET /dashboard/t/{tenant}/users": lambda desk: lambda: desk.get("users"),
}
"""Each prepares, and gives what is counted."""


@pytest.mark.parametrize("step", STEPS)
def test_a_page_asks_dynamodb_for_what_the_budget_says_and_no_more(owner, people, user, step):
    user("ann")
    people.let_in(owner.user_id, VIEWER, "acme")
    owner.get()  # which opens the tenant's key and fills the cache
    ask = STEPS[step](owner)
    owner.app.core.throttles.tallies.clear()  # what a busy minute costs is tested with the throttles

    with counting() as calls:
        answer = ask()

    assert answer.status in {200, 303}
    assert (", ".join(f"{count} {name}" for name, count in calls.items()) or "nothing") == ROWS[step]


def test_once_in_five_minutes_a_page_writes_that_the_session_is_used(owner, clock):
    owner.get()
    clock.advance(minutes=5)
    owner.app.core.tenants.exists("system")

    with counting() as calls:
        owner.get("/dashboard/tenants")
        owner.get("/dashboard/tenants")

    assert calls["TransactWriteItems"] == 1


def test_the_budget_has_every_page_of_the_dashboard():
    assert STEPS.keys() == ROWS.keys()
    assert {step.partition(",")[0] for step in STEPS} == {named(endpoint) for endpoint in DASHBOARD}


def test_a_process_that_has_just_begun_reads_the_configuration_once_more(owner):
    forget(owner.app.core)

    with counting() as calls:
        assert owner.get("/dashboard/tenants").status == 200

    assert calls["BatchGetItem"] == 1
