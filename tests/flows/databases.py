"""A tenant's own database, as its scripts see it: users written into the script, and connections that ask it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

NAME = "people"
EMAIL, PASSWORD = "kim@example.com", "old secret of Kim 1"
KIM = {"user_id": "7", "email": EMAIL, "name": "Kim", "email_verified": True, "team": "blue"}


def answering(*, password: str = PASSWORD, typed: str = EMAIL, **profile: Any) -> str:
    """Make a `login` script that knows one user."""
    known = json.dumps({**KIM, **profile})
    return f"""function login(name, password, callback) {{
      if (name !== {json.dumps(typed)} || password !== {json.dumps(password)}) {{
        return callback(new WrongUsernameOrPasswordError(name, 'No such user.'));
      }}
      callback(null, {known});
    }}"""


def saying(what: str) -> str:
    """Make a script of any kind that calls back; it may use `given`, what it was asked, and the callback."""
    return f"function () {{ const given = Array.from(arguments), callback = given.pop(); {what} }}"


@dataclass
class OwnDatabase:
    """A connection that speaks to a tenant's own database."""

    api: Any
    client_id: str
    id: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def set(self, *, imports: bool = False, configuration: dict[str, str] | None = None, **scripts: str) -> OwnDatabase:
        """Give it these scripts, and no others."""
        options = {
            "enabledDatabaseCustomization": True,
            "import_mode": imports,
            "customScripts": {name: script for name, script in scripts.items() if script},
            "configuration": configuration or {},
            "passwordPolicy": "low",
            **self.options,
        }
        if self.id:
            answer = self.api.patch(f"/api/v2/connections/{self.id}", {"options": options})
        else:
            body = {"name": NAME, "strategy": "auth0", "options": options, "enabled_clients": [self.client_id]}
            answer = self.api.post("/api/v2/connections", body)
        assert answer.status in {200, 201}, answer.text
        self.id = answer.json["id"]
        return self

    def login_of(self, name: str = EMAIL) -> Any:
        return self.api.app.core.users.store.login("main", self.id, name)

    def user(self, identity: str = "7") -> dict[str, Any]:
        return self.api.get(f"/api/v2/users/auth0%7C{identity}").json

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.api.get("/api/v2/logs", query={"per_page": 100}).json if each["type"] == kind]
