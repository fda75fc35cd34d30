"""/api/v2/connections/{id}/clients: for which applications a connection is on."""

from dataclasses import replace

import pytest

from chalicelib.core.callers import Caller

PATH = "/api/v2/connections"


def enabled(api, connection):
    return [client["client_id"] for client in api.get(f"{PATH}/{connection['id']}/clients").json["clients"]]


def test_clients_are_turned_on_and_off(api, people):
    switches = [{"client_id": "b", "status": True}, {"client_id": "a-client", "status": False}]

    answer = api.patch(f"{PATH}/{people['id']}/clients", switches)

    assert (answer.status, answer.text) == (204, "")
    assert enabled(api, people) == ["b"]
    assert api.get(f"{PATH}/{people['id']}").json["enabled_clients"] == ["b"]


def test_turning_on_twice_or_off_what_is_off_changes_nothing(api, people):
    switches = [{"client_id": "a-client", "status": True}, {"client_id": "unknown", "status": False}]

    api.patch(f"{PATH}/{people['id']}/clients", switches)

    assert enabled(api, people) == ["a-client"]


@pytest.mark.security(43)
def test_50_clients_are_switched_at_once(api, people):
    switches = [{"client_id": f"client-{number:02}", "status": True} for number in range(50)]

    answer = api.patch(f"{PATH}/{people['id']}/clients", switches)

    assert answer.status == 204
    assert len(api.get(f"{PATH}/{people['id']}").json["enabled_clients"]) == 51


@pytest.mark.security(43)
@pytest.mark.parametrize(
    "switches",
    [
        [{"client_id": f"client-{number}", "status": True} for number in range(51)],
        [],
        {},
        [{"client_id": "b"}],
        [{"status": True}],
        [{"client_id": "", "status": True}],
        [{"client_id": "b", "status": "on"}],
        [{"client_id": "b", "status": True, "name": "B"}],
    ],
)
def test_51_clients_or_malformed_switches_are_refused_as_a_whole(api, people, switches):
    answer = api.patch(f"{PATH}/{people['id']}/clients", switches)

    assert (answer.status, answer.json["errorCode"]) == (400, "invalid_body")
    assert enabled(api, people) == ["a-client"]


@pytest.mark.security(43)
def test_a_connection_is_enabled_for_a_thousand_clients_and_no_more(api, people):
    clients = [f"client-{number:03}" for number in range(1_000)]
    api.patch(f"{PATH}/{people['id']}", {"enabled_clients": clients})

    answer = api.patch(f"{PATH}/{people['id']}/clients", [{"client_id": "one-more", "status": True}])

    assert answer.status == 400
    assert "More than 1000 clients" in answer.json["message"]


def test_enabled_clients_are_read_in_pages(api, people):
    api.patch(f"{PATH}/{people['id']}", {"enabled_clients": ["c", "a", "e", "b", "d"]})

    first = api.get(f"{PATH}/{people['id']}/clients", query={"take": 2}).json
    second = api.get(f"{PATH}/{people['id']}/clients", query={"take": 2, "from": first["next"]}).json
    third = api.get(f"{PATH}/{people['id']}/clients", query={"take": 2, "from": second["next"]}).json

    pages = [[client["client_id"] for client in page["clients"]] for page in (first, second, third)]
    assert pages == [["a", "b"], ["c", "d"], ["e"]]
    assert "next" not in third


@pytest.mark.parametrize("method", ["get", "patch"])
def test_the_clients_of_an_unknown_connection_are_not_found(api, method):
    body = {"body": [{"client_id": "b", "status": True}]} if method == "patch" else {}

    answer = getattr(api, method)(f"{PATH}/con_0000000000000000/clients", **body)

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_connection")


def test_clients_that_were_switched_meanwhile_stay_switched(api, core, people, interrupted):
    switches = [{"client_id": "b", "status": True}, {"client_id": "a-client", "status": False}]
    store = interrupted(core.connections.store, lambda: api.patch(f"{PATH}/{people['id']}/clients", switches))

    replace(core.connections, store=store).switch_clients(Caller(tenant="main"), people["id"], {"c": True})

    assert enabled(api, people) == ["b", "c"]
