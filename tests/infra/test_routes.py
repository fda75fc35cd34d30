"""Which route a path has, as API Gateway finds it."""

from __future__ import annotations

import pytest

from infra.local.routes import Match, Routes

ROUTES = Routes(["/", "/things", "/things/first", "/things/{name}", "/things/{owner}/parts/{part}"])


@pytest.mark.parametrize(
    ("path", "route", "captured"),
    [
        ("/", "/", {}),
        ("/things", "/things", {}),
        ("/things/", "/things", {}),
        ("/things/second", "/things/{name}", {"name": "second"}),
        ("/things/auth0%7Cabc", "/things/{name}", {"name": "auth0%7Cabc"}),
        ("/things/a%2Fb", "/things/{name}", {"name": "a%2Fb"}),
        ("/things/a%2525b", "/things/{name}", {"name": "a%2525b"}),
        ("/things/a/parts/b", "/things/{owner}/parts/{part}", {"owner": "a", "part": "b"}),
    ],
)
def test_a_path_finds_its_route_and_keeps_its_encoding(path, route, captured):
    assert ROUTES.find(path) == Match(route, captured)


def test_a_name_goes_before_braces():
    assert ROUTES.find("/things/first") == Match("/things/first", {})


@pytest.mark.parametrize("mark", [";", "#"])
def test_a_mark_that_could_end_a_path_is_part_of_the_name(mark):
    found = ROUTES.find(f"/things/a{mark}b")

    assert found == Match("/things/{name}", {"name": f"a%{ord(mark):X}b"})


@pytest.mark.parametrize(
    "path",
    [
        "//things",
        "//localhost/things",
        "/things//",
        "/things//parts/b",
        "/things/a/parts/",
        "/things/a/b",
        "/Things",
        "/thing",
        "/things%2Ffirst/x/y",
        "*",
        "",
        "things",
    ],
)
def test_any_other_path_has_no_route(path):
    assert ROUTES.find(path) is None


def test_every_endpoint_of_the_product_is_found(app):
    routes = Routes(app.routes)

    found = {route: routes.find(route.replace("{", "a%7C").replace("}", "")) for route in app.routes}

    assert {route: match and match.route for route, match in found.items()} == {route: route for route in app.routes}
