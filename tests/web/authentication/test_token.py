"""/oauth/token: a client proves itself and gets a token in its own name, for what it was granted and no more."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from infra.local.gateway import Gateway
from infra.local.messages import Request
from tests.conftest import START, Api

NOW = int(START.timestamp())
ORDERS = "https://orders.example/"
UNAUTHORIZED = {"error": "access_denied", "error_description": "Unauthorized"}


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def test_a_client_gets_a_token_for_what_it_was_granted(machine):
    answer = machine.ask()

    assert answer.status == 200
    assert list(answer.json) == ["access_token", "scope", "expires_in", "token_type"]
    assert answer.json["scope"] == "read:orders write:orders"
    assert (answer.json["expires_in"], answer.json["token_type"]) == (86_400, "Bearer")
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_token_says_who_it_is_for_as_auth0s_do(machine):
    assert machine.claims() == {
        "iss": "https://gatehouse.test/",
        "sub": f"{machine.client_id}@clients",
        "aud": ORDERS,
        "iat": NOW,
        "exp": NOW + 86_400,
        "scope": "read:orders write:orders",
        "gty": "client-credentials",
        "azp": machine.client_id,
    }


def test_a_form_is_answered_like_json(machine):
    for content_type in ("application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded; charset=UTF-8"):
        assert machine.ask(form=True, headers={"Content-Type": content_type}).status == 200


@pytest.mark.parametrize("form", [True, False])
def test_a_client_may_prove_itself_in_the_header(machine, form):
    header = {"Authorization": basic(machine.client_id, machine.client_secret)}

    alone = machine.ask(form=form, client_id=None, client_secret=None, headers=header)
    named = machine.ask(form=form, client_secret=None, headers=header)

    assert (alone.status, named.status) == (200, 200)


def test_both_parts_of_the_header_may_be_percent_encoded(machine):
    encoded = ("".join(f"%{ord(letter):02X}" for letter in part) for part in (machine.client_id, machine.client_secret))

    answer = machine.ask(client_id=None, client_secret=None, headers={"Authorization": basic(*encoded)})

    assert answer.status == 200


def test_the_word_basic_may_be_in_any_case(machine):
    header = basic(machine.client_id, machine.client_secret).replace("Basic", "bAsIC")

    assert machine.ask(client_id=None, client_secret=None, headers={"Authorization": header}).status == 200


def test_two_headers_of_proof_are_refused_though_both_are_good(machine):
    proof = ("Authorization", basic(machine.client_id, machine.client_secret))
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    raw = f"grant_type=client_credentials&audience={quote(ORDERS)}".encode()

    once, twice = (
        Gateway(machine.api.app).answer(
            Request("POST", "/oauth/token", [("Host", "gatehouse.test"), kind, *[proof] * times], raw)
        )
        for times in (1, 2)
    )

    assert (once.status, twice.status) == (200, 400)
    assert json.loads(twice.body)["error"] == "invalid_request"


@pytest.mark.parametrize("changed", [{}, {"client_id": None}, {"client_secret": "", "client_id": None}])
def test_two_ways_of_proof_at_once_are_refused(machine, changed):
    header = {"Authorization": basic(machine.client_id, machine.client_secret)}

    answer = machine.ask(headers=header, **changed)

    assert answer.status == 400
    assert answer.json["error"] == "invalid_request"


def test_a_client_named_in_the_body_is_the_one_in_the_header(machine):
    header = {"Authorization": basic(machine.client_id, machine.client_secret)}

    answer = machine.ask(client_id="another", client_secret=None, headers=header)

    assert answer.status == 400
    assert answer.json["error"] == "invalid_request"


@pytest.mark.parametrize(
    "encoded", ["", "!", "YQ", "YQ==", "Og", "/////w==", "YTpi YTpi", "\N{GRINNING FACE}", "%3A", "YTpi\x00"]
)
def test_a_header_that_cannot_be_read_is_refused(machine, encoded):
    answer = machine.ask(client_id=None, client_secret=None, headers={"Authorization": f"Basic {encoded}"})

    assert answer.status == 400
    assert answer.json["error"] == "invalid_request"


@pytest.mark.security(7, 32)
def test_an_unknown_client_and_a_wrong_secret_are_answered_alike(machine):
    known, unknown = machine.ask(client_secret="wrong"), machine.ask(client_id="f" * 32, client_secret="wrong")

    assert (known.status, known.json) == (401, UNAUTHORIZED)
    assert (unknown.status, unknown.text, dict(unknown.headers)) == (known.status, known.text, dict(known.headers))


@pytest.mark.security(32)
@pytest.mark.parametrize("form", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda secret: secret[:-1],
        lambda secret: secret + "x",
        lambda secret: f" {secret}",
        lambda secret: secret + "\n",
        lambda secret: secret.swapcase(),
        lambda secret: secret + "\x00",
        lambda secret: "",
        lambda secret: None,
        lambda secret: "null",
        lambda secret: "\N{GRINNING FACE}",
    ],
)
def test_a_secret_that_is_not_exactly_the_clients_is_refused(machine, form, wrong):
    answer = machine.ask(form=form, client_secret=wrong(machine.client_secret))

    assert (answer.status, answer.json) == (401, UNAUTHORIZED)


@pytest.mark.parametrize("client_id", ["\x00", "f" * 32, "\N{GRINNING FACE}" * 255, "T#main", "null", "../x", " "])
@pytest.mark.parametrize("form", [True, False])
def test_a_client_that_does_not_exist_is_refused_whatever_it_is_called(machine, form, client_id):
    answer = machine.ask(form=form, client_id=client_id)

    assert (answer.status, answer.json) == (401, UNAUTHORIZED)


def test_a_client_must_be_named(machine):
    missing, empty = machine.ask(client_id=None), machine.ask(client_id="")

    assert [missing.status, empty.status] == [400, 400]
    assert missing.json["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("tried", "challenge"), [("Basic", 'Basic realm="clients"'), ("Bearer", "Bearer"), ("", "Bearer")]
)
def test_a_refused_client_is_told_the_scheme_it_tried(machine, tried, challenge):
    header = {"Authorization": f"{tried} {base64.b64encode(b'nobody:x').decode()}" if tried else ""}

    answer = machine.ask(client_id=None if tried == "Basic" else "nobody", client_secret=None, headers=header)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, challenge)


@pytest.mark.security(33)
def test_a_client_of_another_tenant_is_unknown_here(machine, acme):
    elsewhere = Api(machine.api.app, "acme")
    asked = {"grant_type": "client_credentials", "client_id": machine.client_id, "client_secret": machine.client_secret}

    answer = elsewhere.post("/oauth/token", {**asked, "audience": "https://acme.gatehouse.test/api/v2/"})

    assert (answer.status, answer.json) == (401, UNAUTHORIZED)


@pytest.mark.parametrize("change", [{"grant_types": []}, {"grant_types": ["authorization_code", "refresh_token"]}])
def test_a_client_that_may_not_use_the_grant_is_refused(machine, change):
    machine.api.patch(f"/api/v2/clients/{machine.client_id}", change)

    answer = machine.ask()

    assert answer.status == 403
    assert answer.json == {
        "error": "unauthorized_client",
        "error_description": "Grant type 'client_credentials' not allowed for the client.",
    }


def test_a_public_client_is_refused_though_it_knows_its_secret(machine):
    machine.api.patch(f"/api/v2/clients/{machine.client_id}", {"token_endpoint_auth_method": "none"})

    answer = machine.ask()

    assert (answer.status, answer.json["error"]) == (403, "unauthorized_client")


@pytest.mark.parametrize("scope", [None, "", "  "])
def test_a_client_that_asks_for_no_scope_gets_all_it_was_granted(machine, scope):
    assert machine.claims(scope=scope)["scope"] == "read:orders write:orders"


@pytest.mark.parametrize("scope", ["write:orders", " write:orders ", "write:orders read:orders"])
def test_a_client_may_ask_for_less_than_it_was_granted(machine, scope):
    answer = machine.ask(scope=scope)

    assert set(answer.json["scope"].split()) == set(scope.split())
    assert machine.claims(scope=scope)["scope"] == answer.json["scope"]


@pytest.mark.parametrize(
    "scope", ["delete:orders", "read:orders delete:orders", "READ:orders", "openid", "read:users", "*"]
)
def test_a_client_that_asks_for_more_than_it_was_granted_gets_nothing(machine, scope):
    answer = machine.ask(scope=scope)

    assert (answer.status, answer.json["error"]) == (403, "access_denied")
    assert "access_token" not in answer.json


def test_a_grant_without_scopes_gives_a_token_without_scopes(machine):
    machine.api.patch(f"/api/v2/client-grants/{machine.grant_id}", {"scope": []})

    answer = machine.ask()

    assert answer.json["scope"] == ""
    assert "scope" not in machine.claims()


@pytest.mark.parametrize(
    "audience", ["https://nobody.example/", "https://orders.example", "HTTPS://ORDERS.EXAMPLE/", "null", "\x00"]
)
def test_an_api_that_does_not_exist_is_refused(machine, audience):
    answer = machine.ask(audience=audience)

    assert answer.status == 403
    assert answer.json == {"error": "access_denied", "error_description": f"Service not found: {audience}"}


@pytest.mark.security(33)
def test_an_api_of_another_tenant_does_not_exist_here(machine, acme):
    acme.post("/api/v2/resource-servers", {"identifier": "https://acme.example/"})

    foreign, unknown = (machine.ask(audience=f"https://{name}.example/") for name in ("acme", "nobody"))

    assert (foreign.status, foreign.text) == (unknown.status, unknown.text.replace("nobody", "acme"))


@pytest.mark.parametrize("audience", ["https://gatehouse.test/api/v2/", "https://stock.example/"])
def test_an_api_that_the_client_has_no_grant_for_is_refused(machine, audience):
    machine.api.post("/api/v2/resource-servers", {"identifier": "https://stock.example/"})

    answer = machine.ask(audience=audience)

    assert (answer.status, answer.json["error"]) == (403, "access_denied")
    assert answer.json["error_description"].startswith(f'Client is not authorized to access "{audience}".')


def test_without_an_audience_it_is_the_tenants_default(machine):
    before = machine.ask(audience=None)

    machine.api.patch("/api/v2/tenants/settings", {"default_audience": ORDERS})

    assert (before.status, before.json["error"]) == (403, "access_denied")
    assert machine.claims(audience=None)["aud"] == ORDERS
    assert machine.ask(audience="").status == 200


@pytest.mark.parametrize("lifetime", [1, 60, 2_592_000])
def test_a_token_lives_as_long_as_its_api_says(machine, lifetime):
    change = {"token_lifetime": lifetime, "token_lifetime_for_web": 1}
    machine.api.patch(f"/api/v2/resource-servers/{machine.server_id}", change)

    claims = machine.claims()

    assert claims["exp"] - claims["iat"] == lifetime
    assert machine.ask().json["expires_in"] == lifetime


def test_a_token_for_the_management_api_opens_what_was_granted(machine):
    audience = "https://gatehouse.test/api/v2/"
    permission = {"client_id": machine.client_id, "audience": audience, "scope": ["read:clients"]}
    machine.api.post("/api/v2/client-grants", permission)

    token = machine.ask(audience=audience).json["access_token"]

    assert machine.api.get("/api/v2/clients", token=token).status == 200
    assert machine.api.get("/api/v2/users", token=token).status == 403


def test_a_deleted_client_gets_no_token(machine):
    machine.api.delete(f"/api/v2/clients/{machine.client_id}")

    answer = machine.ask()

    assert (answer.status, answer.json) == (401, UNAUTHORIZED)


def test_a_client_whose_grant_was_taken_away_gets_no_token(machine):
    machine.api.delete(f"/api/v2/client-grants/{machine.grant_id}")

    assert machine.ask().json["error"] == "access_denied"


def test_a_grant_for_a_deleted_api_is_not_one_for_its_successor(machine, clock):
    machine.api.delete(f"/api/v2/resource-servers/{machine.server_id}")
    gone = machine.ask()
    clock.advance(seconds=1)

    machine.api.post("/api/v2/resource-servers", {"identifier": ORDERS, "scopes": [{"value": "read:orders"}]})

    assert gone.json["error_description"] == f"Service not found: {ORDERS}"
    assert machine.ask().json["error"] == "access_denied"
    assert machine.api.get(f"/api/v2/client-grants/{machine.grant_id}").status == 404


def test_a_grant_that_the_deletion_of_an_api_left_to_the_sweep_is_not_one_for_its_successor(machine, contents, clock):
    left = [item for item in contents.read() if item["sk"]["S"] == f"CLIENT_GRANT#{machine.grant_id}"]
    machine.api.delete(f"/api/v2/resource-servers/{machine.server_id}")
    clock.advance(seconds=1)
    machine.api.post("/api/v2/resource-servers", {"identifier": ORDERS, "scopes": [{"value": "read:orders"}]})

    contents.restore([*contents.read(), *left])

    assert machine.api.get(f"/api/v2/client-grants/{machine.grant_id}").status == 200
    assert machine.ask().json["error_description"].startswith("Client is not authorized to access")


@pytest.mark.parametrize("grant_type", ["nothing", "Client_Credentials", "client_credentials ", "", "urn:x", "\x00"])
def test_a_grant_type_that_there_is_not_is_refused(machine, grant_type):
    answer = machine.ask(grant_type=grant_type)

    assert (answer.status, answer.json["error"]) == (403, "unsupported_grant_type")


def test_a_grant_type_must_be_named(machine):
    for form in (True, False):
        answer = machine.ask(form=form, grant_type=None)

        assert answer.status == 400
        assert answer.json == {
            "error": "invalid_request",
            "error_description": "Missing required parameter: grant_type",
        }


def test_parameters_that_are_not_known_are_ignored(machine):
    for form in (True, False):
        assert machine.ask(form=form, organization="org_1", resource="https://x", login_hint="ann").status == 200


def test_what_the_official_sdk_sends_with_nulls_is_taken(machine):
    asked = {
        "grant_type": "client_credentials",
        "client_id": machine.client_id,
        "audience": ORDERS,
        "organization": None,
    }

    answer = machine.api.post("/oauth/token", {**asked, "client_secret": machine.client_secret, "scope": None})

    assert answer.status == 200


@pytest.mark.parametrize("name", ["grant_type", "client_id", "client_secret", "audience", "scope", "organization"])
def test_a_parameter_of_a_form_may_be_given_once(machine, name):
    raw = f"grant_type=client_credentials&client_id={machine.client_id}&audience={quote(ORDERS)}&{name}=a&{name}=b"

    answer = machine.api.post(
        "/oauth/token", raw.encode(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"grant_type",
        b"grant_type=%FF",
        b"grant_type=\xff",
        b"=&=",
        b"\x00",
        b"{}",
        b"&".join(b"a%d=1" % number for number in range(51)),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(api, raw):
    answer = api.post("/oauth/token", raw, headers={"Content-Type": "application/x-www-form-urlencoded"})

    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"null", b"[]", b'"a"', b'{"client_id": 5}', b'{"grant_type": ["a"]}', b"\xff", b"[" * 10_000]
)
def test_json_that_cannot_be_read_is_refused(api, raw):
    answer = api.post("/oauth/token", raw)

    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert list(answer.json) == ["error", "error_description"]


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml"])
def test_a_body_of_another_type_is_refused(api, content_type):
    answer = api.post("/oauth/token", b"grant_type=client_credentials", headers={"Content-Type": content_type})

    assert (answer.status, answer.json["error"]) == (415, "unsupported_media_type")


@pytest.mark.security(43)
@pytest.mark.parametrize(
    ("name", "longest"), [("client_id", 255), ("client_secret", 255), ("audience", 600), ("scope", 8_000)]
)
@pytest.mark.parametrize("form", [True, False])
def test_a_parameter_has_a_longest_length(machine, form, name, longest):
    longer, long = (machine.ask(form=form, **{name: "a" * length}) for length in (longest + 1, longest))

    assert (longer.status, longer.json["error"]) == (400, "invalid_request")
    assert long.status in {401, 403}


@pytest.mark.security(43)
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_of_more_than_one_mebibyte_is_refused(api, content_type):
    answer = api.post("/oauth/token", b"a" * 1_048_577, headers={"Content-Type": content_type})

    assert (answer.status, answer.json["error"]) == (413, "payload_too_large")


@pytest.mark.security(32, 40)
def test_a_token_given_and_a_token_refused_are_in_the_history(machine):
    machine.ask()
    machine.ask(scope="delete:orders")

    refused, given = machine.api.get("/api/v2/logs", query={"per_page": 2}).json

    assert (given["type"], given["client_id"], given["client_name"]) == ("seccft", machine.client_id, "Robot")
    assert (given["audience"], given["scope"]) == (ORDERS, "read:orders write:orders")
    assert (refused["type"], refused["client_id"]) == ("feccft", machine.client_id)
    assert refused["description"] == "Client has not been granted scopes: delete:orders"


@pytest.mark.security(32, 40)
def test_neither_secrets_nor_tokens_are_answered_kept_or_logged(machine, contents, caplog):
    caplog.set_level("DEBUG")
    header = {"Authorization": basic(machine.client_id, "canary-basic")}

    answers = [
        machine.ask(),
        machine.ask(client_secret="canary-json"),
        machine.ask(form=True, client_secret="canary-form"),
        machine.ask(client_id=None, client_secret=None, headers=header),
        machine.ask(client_secret={"canary": "canary-type"}),
        machine.ask(client_secret="canary-long" * 100),
    ]

    kept = json.dumps(contents.read()) + caplog.text + "".join(answer.text for answer in answers[1:])
    token = answers[0].json["access_token"]
    secrets = ["canary", machine.client_secret, header["Authorization"].removeprefix("Basic "), token.split(".")[2]]
    assert [secret for secret in secrets if secret in kept] == []
