"""The deployment, rehearsed: what was packaged answers as a whole, in an emulated AWS, through its API Gateway.

In the order of a deployment's life; the later tests find what the earlier ones made.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from chalicelib.core.tenants import DEFAULT_CONNECTION
from infra.package import MAX_BYTES
from tests.deploy.conftest import DOMAIN, Visiting, changed, eventually
from tests.flows.browsing import CALLBACK, EMAIL, PASSWORD, Application, answer_of, claims_of, sign_in

RULE = """function (user, context, callback) {
  context.idToken['https://example.com/rule'] = 'ran';
  callback(null, user, context);
}"""


@pytest.fixture(scope="session")
def application(deployed) -> Application:
    """An application that people sign in to, with a user who can."""
    made = deployed.manage(
        "POST", "/api/v2/clients", {"name": "Shop", "callbacks": [CALLBACK], "app_type": "regular_web"}
    )
    (connection,) = deployed.manage("GET", "/api/v2/connections", params={"name": DEFAULT_CONNECTION})
    on = [{"client_id": made["client_id"], "status": True}]
    deployed.manage("PATCH", f"/api/v2/connections/{connection['id']}/clients", on)
    account = {"connection": DEFAULT_CONNECTION, "email": EMAIL, "password": PASSWORD}
    deployed.manage("POST", "/api/v2/users", account)
    deployed.manage("POST", "/api/v2/rules", {"name": "Claim", "script": RULE})
    return Application(deployed, Registered(made["client_id"]), made["client_secret"])


class Registered:
    """What an application of `tests/flows` knows of its client."""

    token_endpoint_auth_method = "client_secret_post"

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id


def exchange(deployed, application, code: str) -> Any:
    form = {
        "grant_type": "authorization_code",
        "client_id": application.client.client_id,
        "client_secret": application.secret,
        "code": code,
        "redirect_uri": CALLBACK,
    }
    answer = deployed.send("POST", "/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def user_of(deployed) -> dict[str, Any]:
    (user,) = deployed.manage("GET", "/api/v2/users-by-email", params={"email": EMAIL})
    return user


def test_the_package_is_small_enough_to_start_quickly(package):
    assert package.sizes["deployment.zip"] <= MAX_BYTES


def test_the_first_deployment_makes_two_tenants_that_can_be_managed(deployed):
    assert sorted(deployed.access) == ["main", "system"]
    tenants = deployed.send(
        "GET",
        "/api/v2/tenants",
        f"system.{DOMAIN}",
        headers={"Authorization": f"Bearer {deployed.token('system')}"},
    )
    assert sorted(tenant["name"] for tenant in tenants.json()) == ["main", "system"]


def test_discovery_is_answered_at_the_gateways_own_address(deployed):
    found = deployed.call("GET", "/.well-known/openid-configuration")

    assert found.json()["issuer"] == f"https://{DOMAIN}/"


def test_somebody_signs_in_and_the_rule_runs_in_the_function_of_its_own(deployed, application, visitor):
    code = answer_of(sign_in(visitor, application))["code"]

    claims = claims_of(exchange(deployed, application, code)["id_token"])

    assert claims["email"] == EMAIL
    assert claims["https://example.com/rule"] == "ran"


def test_the_page_to_sign_in_comes_with_its_assets(deployed, application, visitor):
    page = visitor.get(visitor.get(application.address()).headers["Location"])

    found = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.body.decode())
    answers = [deployed.send("GET", path) for path in found]

    assert len(found) >= 2
    assert {answer.status_code for answer in answers} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)


def test_an_impersonation_link_signs_in_as_the_user(deployed, application, visitor):
    account = {"connection": DEFAULT_CONNECTION, "email": "jane@example.com", "password": PASSWORD}
    jane = deployed.manage("POST", "/api/v2/users", account)["user_id"]
    link = deployed.manage(
        "POST",
        f"/users/{user_of(deployed)['user_id']}/impersonate",
        {
            "protocol": "oauth2",
            "impersonator_id": jane,
            "client_id": application.client.client_id,
            "additionalParameters": {"response_type": "code", "state": "xyz", "scope": "openid email"},
        },
    )

    code = answer_of(visitor.get(link))["code"]

    claims = claims_of(exchange(deployed, application, code)["id_token"])
    assert (claims["email"], claims["act"]["sub"]) == (EMAIL, jane)


def test_the_deployment_is_well(deployed):
    assert deployed.deployment.health() == {"table": "ok", "sealing_key": "ok"}
    assert deployed.call("GET", "/health").json() == {"status": "ok"}


def test_each_request_is_one_line_of_json_that_says_what_it_took_and_nothing_secret(deployed, application):
    lines = deployed.lines("api")

    requests = [json.loads(line) for line in lines if line.startswith("{")]
    created = next(each for each in requests if each["operation"] == "POST /api/v2/users")
    assert created["request_id"]
    assert (created["tenant"], created["status"]) == ("main", 201)
    assert created["RoundTrips"] >= 1
    assert created["WriteUnits"] > 0
    assert created["caller"] == f"{deployed.access['main']['client_id']}@clients"
    secrets = [application.secret, PASSWORD, *(each["client_secret"] for each in deployed.access.values())]
    assert [secret for secret in secrets if secret in "".join(lines)] == []


def test_a_stranger_is_refused_in_our_shape(deployed):
    refused = deployed.call("GET", "/api/v2/users")

    assert refused.status_code == 401
    assert refused.json()["statusCode"] == 401


def test_what_the_table_notes_is_followed_by_its_stream(deployed, application):
    def delivered() -> list[str]:
        return [line for line in deployed.lines("follow") if "REPORT" in line]

    assert eventually(delivered)
    assert eventually(lambda: [mail for mail in mails(deployed) if EMAIL in json.dumps(mail)])


def mails(deployed) -> list[Any]:
    told = httpx.get(f"{deployed.cloud.endpoint}/_ministack/ses/messages").json()["messages"]
    return [mail for account in told.values() for mail in account]


def test_a_second_deployment_keeps_everybody_and_everything(deployed, package, application, tmp_path):
    kept, token = Visiting(deployed), deployed.token()
    assert answer_of(sign_in(kept, application))["code"]

    deployed.deploy(changed(package, tmp_path / "later"))

    assert deployed.call("GET", "/api/v2/users", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert answer_of(kept.get(application.address(prompt="none")))["code"]
    function = deployed.stack.outputs()["APIHandlerName"]
    configuration = deployed.cloud.client("lambda").get_function_configuration(FunctionName=function)
    assert configuration["MemorySize"] == 1536


def test_a_deployment_goes_back_to_the_version_before_it(deployed, package, application):
    kept = deployed.deployment.artifacts.versions(deployed.stack.name)

    deployed.deployment.rollback(kept[1], lambda _: True)

    function = deployed.stack.outputs()["APIHandlerName"]
    configuration = deployed.cloud.client("lambda").get_function_configuration(FunctionName=function)
    assert configuration["MemorySize"] == package.template["Resources"]["APIHandler"]["Properties"]["MemorySize"]
    assert user_of(deployed)["email"] == EMAIL


def test_nothing_changes_for_somebody_who_does_not_agree(deployed, package, tmp_path):
    before = deployed.stack.find()

    made = deployed.deployment.deploy(changed(package, tmp_path / "later"), lambda _: False)

    assert made == []
    assert deployed.stack.find() == before


def test_the_schedule_sweeps_once_a_minute_without_failing(deployed):
    swept = eventually(lambda: [line for line in deployed.lines("sweep") if "REPORT" in line])

    assert swept
    assert not [line for line in deployed.lines("sweep") if "Traceback" in line or "ERROR" in line]
