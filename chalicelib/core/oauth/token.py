"""The token endpoint: prove the client, let the grant type decide, record, answer.

One pipeline for every grant type, so that none can forget a step; a grant type fills in only what differs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.logs import LogEvent, done
from chalicelib.core.oauth.client_authentication import ClientProof, demand_grant_type
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.logs import LogStore
    from chalicelib.core.oauth.client_authentication import ClientAuthentication


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenRequest:
    """What a client asks for, with whatever its grant type needs."""

    grant_type: str | None
    proof: ClientProof
    audience: str | None = None
    scope: str | None = None
    code: str | None = None
    redirect_uri: str | None = None
    code_verifier: str | None = None
    refresh_token: str | None = None
    username: str | None = None
    password: str | None = None
    realm: str | None = None
    device: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenResponse:
    """What a client gets. `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    scope: str
    id_token: str = ""
    refresh_token: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorder:
    """Makes the events of one request: of its success, which the grant type writes with its change, and its failure."""

    ambient: Ambient
    caller: Caller
    request: TokenRequest
    client_name: str = ""

    def event(
        self, kind: str, *, description: str = "", scope: str = "", user_id: str = "", user_name: str = ""
    ) -> LogEvent:
        """Make an event that says who asked for which audience, and got which scope."""
        event = done(self.ambient, self.caller, type=kind, user_id=user_id, user_name=user_name)
        audience = (self.request.audience or "")[:600]
        return replace(event, description=description, client_name=self.client_name, audience=audience, scope=scope)


class GrantType(Protocol):
    """One way to get tokens."""

    @property
    def failed(self) -> str:
        """The type of the event of a refusal."""

    def issue(self, caller: Caller, client: Client, request: TokenRequest, recorder: Recorder) -> TokenResponse:
        """Give tokens and write the event of it with whatever changes, or raise OAuthError."""


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Turns a client's proof into tokens."""

    authentication: ClientAuthentication
    logs: LogStore
    ambient: Ambient
    grant_types: Mapping[str, GrantType] = field(default_factory=dict)

    def issue(self, caller: Caller, request: TokenRequest) -> TokenResponse:
        """Give tokens, or raise OAuthError. Both are in the history, tied to the client that was named."""
        if request.grant_type is None:
            raise MalformedRequest("Missing required parameter: grant_type")
        grant_type = self.grant_types.get(request.grant_type)
        if grant_type is None:
            raise OAuthError("unsupported_grant_type", f"Unsupported grant type: {request.grant_type}")
        named = request.proof.named
        asking = replace(caller, client_id=named, subject=f"{named}@clients")
        recorder = Recorder(ambient=self.ambient, caller=asking, request=request)
        try:
            client = self.authentication.prove(caller.tenant, request.proof)
            demand_grant_type(client, request.grant_type)
            recorder = replace(recorder, client_name=client.name)
            return grant_type.issue(asking, client, request, recorder)
        except OAuthError as error:
            if not error.recorded:
                self.logs.record(caller.tenant, recorder.event(grant_type.failed, description=error.description))
            raise
