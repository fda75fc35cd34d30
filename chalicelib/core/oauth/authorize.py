"""/authorize and what follows it: prove the client, find the session, ask the user what must be asked, answer.

A sign-in under way is kept nowhere: it is sealed into the `state` of the pages, bound to the browser that began it, so
that a stranger cannot finish it nor hand it to somebody (S20).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.core.connections import database_among
from chalicelib.core.errors import Conflict, Gone, Invalid
from chalicelib.core.handles import SECRET_CHARACTERS, digest
from chalicelib.core.oauth.errors import OAuthError, UserBlocked
from chalicelib.core.oauth.requests import AuthorizeError, AuthorizeRequest, parameters, read, redirect_uri_for
from chalicelib.core.oauth.responses import Basis, SendBack
from chalicelib.core.rule_runs import REDIRECTED, Login, RuleDenied
from chalicelib.core.sessions import Lifetimes
from chalicelib.core.sign_ins import Authenticated, SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.clients import Client
    from chalicelib.core.connections import Connection, Connections
    from chalicelib.core.consents import Consents
    from chalicelib.core.entities import EntityStore
    from chalicelib.core.handles import Handle
    from chalicelib.core.logs import LogEvent
    from chalicelib.core.oauth.codes import AuthorizationCode
    from chalicelib.core.oauth.impersonate import Impersonate
    from chalicelib.core.oauth.responses import Responses, Terms
    from chalicelib.core.rule_runs import RuleRuns
    from chalicelib.core.seals import Seals
    from chalicelib.core.sessions import Session, Sessions
    from chalicelib.core.sign_ins import SignIns
    from chalicelib.core.tenants import Tenants
    from chalicelib.core.users import User

UNDER_WAY = timedelta(hours=1)
"""How long a page of a sign-in may be left open."""
_PURPOSE = "authorize"
_ELSEWHERE = "continue"
LOGIN, SIGNUP, CONSENT = "login", "signup", "consent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Browser:
    """What a browser brings: the handle of its session, and the secret that ties it to sign-ins it began.

    `impersonation` is what it will be answered for once, because it followed an impersonation link.
    """

    session: str = ""
    flow: str = ""
    impersonation: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A page must be shown: which, its sealed state, and the browser's secret, to be set again as a cookie."""

    page: str
    state: str
    flow: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """A rule sends the browser elsewhere; it comes back to /continue with the state in the address."""

    address: str
    flow: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """What follows a sign-in: where to go on, and the handle of the new session until its absolute end."""

    outcome: SendBack | Ask | Elsewhere
    handle: Handle
    session: Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Impersonated:
    """An application is answered as the user of the link that this browser followed, which is over with that."""

    answer: SendBack


@dataclass(frozen=True, kw_only=True, slots=True)
class Resumed:
    """What a browser brought back from elsewhere. `once` names the redirect, which is answered once."""

    query: Mapping[str, str]
    body: Mapping[str, str]
    once: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnderWay:
    """A sign-in under way, opened from its state: the request, its client, and where its user may sign in."""

    request: AuthorizeRequest
    client: Client
    state: str


@dataclass(frozen=True, slots=True)
class Authorize:
    """Carries a request for authorization from its arrival to its answer."""

    clients: EntityStore[Client]
    connections: Connections
    tenants: Tenants
    sessions: Sessions
    sign_ins: SignIns
    consents: Consents
    responses: Responses
    impersonate: Impersonate
    rule_runs: RuleRuns
    seals: Seals
    ambient: Ambient

    def begin(
        self, caller: Caller, given: Mapping[str, list[str]], browser: Browser
    ) -> SendBack | Ask | Impersonated | Elsewhere:
        """Answer at once if the session allows it, or say what must be asked first.

        Invalid, for a page, as long as the client is not proven; after that every refusal is sent back to it.
        """
        asked = parameters(given)
        client = self._client(caller.tenant, asked.get("client_id", ""))
        redirect_uri = redirect_uri_for(client, asked.get("redirect_uri"))
        try:
            return self._begin(caller, client, read(asked, client, redirect_uri), browser)
        except AuthorizeError as error:
            return self.responses.refusal(caller.tenant, error)

    def under_way(self, caller: Caller, state: str, browser: Browser) -> UnderWay:
        """Open the state of a page; Invalid if it is old, was changed, or is another browser's."""
        kept = self.seals.open(caller.tenant, _PURPOSE, state)
        if kept is None or kept["flow"] != digest(browser.flow):
            raise expired()
        request = AuthorizeRequest.of(kept["request"])
        return UnderWay(request=request, client=self._client(caller.tenant, request.client_id), state=state)

    def connection_for(self, caller: Caller, under_way: UnderWay) -> Connection:
        """Choose the database where the user has a password.

        The one that was asked for, the tenant's default, or the first that is turned on for the client.
        """
        tenant, request = caller.tenant, under_way.request
        enabled = self.connections.enabled_for(tenant, under_way.client.client_id)
        default = str(self.tenants.recall_settings(tenant)["default_directory"] or "")
        database = database_among(enabled, request.connection, default)
        if database is None:
            raise AuthorizeError("invalid_request", "No connection is enabled for the client.", request)
        return database

    def finish(self, caller: Caller, under_way: UnderWay, proven: Authenticated, browser: Browser) -> Entered:
        """Write the sign-in of a proven user: a new session, whatever the browser had, and the answer with it."""
        request, client = under_way.request, under_way.client
        terms = self.responses.terms(caller.tenant, client, request)
        lifetimes = self._lifetimes(caller.tenant)
        session, handle = self.sessions.begin(caller, proven.user, proven.connection, lifetimes)
        session = replace(session, clients=(client.client_id,), methods=proven.methods)
        event = self.sign_ins.event(caller, client, proven, "s")
        outcome: SendBack | Ask | Elsewhere
        if self._must_consent(caller.tenant, client, request, terms, proven.user):
            outcome, code = self._ask(caller, CONSENT, request, browser), None
        else:
            login = _login(caller, client, request, proven, session, counted=True)
            outcome, code, event = self._judged(login, request, terms, session, event, browser)
        held = self.sessions.held(caller.tenant, browser.session) if browser.session else None
        replaced = held[1] if held else None
        self.sign_ins.enter(caller, client, proven, session, replaced=replaced, code=code, event=event)
        return Entered(outcome=outcome, handle=handle, session=session)

    def consent(
        self, caller: Caller, under_way: UnderWay, browser: Browser, *, allowed: bool
    ) -> SendBack | Ask | Elsewhere:
        """Go on after the user was asked: remember what was allowed, or send the refusal back."""
        request, client = under_way.request, under_way.client
        if not allowed:
            return self.send_refusal(
                caller, under_way, OAuthError("access_denied", "User did not authorize the request")
            )
        try:
            found = self._session(caller, client, request, browser)
            if found is None:
                return self._ask(caller, LOGIN, request, browser)
            user, session = found
            terms = self.responses.terms(caller.tenant, client, request)
            audience = terms.server.identifier if terms.server else ""
            self.consents.give(caller, user, client.client_id, audience, terms.scope)
            return self._answer(caller, client, request, terms, user, session, browser)
        except AuthorizeError as error:
            return self.responses.refusal(caller.tenant, error)

    def resume(self, caller: Caller, state: str, browser: Browser, sent: Resumed) -> SendBack | Ask | Elsewhere:
        """Go on after a rule had sent the browser elsewhere: run the rules once more, and answer.

        Invalid if the state is not of a redirect of this browser; a second use is refused where the answer is written.
        """
        kept = self.seals.open(caller.tenant, _ELSEWHERE, state)
        if kept is None or kept["flow"] != digest(browser.flow):
            raise expired()
        request = AuthorizeRequest.of(kept["request"])
        client = self._client(caller.tenant, request.client_id)
        try:
            found = self._session(caller, client, replace(request, prompt=""), browser)
            if found is None:
                return self._ask(caller, LOGIN, request, browser)
            terms = self.responses.terms(caller.tenant, client, request)
            return self._answer(caller, client, request, terms, *found, browser, replace(sent, once=digest(state)))
        except AuthorizeError as error:
            return self.responses.refusal(caller.tenant, error)
        except Gone:
            raise expired() from None

    def ask_to_sign_in(self, caller: Caller, under_way: UnderWay, browser: Browser) -> Ask:
        """Go back to the login page: the session of somebody who was asked is over."""
        return self._ask(caller, LOGIN, under_way.request, browser)

    def send_refusal(self, caller: Caller, under_way: UnderWay, error: OAuthError) -> SendBack:
        """Send a refusal of the pages back to the application."""
        return self.responses.refusal(caller.tenant, AuthorizeError(error.error, error.description, under_way.request))

    def _begin(
        self, caller: Caller, client: Client, request: AuthorizeRequest, browser: Browser
    ) -> SendBack | Ask | Impersonated | Elsewhere:
        silent = "none" in request.prompts
        if browser.impersonation and not silent:
            answer = self.impersonate.answer(caller, client, request, browser.impersonation)
            if answer is not None:
                return Impersonated(answer=answer)
        terms = self.responses.terms(caller.tenant, client, request)
        found = self._session(caller, client, request, browser)
        if found is None or request.prompts & {"login", "select_account"}:
            if silent:
                raise AuthorizeError("login_required", "Login required", request)
            page = SIGNUP if request.screen_hint == "signup" else LOGIN
            return self._ask(caller, page, request, browser)
        user, session = found
        if self._must_consent(caller.tenant, client, request, terms, user):
            if silent:
                raise AuthorizeError("consent_required", "Consent required", request)
            return self._ask(caller, CONSENT, request, browser)
        try:
            return self._answer(caller, client, request, terms, user, session, browser)
        except Conflict:  # blocked or signed out at this very moment
            if silent:
                raise AuthorizeError("login_required", "Login required", request) from None
            return self._ask(caller, LOGIN, request, browser)

    def _session(
        self, caller: Caller, client: Client, request: AuthorizeRequest, browser: Browser
    ) -> tuple[User, Session] | None:
        """Find a session that this request may use: not over, not too old, of a connection that the client has."""
        found = self.sessions.held(caller.tenant, browser.session)
        if found is None:
            return None
        user, session = found
        if user.blocked:
            if "none" in request.prompts:
                raise AuthorizeError(UserBlocked().error, UserBlocked.DESCRIPTION, request)
            return None
        age = (self.ambient.now() - session.authenticated_at).total_seconds()
        if request.max_age is not None and age > request.max_age:
            return None
        enabled = {each.id: each for each in self.connections.enabled_for(caller.tenant, client.client_id)}
        connection = enabled.get(session.connection_id)
        if connection is None or request.connection not in {"", connection.name, *connection.realms}:
            return None
        return user, session

    def _answer(
        self,
        caller: Caller,
        client: Client,
        request: AuthorizeRequest,
        terms: Terms,
        user: User,
        session: Session,
        browser: Browser,
        resumed: Resumed | None = None,
    ) -> SendBack | Elsewhere:
        """Answer from a session, and record its use."""
        connection = self.connections.demand_enabled(caller.tenant, session.connection_id, client.client_id)
        proven = Authenticated(user=user, connection=connection, methods=session.methods)
        event = self.sign_ins.event(caller, client, proven, "ssa")
        login = _login(caller, client, request, proven, session, resumed=resumed)
        answer, code, event = self._judged(login, request, terms, session, event, browser)
        sign_in = SignIn(
            user=user,
            at=self.ambient.now(),
            ip=caller.ip,
            event=event,
            counted=False,
            session=self.sessions.touched(caller, session, client.client_id, self._lifetimes(caller.tenant)),
            code=code,
            once=resumed.once if resumed else "",
        )
        self.sign_ins.record(caller, sign_in)
        return answer

    def _judged(
        self,
        login: Login,
        request: AuthorizeRequest,
        terms: Terms,
        session: Session,
        event: LogEvent,
        browser: Browser,
    ) -> tuple[SendBack | Elsewhere, AuthorizationCode | None, LogEvent]:
        """Let the tenant's rules judge a sign-in: give the answer, the code in it, and the event of it all.

        A refusal goes back to the application. The session stays: rules run again at the next request.
        """
        caller = login.caller
        try:
            ruled = self.rule_runs.run(login)
        except RuleDenied as denied:
            error = AuthorizeError(denied.error, denied.description, request)
            return self.responses.refusal(caller.tenant, error), None, self.rule_runs.denial(login, denied)
        event = ruled.told(event)
        if ruled.redirect:
            if "none" in request.prompts:
                error = AuthorizeError("interaction_required", "Interaction required", request)
                return self.responses.refusal(caller.tenant, error), None, event
            return self._elsewhere(caller, request, ruled.redirect, browser), None, event
        if ruled.scope is not None:
            terms = replace(terms, scope=ruled.scope)
        basis = Basis.of(login.user, session, ruled.claims)
        answer, code = self.responses.success(caller, login.client, request, terms, basis)
        return answer, code, event

    def _elsewhere(self, caller: Caller, request: AuthorizeRequest, address: str, browser: Browser) -> Elsewhere:
        flow = browser.flow or self.ambient.new_secret(SECRET_CHARACTERS)
        document = {"request": request.document(), "flow": digest(flow), "id": self.ambient.new_id(16)}
        state = self.seals.seal(caller.tenant, _ELSEWHERE, document, UNDER_WAY)
        separator = "&" if "?" in address else "?"
        return Elsewhere(address=f"{address}{separator}{urlencode({'state': state})}", flow=flow)

    def _must_consent(self, tenant: str, client: Client, request: AuthorizeRequest, terms: Terms, user: User) -> bool:
        """Ask for a third party, or where an API or the request insists, unless it was allowed before."""
        insists = terms.server is not None and not terms.server.skip_consent_for_verifiable_first_party_clients
        if "consent" in request.prompts:
            return True
        if client.is_first_party and not insists:
            return False
        audience = terms.server.identifier if terms.server else ""
        return not self.consents.covers(tenant, user.user_id, client.client_id, audience, terms.scope)

    def _ask(self, caller: Caller, page: str, request: AuthorizeRequest, browser: Browser) -> Ask:
        flow = browser.flow or self.ambient.new_secret(SECRET_CHARACTERS)
        # Asking again for what was just done would never end.
        asked = replace(request, prompt=" ".join(sorted(request.prompts - {"login", "select_account"})))
        document = {"request": (asked if page == CONSENT else request).document(), "flow": digest(flow)}
        return Ask(page=page, state=self.seals.seal(caller.tenant, _PURPOSE, document, UNDER_WAY), flow=flow)

    def _client(self, tenant: str, client_id: str) -> Client:
        if not client_id:
            raise Invalid("Missing required parameter: client_id", code="invalid_request")
        client = self.clients.recall(tenant, client_id)
        if client is None or client.is_global:
            raise Invalid(f"Unknown client: {client_id[:64]}", code="invalid_request")
        return client

    def _lifetimes(self, tenant: str) -> Lifetimes:
        return Lifetimes.of(self.tenants.recall_settings(tenant))


def expired() -> Invalid:
    """Say that a sign-in under way is over, was changed, or is another browser's."""
    return Invalid(
        "This sign-in has expired, or was begun in another browser. Go back to the application and try again.",
        code="expired_state",
    )


def _login(
    caller: Caller,
    client: Client,
    request: AuthorizeRequest,
    proven: Authenticated,
    session: Session,
    *,
    counted: bool = False,
    resumed: Resumed | None = None,
) -> Login:
    """Describe a browser's sign-in to rules."""
    protocol = _PROTOCOLS.get(request.wants, "oidc-hybrid-profile" if "code" in request.wants else _IMPLICIT)
    asked = {name: str(value) for name, value in request.document().items() if value not in {None, ""}}
    return Login(
        caller=caller,
        client=client,
        connection=proven.connection,
        user=proven.user,
        protocol=REDIRECTED if resumed else protocol,
        original_protocol=protocol if resumed else "",
        authenticated_at=session.authenticated_at,
        methods=proven.methods,
        session_id=session.id,
        clients=() if counted else session.clients,
        query=resumed.query if resumed else asked,
        body=resumed.body if resumed else {},
        counted=counted,
        may_redirect=True,
    )


_IMPLICIT = "oidc-implicit-profile"
_PROTOCOLS = {frozenset({"code"}): "oidc-basic-profile"}
