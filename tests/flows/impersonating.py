"""Support staff who impersonate: a program that makes links, and a browser that follows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from tests.conftest import Answer, Api
from tests.flows.browsing import Application, Browser

JANE = "jane@support.example"
LOGIN_URI = "https://app.example.com/login"


@dataclass
class Support:
    """A program with a token that may make links to one user, in the name of one impersonator."""

    api: Api
    client_id: str
    token: str
    grant_id: str
    user_id: str
    jane: str

    def ask(self, application: Application, **further: Any) -> Answer:
        """Ask for a link of the newer form."""
        body = {"impersonator_id": self.jane, "client_id": application.client.client_id, **further}
        return self.api.post(f"/api/v2/users/{self.user_id}/impersonation-links", body, token=self.token)

    def make(self, application: Application, **further: Any) -> dict[str, Any]:
        """Make a link of the newer form."""
        made = self.ask(application, **further)
        assert made.status == 201, made.text
        return made.json

    def ask_classic(self, application: Application, parameters: Any = None, **further: Any) -> Answer:
        """Ask for a link in Auth0's words."""
        body = {
            "protocol": "oauth2",
            "impersonator_id": self.jane,
            "client_id": application.client.client_id,
            "additionalParameters": {"response_type": "code", "state": "xyz", **(parameters or {})},
            **further,
        }
        return self.api.post(f"/users/{self.user_id}/impersonate", body, token=self.token)

    def make_classic(self, application: Application, parameters: Any = None, **further: Any) -> str:
        """Make a link in Auth0's words and give it."""
        made = self.ask_classic(application, parameters, **further)
        assert made.status == 200, made.text
        return made.text

    def links(self) -> list[dict[str, Any]]:
        """List the links to the user."""
        listed = self.api.get(f"/api/v2/users/{self.user_id}/impersonation-links")
        return listed.json["impersonation_links"]

    def history_of(self, user_id: str) -> list[tuple[str, str]]:
        """List what somebody's history says of impersonation, the oldest first: type and description."""
        listed = self.api.get(f"/api/v2/users/{user_id}/logs", query={"sort": "date:1"}).json
        return [(event["type"], event["description"]) for event in listed if "imp" in event["type"]]

    def types(self) -> list[str]:
        """List the types of what happened, which both histories tell alike."""
        of_user, of_jane = self.history_of(self.user_id), self.history_of(self.jane)
        assert of_user == of_jane
        return [kind for kind, _ in of_user]


def followed(link: str) -> str:
    """Give what a browser asks our host for when somebody follows a link."""
    return link.removeprefix("https://gatehouse.test")


def history_reasons(support: Support) -> list[str]:
    """List why links were refused, as the user's history has it, the oldest first."""
    return [why for kind, why in support.history_of(support.user_id) if kind == "fimp"]


def confirm(browser: Browser, link: str) -> Any:
    """Follow a link that asks first, press its button, and give the answer."""
    page = browser.get(followed(link))
    assert page.status_code == 200, page.body
    action = re.search(r'action="([^"]+)"', page.body.decode())[1]
    return browser.post(unescape(action), {})
