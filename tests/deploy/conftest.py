"""The package, made once, and brought into an emulated AWS just as `make deploy` brings it into AWS.

Everything is reached as it will be there: the API through the gateway's own address, pages by the deployment's domain,
which API Gateway maps to the same stage; logs in CloudWatch. The functions run outside our environment, so that what is
missing in the package is missing.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from infra.clients import client
from infra.deployment.__main__ import Deployment
from infra.deployment.stacks import Stack
from infra.ministack import MiniStack
from infra.package import Package
from infra.package.__main__ import build
from tests.flows.browsing import Browser

DOMAIN = "auth.example.com"
PATIENCE = 90
T = TypeVar("T")


@dataclass
class Cloud:
    """An account of the emulated AWS."""

    endpoint: str

    def client(self, service: str) -> Any:
        return client(service, self.endpoint)


@dataclass
class Deployed:
    """A deployment, and how people and programs reach it."""

    cloud: Cloud
    deployment: Deployment
    access: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def stack(self) -> Stack:
        return self.deployment.stack

    def deploy(self, package: Package) -> None:
        """Do what `make deploy` does, for somebody who agrees."""
        self.access |= {each["tenant"]: each for each in self.deployment.deploy(package, lambda _: True)}

    def invoke(self, output: str, event: Any = None) -> Any:
        payload = json.dumps(event or {}).encode()
        name = self.stack.outputs()[output]
        answer = self.cloud.client("lambda").invoke(FunctionName=name, Payload=payload)
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    def send(self, method: str, path: str, host: str = DOMAIN, **known: Any) -> httpx.Response:
        """Send a request to the deployment's domain, which leads to the stage."""
        api = self.stack.outputs()["RestAPIId"]
        url = f"{self.cloud.endpoint}/_aws/execute-api/{api}/api{path}"
        headers = {"Host": host, **known.pop("headers", {})}
        return httpx.request(method, url, headers=headers, timeout=60, **known)

    def call(self, method: str, path: str, **known: Any) -> httpx.Response:
        """Send a request to the gateway's own address, whose tenant is the default one."""
        host = f"{self.stack.outputs()['RestAPIId']}.execute-api.{urlsplit(self.cloud.endpoint).netloc}"
        headers = {"Host": host, **known.pop("headers", {})}
        return httpx.request(method, f"{self.cloud.endpoint}/api{path}", headers=headers, timeout=60, **known)

    def token(self, tenant: str = "main") -> str:
        access = self.access[tenant]
        form = {name: access[name] for name in ("client_id", "client_secret", "audience")}
        answer = self.send("POST", "/oauth/token", access["domain"], data={"grant_type": "client_credentials", **form})
        return str(answer.raise_for_status().json()["access_token"])

    def manage(self, method: str, path: str, body: Any = None, **known: Any) -> Any:
        """Call the Management API of the default tenant, and give what it answers well."""
        answer = self.call(method, path, json=body, headers={"Authorization": f"Bearer {self.token()}"}, **known)
        assert answer.is_success, answer.text
        is_json = answer.headers.get("content-type", "").startswith("application/json") and answer.content
        return answer.json() if is_json else answer.text

    def lines(self, group: str) -> list[str]:
        """Give what a function has written into its log."""
        logs = self.cloud.client("logs")
        name = f"/aws/lambda/{self.stack.name}/{group}"
        return [event["message"] for event in logs.filter_log_events(logGroupName=name)["events"]]


@dataclass
class Answer:
    """What a page answers, as the stories of `tests/flows` read it."""

    status_code: int
    headers: dict[str, Any]
    body: bytes


@dataclass
class Visiting(Browser):
    """The browser of `tests/flows`, at a deployment."""

    def send(self, method: str, address: str, form: dict[str, str] | bytes | None = None, **headers: str) -> Answer:
        sent = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        content = urlencode(form).encode() if isinstance(form, dict) else form
        path = address.removeprefix(f"https://{DOMAIN}")
        answer = self.app.send(method, path, content=content, headers={**sent, **headers})
        self._keep(answer.headers.get_list("set-cookie"))
        return Answer(answer.status_code, {"Location": answer.headers.get("location", "")}, answer.content)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of `prod`."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("Lambda runs Python 3.11, and a package for it is made and tried out by no other")
    return build("prod", tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with MiniStack(tmp_path_factory.mktemp("aws"), snapshot_seconds=3600, services="", bare=True) as endpoint:
        found = Cloud(endpoint)
        found.client("ses").verify_email_identity(EmailAddress=f"no-reply@{DOMAIN}")
        yield found


@pytest.fixture(scope="session")
def deployed(package: Package, cloud: Cloud) -> Deployed:
    """The deployment that all tests of this folder share, after its first `make deploy`."""
    made = Deployed(cloud, Deployment.of("prod", cloud.client, "000000000000", "us-east-1"))
    made.deploy(package)
    return made


@pytest.fixture
def visitor(deployed: Deployed) -> Visiting:
    return Visiting(deployed)


def changed(package: Package, folder: Path) -> Package:
    """Give a package of a later version: other code, and a setting more."""
    shutil.copytree(package.folder, folder)
    with zipfile.ZipFile(folder / "deployment.zip", "a") as archive:
        archive.writestr("later.txt", "a later version")
    template = json.loads(json.dumps(package.template))
    template["Resources"]["APIHandler"]["Properties"]["MemorySize"] = 1536
    return Package(folder, template)


def eventually(look: Callable[[], T]) -> T:
    """Look until there is something, as one waits for a schedule or a stream: here nobody can move their time."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found
