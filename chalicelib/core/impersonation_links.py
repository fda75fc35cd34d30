"""Impersonation links: how one is made, listed, ended, and expires. Their use is in `oauth/impersonate`.

Limits: a reason has at most 500 characters. A link lives as long as the tenant allows, an hour at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from chalicelib.core.ambient import milliseconds
from chalicelib.core.callers import Caller
from chalicelib.core.errors import Conflict, Forbidden, Gone, Invalid, NotFound, Unauthenticated
from chalicelib.core.handles import SECRET_CHARACTERS, digest
from chalicelib.core.impersonation import ENDED, PENDING, REVOKED, USED, ImpersonationLink
from chalicelib.core.impersonation_policy import UNASKED, Policy, against_connection
from chalicelib.core.logs import happened
from chalicelib.core.oauth.requests import AuthorizeRequest, redirect_uri_for
from chalicelib.core.paging import cut
from chalicelib.core.sign_ins import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.hosts import Hosts
    from chalicelib.core.impersonation import Due, ImpersonationStore
    from chalicelib.core.impersonation_policy import Objection
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.oauth.user_tokens import UserTokens
    from chalicelib.core.paging import Page, PageRequest
    from chalicelib.core.tenants import Tenants
    from chalicelib.core.users import User

MAX_REASON = 500
LONGEST_LINK_LIFETIME = timedelta(hours=1)
PER_TRANSACTION = 25
LINKS_PER_RUN = 2_500
"""A hundred transactions: some ten seconds of a Lambda's minute."""
DEFAULT_SCOPE = "openid"
_CLASSIC_TYPES = {"code": ("code", "authorization_code"), "token": ("id_token token", "implicit")}
"""What Auth0's response_type asks for, and the grant type it takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassicAnswer:
    """What a classic link answers the application with, in Auth0's words. Empty is Auth0's default."""

    response_type: str = ""
    response_mode: str = ""
    scope: str = ""
    state: str | None = None
    callback_url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedLink:
    """What somebody asks a link for. None is the tenant's default; `answer` makes it a classic one."""

    user_id: str
    impersonator_id: str
    client_id: str
    reason: str = ""
    lifetime: timedelta | None = None
    confirm: bool | None = None
    answer: ClassicAnswer | None = None


@dataclass(frozen=True, slots=True)
class ImpersonationLinks:
    """What can be done with links, except to follow them."""

    store: ImpersonationStore
    clients: EntityStore[Client]
    connections: Connections
    tenants: Tenants
    tokens: UserTokens
    hosts: Hosts
    ambient: Ambient

    def make(self, caller: Caller, wanted: WantedLink) -> tuple[ImpersonationLink, str]:
        """Make a link and give its address, which is shown now and never again.

        One batch of two reads and one transaction. What speaks against it stands in both people's history.
        """
        policy = self.policy(caller.tenant)
        client = self.clients.recall(caller.tenant, wanted.client_id)
        if client is None:
            raise Invalid("The client does not exist.", code="inexistent_client")
        user, impersonator = self.store.people(caller.tenant, wanted.user_id, wanted.impersonator_id)
        if user is None:
            raise NotFound("The user does not exist.", code="inexistent_user")
        if impersonator is None:
            raise Invalid("The impersonator does not exist.", code="inexistent_impersonator")
        secret = self.ambient.new_secret(SECRET_CHARACTERS)
        link = self._link(caller, policy, wanted, (user, impersonator, client), secret)
        objection = self._objection(caller.tenant, policy, link, (user, impersonator, client))
        if objection is not None:
            why = happened(self.ambient, caller, "fimp", why=objection.message)
            self.store.refuse(caller.tenant, link, link.told(why), gone=frozenset())
            raise objection.error()
        try:
            self.store.make(
                caller.tenant, link, (user, impersonator), link.told(happened(self.ambient, caller, "simp"))
            )
        except Conflict:
            raise Conflict("The user or the impersonator changed at this moment.", code="changed") from None
        return link, self._address(caller.tenant, link, secret)

    def policy(self, tenant: str) -> Policy:
        """Give a tenant's settings of impersonation, as of at most seconds ago."""
        return Policy.of(self.tenants.recall_settings(tenant))

    def list_for_user(self, caller: Caller, user_id: str, request: PageRequest) -> Page[ImpersonationLink]:
        """List the links to a user, pending and past within history, the newest first: one query and one batch."""
        return cut(self.store.walk_for_user(caller.tenant, user_id, request.start_after), request, "id")

    def end(self, caller: Caller, user_id: str, link_id: str) -> None:
        """Revoke a link that was not used, or end what a used one gave. What is over already stays over."""
        link = self.store.find_for_user(caller.tenant, user_id, link_id)
        if link is None:
            raise NotFound("The impersonation link does not exist.", code="inexistent_impersonation_link")
        self.close(caller, link)

    def stop(self, caller: Caller, token: str) -> None:
        """End the impersonation that an access token came of: whoever acts as somebody may stop at any time."""
        bearer = self.tokens.check_userinfo(caller.tenant, token)
        if bearer.impersonation is None:
            raise Forbidden("The access token is of no impersonation.", code="operation_not_supported")
        link = self.store.find(caller.tenant, bearer.impersonation.digest)
        if link is not None:
            acting = replace(caller, subject=link.impersonator_id, client_id=link.client_id)
            self.close(acting, link)

    def refuse_token(self, caller: Caller, token: str) -> None:
        """Refuse the token of an impersonation where only the user's own would do, and say so in both histories (S39).

        Any other token is left to who asked.
        """
        try:
            bearer = self.tokens.check_userinfo(caller.tenant, token)
        except Unauthenticated:
            return
        if bearer.impersonation is None:
            return
        why = "Whoever acts as somebody else may not do this."
        link = self.store.find(caller.tenant, bearer.impersonation.digest)
        if link is not None:
            event = link.told(happened(self.ambient, caller, "fimp", why=f"{why} {caller.operation}"))
            self.store.refuse(caller.tenant, link, event, gone=frozenset())
        raise Forbidden(why, code="impersonated")

    def close(self, caller: Caller, link: ImpersonationLink) -> None:
        """Revoke or end a link; if somebody uses it at this very moment, end what that gave."""
        for _ in range(_CHANGES):
            state, now = link.state_at(self.ambient.now()), self.ambient.now()
            if state not in {PENDING, USED}:
                return
            following, kind = (REVOKED, "simpr") if state == PENDING else (ENDED, "simps")
            try:
                self.store.close(caller.tenant, link, following, now, link.told(happened(self.ambient, caller, kind)))
            except Gone:
                link = self.store.find(caller.tenant, link.digest) or link
            else:
                return

    def expire(self) -> int:
        """Mark links nobody used in time, of all tenants; give how many. Bounded per run, and twice is once.

        A query for a thousand links and a transaction for 25.
        """
        due = self.store.due(self.ambient.now(), LINKS_PER_RUN)
        starts = range(0, len(due), PER_TRANSACTION)
        return sum(self._expire(due[start : start + PER_TRANSACTION]) for start in starts)

    def _expire(self, due: Sequence[Due]) -> int:
        """Mark links together; if one of them is not pending any more, each by itself."""
        if not due:
            return 0
        try:
            self.store.expire([(each, self._expired(each)) for each in due])
        except Gone:
            if len(due) == 1:
                self.store.forget(due[0])
                return 0
            return sum(self._expire([each]) for each in due)
        return len(due)

    def _expired(self, due: Due) -> LogEvent:
        return due.link.told(happened(self.ambient, Caller(tenant=due.tenant), "simpe"))

    def _link(
        self, caller: Caller, policy: Policy, wanted: WantedLink, parties: tuple[User, User, Client], secret: str
    ) -> ImpersonationLink:
        user, impersonator, client = parties
        now = self.ambient.now()
        connection = self._connection(caller.tenant, user, client)
        return ImpersonationLink(
            id=f"iml_{milliseconds(now):012x}{self.ambient.new_id(16)}",
            digest=digest(secret),
            user_id=user.user_id,
            user_name=name_of(user),
            impersonator_id=impersonator.user_id,
            impersonator_email=name_of(impersonator),
            client_id=client.client_id,
            client_name=client.name,
            connection_id=connection.id if connection else "",
            issuer=caller.client_id,
            reason=_reason(wanted, policy),
            confirm=_confirm(wanted, policy),
            request=_answered(client, wanted.answer) if wanted.answer else None,
            created_at=now,
            expires_at=now + _lifetime(wanted, policy),
        )

    def _connection(self, tenant: str, user: User, client: Client) -> Connection | None:
        """Choose the account of the user by which they could enter the application themselves."""
        enabled = {each.id: each for each in self.connections.enabled_for(tenant, client.client_id)}
        return next((enabled[each.connection_id] for each in user.identities if each.connection_id in enabled), None)

    def _objection(
        self, tenant: str, policy: Policy, link: ImpersonationLink, parties: tuple[User, User, Client]
    ) -> Objection | None:
        user, impersonator, client = parties
        return (
            policy.against_people(user, impersonator)
            or policy.against_client(client, link)
            or against_connection(user, self._connection(tenant, user, client), client)
        )

    def _address(self, tenant: str, link: ImpersonationLink, secret: str) -> str:
        """Give the address of a link: Auth0's path for a classic one."""
        path = f"users/{quote(link.impersonator_id, safe='')}/impersonate" if link.is_classic else "u/impersonate"
        return f"{self.hosts.issuer(tenant)}{path}?{urlencode({'link': secret})}"


_CHANGES = 3
"""Pending, used, over: no link changes more often."""


def _reason(wanted: WantedLink, policy: Policy) -> str:
    if policy.reason_required and not wanted.reason.strip():
        raise Invalid("Payload validation error: 'Missing required property: reason'.")
    return wanted.reason.strip()


def _lifetime(wanted: WantedLink, policy: Policy) -> timedelta:
    if wanted.lifetime is not None and wanted.lifetime > policy.max_link_lifetime:
        longest = int(policy.max_link_lifetime.total_seconds())
        raise Invalid(f"Payload validation error: 'Value is greater than {longest}' on property expires_in.")
    return wanted.lifetime or policy.max_link_lifetime


def _confirm(wanted: WantedLink, policy: Policy) -> bool:
    """Decide whether following the link asks first. A plain GET may spend one only where classic links may (S20)."""
    if wanted.answer is not None:
        return bool(wanted.confirm)
    confirm = policy.confirm if wanted.confirm is None else wanted.confirm
    if not confirm and not policy.classic_links:
        raise Invalid(UNASKED, code="invalid_body")
    return confirm


def _answered(client: Client, answer: ClassicAnswer) -> AuthorizeRequest:
    """Check what a classic link is to answer with, as /authorize would, except that nobody asked."""
    response_type, grant_type = _CLASSIC_TYPES[answer.response_type or "code"]
    if grant_type not in client.grant_types:
        raise Invalid(f"Grant type '{grant_type}' not allowed for the client.", code="unauthorized_client")
    if response_type == "code" and client.is_public:
        raise Invalid(
            "A public client gets codes only for its own requests, with a proof key: make a link of the newer form.",
            code="unauthorized_client",
        )
    default = "query" if response_type == "code" else "fragment"
    if answer.response_mode == "query" and default != "query":
        raise Invalid("response_mode query is for code alone.", code="invalid_request")
    return AuthorizeRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri_for(client, answer.callback_url or None),
        response_type=response_type,
        response_mode=answer.response_mode or default,
        scope=answer.scope or DEFAULT_SCOPE,
        state=answer.state,
    )
