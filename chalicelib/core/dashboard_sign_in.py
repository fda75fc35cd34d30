"""Signing in to the dashboard, and staying so: an application of the system tenant, with a session of its own.

What is under way is kept nowhere: it is sealed into the `state` of the request, bound to the browser that began it. The
dashboard's session rests on the browser's session in the system tenant: it lives as long, is listed and ended on the
account page, and is used up by using the dashboard. Only the secret in the cookie is another one.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from chalicelib.core.account_page import signed_out
from chalicelib.core.dashboard_client import CLIENT_ID
from chalicelib.core.errors import Conflict, Forbidden, Invalid
from chalicelib.core.handles import SECRET_CHARACTERS, Handle, digest, parse
from chalicelib.core.logs import done
from chalicelib.core.oauth.authorize import UNDER_WAY
from chalicelib.core.oauth.client_authentication import ClientProof
from chalicelib.core.oauth.token import TokenRequest
from chalicelib.core.roles import CREATE_TENANTS, ROLES
from chalicelib.core.sessions import Lifetimes
from chalicelib.core.sign_ins import name_of
from chalicelib.core.tenants import DEFAULT_CONNECTION, SYSTEM_TENANT, unknown_tenant

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.dashboard_client import DashboardClient
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.oauth.token import TokenEndpoint
    from chalicelib.core.oauth.tokens import TokenFormat
    from chalicelib.core.operators import Memberships
    from chalicelib.core.seals import Seals
    from chalicelib.core.sessions import Session, Sessions
    from chalicelib.core.signing_keys import SigningKeys
    from chalicelib.core.tenants import Tenants
    from chalicelib.core.users import User

HOME = "/dashboard"
TOUCHED_EVERY = timedelta(minutes=5)
"""How often the use of a session is written down at most: a shorter idle lifetime is looked at four times as often."""
_PURPOSE, _NOTICE = "dashboard sign-in", "dashboard notice"
_NOTICE_LIVES = timedelta(minutes=5)
_LONGEST_PATH = 1_500


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """Where to send a browser to sign in, and its secret, to be set as a cookie."""

    address: str
    flow: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """Somebody who has signed in: what the browser holds from now on, and where they wanted to.

    It holds it for `seconds`, or until it is closed.
    """

    handle: Handle
    seconds: int | None
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What lies behind a cookie of the dashboard; `secret_hash` is empty if nothing does."""

    person: User | None
    session: Session | None
    memberships: Memberships
    secret_hash: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """A person at the dashboard. The `form_token` is good for forms of this session alone."""

    person: User
    session: Session
    memberships: Memberships
    form_token: str

    @property
    def name(self) -> str:
        """What the history calls the person."""
        return name_of(self.person)

    def acting(self, caller: Caller, tenant: str) -> Caller:
        """Give the caller who acts in a tenant with the person's role there; not found where they have none.

        Without a tenant they may see their tenants, and make another if they own one.
        """
        known = replace(caller, subject=self.person.user_id, operator=self.name)
        if not tenant:
            return replace(known, scopes=frozenset({CREATE_TENANTS} if self.memberships.owns_any else ()))
        role = self.memberships.roles.get(tenant)
        if role is None:
            raise unknown_tenant()
        return replace(known, tenant=tenant, scopes=ROLES.get(role, frozenset()))


class DashboardSessionStore(Protocol):
    """Where the dashboard's sessions lie: with their person, in the system tenant."""

    def begin(self, handle: Handle, expires_at: datetime) -> None:
        """Write the session of a handle; an earlier one on the same browser's session gives way."""

    def held(self, user_id: str, session_id: str) -> Held:
        """Read all that a request to the dashboard needs to know of who sends it, in one round trip."""

    def touch(self, session: Session) -> None:
        """Write the use of a session; a conflict if it has ended."""

    def end(self, session: Session, event: LogEvent) -> None:
        """Remove a session, and the dashboard's with it."""


@dataclass(frozen=True, slots=True)
class DashboardSignIn:
    """Lets people of the system tenant into the dashboard."""

    store: DashboardSessionStore
    client: DashboardClient
    tenants: Tenants
    sessions: Sessions
    token_endpoint: TokenEndpoint
    tokens: TokenFormat
    signing_keys: SigningKeys
    seals: Seals
    ambient: Ambient

    def begin(self, flow: str, path: str) -> Begun:
        """Ask the system tenant's own /authorize. `flow` is what the browser holds already, if anything."""
        self.client.have(SYSTEM_TENANT, DEFAULT_CONNECTION)
        flow = flow or self.ambient.new_secret(SECRET_CHARACTERS)
        verifier, nonce = self.ambient.new_secret(SECRET_CHARACTERS), self.ambient.new_secret(SECRET_CHARACTERS)
        wanted = path if len(path) <= _LONGEST_PATH else HOME
        document = {"verifier": verifier, "nonce": nonce, "flow": digest(flow), "path": wanted}
        query = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": self.client.callback(SYSTEM_TENANT),
            "scope": "openid profile email",
            "state": self.seals.seal(SYSTEM_TENANT, _PURPOSE, document, UNDER_WAY),
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        return Begun(address=f"/authorize?{urlencode(query)}", flow=flow)

    def finish(self, caller: Caller, code: str, state: str, flow: str) -> Arrived:
        """Exchange the code that came back, and begin a session. Invalid if this browser did not ask for it.

        Nobody enters as somebody else: whoever could impersonate an operator could do all that the operator may.
        """
        kept = self.seals.open(SYSTEM_TENANT, _PURPOSE, state)
        if kept is None or kept["flow"] != digest(flow):
            raise Invalid("This sign-in has expired, or was begun in another browser.", code="expired_state")
        request = TokenRequest(
            grant_type="authorization_code",
            proof=ClientProof(client_id=CLIENT_ID),
            code=code,
            redirect_uri=self.client.callback(SYSTEM_TENANT),
            code_verifier=kept["verifier"],
        )
        response = self.token_endpoint.issue(caller, request)
        claims = self.tokens.verify(response.id_token, self.signing_keys.verifying(SYSTEM_TENANT))
        if not hmac.compare_digest(str(claims.get("nonce")), kept["nonce"]):
            raise Invalid("This sign-in was begun elsewhere.", code="expired_state")
        if "act" in claims or not claims.get("sid"):
            raise Forbidden("Nobody enters the dashboard as somebody else.", code="impersonated")
        handle = Handle(claims["sub"], claims["sid"], self.ambient.new_secret(SECRET_CHARACTERS))
        settings = self.tenants.recall_settings(SYSTEM_TENANT)
        longest = Lifetimes.of(settings).absolute
        self.store.begin(handle, self.ambient.now() + longest)
        persistent = settings["session_cookie"]["mode"] == "persistent"
        seconds = int(longest.total_seconds()) if persistent else None
        return Arrived(handle=handle, seconds=seconds, path=kept["path"])

    def operator(self, caller: Caller, cookie: str) -> Operator:
        """Say who is at the dashboard, or raise SignedOut. One batch of reads, and now and then a write of its use."""
        handle = parse(cookie)
        if handle is None:
            raise signed_out()
        held, now = self.store.held(handle.user_id, handle.id), self.ambient.now()
        person, session = held.person, held.session
        if person is None or session is None or not held.secret_hash or not handle.proves(held.secret_hash):
            raise signed_out()
        if person.blocked or session.generation != person.generation or not session.alive(now):
            raise signed_out()
        return Operator(
            person=person,
            session=self._touched(caller, session),
            memberships=held.memberships,
            form_token=_form_token(handle),
        )

    def demand_form(self, operator: Operator, token: str) -> None:
        """Refuse a form that was not made for this session (S20)."""
        if not hmac.compare_digest(operator.form_token, token if token.isascii() else ""):
            raise Forbidden("This page was old. Nothing was changed.", code="old_page")

    def sign_out(self, caller: Caller, operator: Operator) -> None:
        """End the session, and the browser's in the system tenant with it: else its next click would be let in."""
        person = operator.person
        event = done(self.ambient, caller, user_id=person.user_id, user_name=operator.name, type="slo")
        self.store.end(operator.session, event)

    def notice(self, operator: Operator, text: str, secret: str) -> str:
        """Seal what was done for the page that is shown next, so that nothing else can make it say anything."""
        document = {"text": text, "secret": secret, "session": operator.session.id}
        return self.seals.seal(SYSTEM_TENANT, _NOTICE, document, _NOTICE_LIVES)

    def noticed(self, operator: Operator, sealed: str) -> tuple[str, str]:
        """Read what was done and what is shown this once; nothing, if it is not of this session or of long ago."""
        kept = self.seals.open(SYSTEM_TENANT, _NOTICE, sealed) if sealed else None
        return (kept["text"], kept["secret"]) if kept and kept["session"] == operator.session.id else ("", "")

    def _touched(self, caller: Caller, session: Session) -> Session:
        lifetimes = self._lifetimes()
        if self.ambient.now() - session.touched_at < min(TOUCHED_EVERY, lifetimes.idle / 4):
            return session
        touched = self.sessions.touched(caller, session, CLIENT_ID, lifetimes)
        try:
            self.store.touch(touched)
        except Conflict:
            raise signed_out() from None
        return touched

    def _lifetimes(self) -> Lifetimes:
        return Lifetimes.of(self.tenants.recall_settings(SYSTEM_TENANT))


def _challenge(verifier: str) -> str:
    """Give the S256 challenge of a verifier (RFC 7636, 4.2)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _form_token(handle: Handle) -> str:
    """Make the token of a session's forms of its secret, which only its browser has: nothing else is to be kept."""
    return hmac.new(handle.secret.encode(), b"forms of the dashboard", sha256).hexdigest()
