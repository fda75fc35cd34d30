"""Proving a client: by its secret, in the body or the header; by a signed assertion; or, for a public one, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.core.client_keys import PRIVATE_KEY_JWT
from chalicelib.core.oauth.errors import MalformedRequest, OAuthError, UnknownClient

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.clients import Client
    from chalicelib.core.entities import EntityStore

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientProof:
    """What a request brings to prove its client. `basic` are the credentials of an Authorization header, decoded."""

    client_id: str | None = None
    client_secret: str | None = None
    basic: tuple[str, str] | None = None
    assertion: str | None = None
    assertion_type: str | None = None

    @property
    def named(self) -> str:
        """The client that is named, proven or not: for history."""
        return (self.basic[0] if self.basic else self.client_id or "")[:64]


class AssertionChecker(Protocol):
    """Believes or refuses a client's signed assertion (RFC 7523)."""

    def client_id(self, assertion: str) -> str:
        """Read whom an assertion claims to be, unproven; empty when it cannot be read."""

    def check(self, tenant: str, client: Client, assertion: str) -> None:
        """Accept an assertion once, or raise UnknownClient."""


@dataclass(frozen=True, slots=True)
class ClientAuthentication:
    """Proves clients."""

    clients: EntityStore[Client]
    assertions: AssertionChecker
    ambient: Ambient

    def prove(self, tenant: str, proof: ClientProof) -> Client:
        """Give the proven client. One method, not two (RFC 6749, 2.3); a public client brings its name only."""
        if sum(each is not None for each in (proof.basic, proof.client_secret, proof.assertion)) > 1:
            raise MalformedRequest("More than one method of client authentication was used")
        client = self._named(tenant, proof)
        if client.is_public:
            if proof.basic or proof.assertion:
                raise UnknownClient("a public client has no secret")
            return client
        if proof.assertion is not None:
            self.assertions.check(tenant, client, proof.assertion)
            return client
        secret = proof.basic[1] if proof.basic else proof.client_secret
        if client.token_endpoint_auth_method == PRIVATE_KEY_JWT:
            raise UnknownClient("this client proves itself by an assertion")
        if not client.verify_secret(secret or "", self.ambient.now()):
            raise UnknownClient("wrong secret")
        return client

    def _named(self, tenant: str, proof: ClientProof) -> Client:
        client_id = proof.client_id
        if proof.basic:
            if client_id not in {None, proof.basic[0]}:
                raise MalformedRequest("The client_id of the body is not the one of the header")
            client_id = proof.basic[0]
        if proof.assertion is not None:
            if proof.assertion_type != JWT_BEARER:
                raise MalformedRequest(f"client_assertion_type must be {JWT_BEARER}")
            client_id = client_id or self.assertions.client_id(proof.assertion)
        if not client_id:
            raise MalformedRequest("Missing required parameter: client_id")
        client = self.clients.recall(tenant, client_id)
        if client is None:
            raise UnknownClient("unknown client")
        return client


def demand_grant_type(client: Client, grant_type: str) -> None:
    """Refuse a grant type that the client is not set up for."""
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", f"Grant type '{grant_type}' not allowed for the client.")
