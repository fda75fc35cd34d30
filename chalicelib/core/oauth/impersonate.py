"""Following an impersonation link: everything is checked again, the link is spent, and the application is answered.

A classic link answers at once, unasked, as Auth0's did. Any other leads to where the application's sign-in begins; its
own request, in the same browser, is answered once as the user, with its own state, nonce and proof key (S37).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.core.errors import Conflict, Forbidden, Gone
from chalicelib.core.handles import SECRET_CHARACTERS, digest
from chalicelib.core.impersonation import PENDING, SCOPE, Redeemed
from chalicelib.core.impersonation_policy import Objection, Policy, against_connection
from chalicelib.core.logs import happened
from chalicelib.core.oauth.requests import AuthorizeError
from chalicelib.core.oauth.responses import Basis, Terms
from chalicelib.core.oauth.scopes import granted
from chalicelib.core.resource_servers import id_of
from chalicelib.core.rule_runs import Login, RuleDenied

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.impersonation import Circumstances, Impersonation, ImpersonationLink, ImpersonationStore
    from chalicelib.core.oauth.requests import AuthorizeRequest
    from chalicelib.core.oauth.responses import Responses, SendBack
    from chalicelib.core.outbox import Outbox, Waiting
    from chalicelib.core.resource_servers import ResourceServer
    from chalicelib.core.rule_runs import Ruled, RuleRuns
    from chalicelib.core.tenants import Tenants
    from chalicelib.core.users import User

METHOD = "imp"
"""How the user was authenticated: not at all, somebody else acts for them."""
_HELD = re.compile(r"([0-9a-f]{64})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, kw_only=True, slots=True)
class LeadTo:
    """Where the browser goes: to the beginning of the application's sign-in, with what it will be answered for."""

    address: str
    held: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What stands in the way of nothing any more: the people and the client as they are now."""

    user: User
    impersonator: User
    client: Client
    connection: Connection


@dataclass(frozen=True, slots=True)
class Impersonate:
    """Follows links."""

    store: ImpersonationStore
    clients: EntityStore[Client]
    tenants: Tenants
    resource_servers: EntityStore[ResourceServer]
    responses: Responses
    outbox: Outbox
    rule_runs: RuleRuns
    hosts: Hosts
    ambient: Ambient

    def open(self, caller: Caller, secret: str) -> ImpersonationLink:
        """Find a link by its secret without spending it, whatever has become of it; Gone if it was never ours."""
        link = self.store.find(caller.tenant, digest(secret))
        if link is None:
            raise unusable()
        return link

    def open_classic(self, caller: Caller, secret: str, impersonator_id: str) -> ImpersonationLink:
        """Find a link whose path names the impersonator."""
        link = self.open(caller, secret)
        if not link.is_classic or link.impersonator_id != impersonator_id:
            raise unusable()
        return link

    def state(self, link: ImpersonationLink) -> str:
        """Say what has become of a link."""
        return link.state_at(self.ambient.now())

    def client_of(self, caller: Caller, link: ImpersonationLink) -> Client:
        """Give the application that a link leads to, as of at most seconds ago; Gone if there is none any more."""
        client = self.clients.recall(caller.tenant, link.client_id)
        if client is None:
            raise unusable()
        return client

    def spend(self, caller: Caller, link: ImpersonationLink) -> SendBack | LeadTo:
        """Use a link, once: one batch of reads and one transaction. Gone, with its event, if anything speaks against.

        The words do not tell what; the histories of both people do.
        """
        state = self.state(link)
        if state != PENDING:
            raise self._refused(caller, link, f"The link is {state}.")
        policy = Policy.of(self.tenants.recall_settings(caller.tenant))
        found = self._found(caller, policy, link)
        if link.request is None:
            return self._lead_to(caller, policy, link, found)
        answer, redeemed = self._answered(caller, policy, link, found, link.request)
        self._write(caller, redeemed, self.store.spend)
        return answer

    def answer(self, caller: Caller, client: Client, request: AuthorizeRequest, held: str) -> SendBack | None:
        """Answer the request of an application to which a link led this browser; None if it is about nothing such.

        AuthorizeError if something came to speak against it since.
        """
        matched = _HELD.fullmatch(held)
        link = self.store.find(caller.tenant, matched[1]) if matched else None
        if matched is None or link is None or link.client_id != client.client_id:
            return None
        if not link.waits_for(matched[2], self.ambient.now()):
            return None
        policy = Policy.of(self.tenants.recall_settings(caller.tenant))
        try:
            answer, redeemed = self._answered(caller, policy, link, self._found(caller, policy, link), request)
            self._write(caller, redeemed, self.store.answer)
        except Gone:
            raise AuthorizeError("access_denied", "The impersonation was refused.", request) from None
        return answer

    def _found(self, caller: Caller, policy: Policy, link: ImpersonationLink) -> Found:
        """Check everything again that was checked when the link was made, or refuse."""
        circumstances = self.store.circumstances(caller.tenant, link, self.hosts.management_audience(caller.tenant))
        user, impersonator, client = circumstances.user, circumstances.impersonator, circumstances.client
        connection = circumstances.connection
        if user is None or impersonator is None or client is None:
            people = {link.user_id: user, link.impersonator_id: impersonator}
            gone = frozenset(user_id for user_id, person in people.items() if person is None)
            raise self._refused(caller, link, "The user, the impersonator or the application is gone.", gone)
        objection = (
            policy.against_people(user, impersonator)
            or policy.against_client(client, link)
            or against_connection(user, connection, client)
            or self._against_issuer(caller.tenant, circumstances)
            or _against_callback(link, client)
        )
        if objection is not None or connection is None:
            raise self._refused(caller, link, objection.message if objection else "")
        return Found(user=user, impersonator=impersonator, client=client, connection=connection)

    def _against_issuer(self, tenant: str, circumstances: Circumstances) -> Objection | None:
        """Say whether the client that had the link made could still make it."""
        server = self.resource_servers.recall(tenant, id_of(self.hosts.management_audience(tenant)))
        grant = circumstances.grant
        may = server is not None and grant is not None and grant.stands_for(server) and SCOPE in grant.scope
        if may and circumstances.issuer is not None:
            return None
        return Objection(kind=Forbidden, message="Whoever had the link made may not do so any more.")

    def _lead_to(self, caller: Caller, policy: Policy, link: ImpersonationLink, found: Found) -> LeadTo:
        """Spend a link and lead to the application (OpenID Connect Core 1.0, 4)."""
        secret = self.ambient.new_secret(SECRET_CHARACTERS)
        self._write(caller, self._redeemed(caller, policy, link, found, answer_hash=digest(secret)), self.store.spend)
        return LeadTo(
            address=_with_issuer(found.client.initiate_login_uri, self.hosts.issuer(caller.tenant)),
            held=f"{link.digest}.{secret}",
        )

    def _answered(
        self, caller: Caller, policy: Policy, link: ImpersonationLink, found: Found, request: AuthorizeRequest
    ) -> tuple[SendBack, Redeemed]:
        """Make the answer to an application, and what must be written for it. No API, and nothing that lasts."""
        redeemed = self._redeemed(caller, policy, link, found)
        impersonation = link.carried(found.impersonator, redeemed.ends_at, policy.hidden_claims(found.client.client_id))
        ruled = self._ruled(caller, link, found, request, impersonation)
        asked = granted(request.scope, found.client, None, offline=False) if ruled.scope is None else ruled.scope
        terms = Terms(server=None, scope=policy.narrowed(found.client.client_id, asked))
        basis = Basis(
            user=found.user,
            session_id=link.id,
            connection_id=link.connection_id,
            authenticated_at=self.ambient.now(),
            methods=(METHOD,),
            impersonation=impersonation,
            claims=ruled.claims,
        )
        answer, code = self.responses.success(caller, found.client, request, terms, basis)
        return answer, replace(redeemed, code=code, event=ruled.told(redeemed.event))

    def _ruled(
        self,
        caller: Caller,
        link: ImpersonationLink,
        found: Found,
        request: AuthorizeRequest,
        impersonation: Impersonation,
    ) -> Ruled:
        """Let the tenant's rules judge, who see whose hand it is. A refusal spends nothing; both histories have it."""
        login = Login(
            caller=caller,
            client=found.client,
            connection=found.connection,
            user=found.user,
            protocol="oidc-basic-profile" if "code" in request.wants else "oidc-implicit-profile",
            authenticated_at=self.ambient.now(),
            methods=(METHOD,),
            query={"scope": request.scope, "redirect_uri": request.redirect_uri},
            impersonation=impersonation,
        )
        try:
            return self.rule_runs.run(login)
        except RuleDenied as denied:
            raise self._refused(caller, link, f"Rule {denied.rule}: {denied.description}") from None

    def _redeemed(
        self, caller: Caller, policy: Policy, link: ImpersonationLink, found: Found, *, answer_hash: str = ""
    ) -> Redeemed:
        """Say what is written when a link is spent. What a browser was led to is counted from then on."""
        now = self.ambient.now()
        first = link.used_at is None
        return Redeemed(
            link=link,
            user=found.user,
            impersonator=found.impersonator,
            event=link.told(happened(self.ambient, caller, "simpu" if first else "simpa")),
            used_at=link.used_at or now,
            ends_at=link.ends_at or now + policy.token_lifetime,
            answer_hash=answer_hash,
            letter=self._letter(caller, policy, found.user) if first else None,
        )

    def _letter(self, caller: Caller, policy: Policy, user: User) -> Waiting | None:
        if not policy.notify_user or not user.email:
            return None
        return self.outbox.note(caller, "impersonated", user.email, user=user)

    def _write(self, caller: Caller, redeemed: Redeemed, write: Callable[[str, Redeemed], None]) -> None:
        try:
            write(caller.tenant, redeemed)
        except Gone:
            raise self._refused(caller, redeemed.link, "The link was used by another request.") from None
        except Conflict:
            why = "The user or the impersonator was blocked at this moment."
            raise self._refused(caller, redeemed.link, why) from None

    def _refused(self, caller: Caller, link: ImpersonationLink, why: str, gone: frozenset[str] = frozenset()) -> Gone:
        """Write into both histories why nobody was let in, and give the error that does not tell."""
        event = link.told(happened(self.ambient, caller, "fimp", why=why))
        self.store.refuse(caller.tenant, link, event, gone=gone)
        return unusable()


def unusable() -> Gone:
    """Say that a link is good for nothing; the words do not tell why, nor whether it ever was."""
    return Gone("This link no longer works.", code="unusable_link")


def _with_issuer(address: str, issuer: str) -> str:
    """Say to an application who leads there: in the query, which the route of a single-page application follows."""
    before, mark, fragment = address.partition("#")
    return f"{before}{'&' if '?' in before else '?'}{urlencode({'iss': issuer})}{mark}{fragment}"


def _against_callback(link: ImpersonationLink, client: Client) -> Objection | None:
    """Say whether the address that a classic link answers to is registered still."""
    if link.request is None or link.request.redirect_uri in client.callbacks:
        return None
    return Objection(kind=Forbidden, message="The callback is not registered any more.")
