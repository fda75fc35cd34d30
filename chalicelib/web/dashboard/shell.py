"""What every page of the dashboard has around it, and the ways in which a view answers: a page, or what was done."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from chalicelib.core.account_page import SignedOut
from chalicelib.core.dashboard_sign_in import HOME
from chalicelib.core.errors import Forbidden
from chalicelib.core.roles import CREATE_TENANTS
from chalicelib.core.tenants import SYSTEM_TENANT
from chalicelib.core.throttles import LimitReached
from chalicelib.web import cookies
from chalicelib.web.dashboard.addresses import SECTIONS, START, within
from chalicelib.web.dashboard.door import DashboardDoor, Visitor, WrongHost
from chalicelib.web.dashboard.portraits import Portrait, portrait_of
from chalicelib.web.decoding import path_parameter
from chalicelib.web.forms import redirect, with_cookies
from chalicelib.web.pages import STRICT, Policy, render
from chalicelib.web.surface import PAGE, Incoming, Refused, Rendered, Surface

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalice.app import Request as HttpRequest

    from chalicelib.core.callers import Caller
    from chalicelib.core.gatehouse import Core
    from chalicelib.web.surface import Endpoint

_A_YEAR = 31_536_000
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A step of the breadcrumbs, or a line of the navigation. `current` is where one is."""

    title: str
    address: str
    icon: str = ""
    current: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantLink:
    """A line of the list of one's tenants."""

    name: str
    role: str
    address: str
    current: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """What is around a page: of which tenant, for whom, and what was done just now. Empty for nobody."""

    tenant: str = ""
    tenant_title: str = ""
    role: str = ""
    person: str = ""
    portrait: Portrait | None = None
    navigation: tuple[Link, ...] = ()
    tenants: tuple[TenantLink, ...] = ()
    may_create_tenants: bool = False
    form_token: str = ""
    notice: str = ""
    secret: str = ""


def dashboard_surface(noun: str) -> Surface:
    """Make the surface of a module: with the dashboard's door, and refusals that are pages of the dashboard."""
    return Surface(f"dashboard {noun}", shape=PAGE, refusal=refuse, door=DashboardDoor())


def visitor_of(incoming: Incoming[Any, Any]) -> Visitor:
    """Say who looks at a page."""
    return cast("Visitor", incoming.visitor)


def page(
    incoming: Incoming[Any, Any],
    template: str,
    *,
    title: str,
    section: str = "",
    crumbs: Sequence[tuple[str, str]] = (),
    status: int = 200,
    policy: Policy = STRICT,
    **shown: Any,
) -> Rendered:
    """Answer with a page. `section` is its place in the navigation; `crumbs` are the pages above it, with addresses."""
    frame = _Frame(incoming.core, incoming.caller, incoming.http, incoming.endpoints, visitor_of(incoming))
    return frame.rendered(template, title, section, crumbs, status=status, policy=policy, shown=shown)


def done(incoming: Incoming[Any, Any], said: str, address: str, *, secret: str = "") -> Rendered:
    """Lead on to a page that says once, at its top, what was done; with a `secret` that is shown this once."""
    sealed = incoming.core.dashboard_sign_in.notice(visitor_of(incoming).operator, said, secret)
    return with_cookies(redirect(address), cookies.kept(cookies.DASHBOARD_NOTICE, sealed, seconds=300))


def refuse(refused: Refused) -> Rendered:
    """Show a refusal as a page; whoever is not signed in is sent to sign in, and comes back to where they wanted."""
    visitor, core = refused.visitor, refused.core
    if isinstance(refused.error, WrongHost) and refused.caller.tenant == core.hosts.default_tenant:
        return redirect(core.hosts.issuer(SYSTEM_TENANT).removesuffix("/") + _wanted(refused.http))
    if isinstance(refused.error, SignedOut) and refused.http.method in {"GET", "HEAD"}:
        return sign_in(core, refused.http, _wanted(refused.http))
    title, text = _words(refused)
    known = visitor if visitor is not None and visitor.belongs else visitor and replace(visitor, tenant="")
    frame = _Frame(core, refused.caller, refused.http, refused.endpoints, known)
    request_id = refused.caller.request_id if refused.error is None else ""
    shown = {"text": text, "request_id": request_id, "home": HOME}
    return frame.rendered("dashboard/refused.html", title, "", (), status=int(refused.status), shown=shown)


def sign_in(core: Core, http: HttpRequest, path: str) -> Rendered:
    """Send a browser to sign in, and afterwards to a page of the dashboard."""
    (flow,) = cookies.read(http, cookies.DASHBOARD_FLOW)
    begun = core.dashboard_sign_in.begin(flow, path)
    return with_cookies(redirect(begun.address), cookies.kept(cookies.DASHBOARD_FLOW, begun.flow, seconds=None))


def _wanted(http: HttpRequest) -> str:
    """Give the path that was asked for, with its query: without the stage that a deployment puts before it."""
    parameters, sent = http.uri_params or {}, http.query_params
    path = _PARAMETER.sub(
        lambda found: quote(path_parameter(parameters[found[1]]), safe=""), str(http.context["resourcePath"])
    )
    query = {name: sent.getlist(name) for name in sent} if sent else {}
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def _words(refused: Refused) -> tuple[str, str]:
    """Say what went wrong: a title and a sentence."""
    if isinstance(refused.error, SignedOut):
        return "You are signed out", "Sign in in another tab, come back here with the Back button, and try again."
    if refused.error is None:
        return "Something went wrong", "It is our fault and not yours. Try again; if it happens again, tell us the id."
    if isinstance(refused.error, LimitReached):
        return "Too many requests", "Wait a minute and try again."
    if refused.code == "old_page":
        return "This page was old", "Nothing was changed. Go back, reload the page, and try again."
    if isinstance(refused.error, Forbidden) and refused.code == Forbidden.code:
        return "Your role does not allow this", "Ask an owner of the tenant to do it, or to give you another role."
    title = _TITLES.get(refused.status, "That did not work")
    return title, refused.message


_TITLES = {
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.CONFLICT: "That is not possible now",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available right now",
}


@dataclass(frozen=True)
class _Frame:
    """All that is known of a request when its page is framed."""

    core: Core
    caller: Caller
    http: HttpRequest
    endpoints: tuple[Endpoint, ...]
    visitor: Visitor | None

    @cached_property
    def pages(self) -> Mapping[str, tuple[str, ...]]:
        """The scopes that open each page, by its path: looked up for every line of the navigation."""
        return {each.path: each.scopes for each in self.endpoints if each.method == "GET"}

    def rendered(
        self,
        template: str,
        title: str,
        section: str,
        crumbs: Sequence[tuple[str, str]],
        *,
        status: int,
        shown: dict[str, Any],
        policy: Policy = STRICT,
    ) -> Rendered:
        shell = self.shell(section)
        steps = tuple(Link(title=step, address=address) for step, address in crumbs)
        context = {"shell": shell, "title": title, "crumbs": steps, "may": self.may, "opens": self.opens, **shown}
        answer = render(template, context, language="en", policy=policy, status=status)
        return with_cookies(answer, *kept) if (kept := list(self.kept(shell))) else answer

    def shell(self, section: str) -> Shell:
        if self.visitor is None:
            return Shell()
        operator, tenant = self.visitor.operator, self.visitor.tenant
        notice, secret = self.core.dashboard_sign_in.noticed(operator, self._cookie(cookies.DASHBOARD_NOTICE))
        roles = operator.memberships.roles
        return Shell(
            tenant=tenant,
            tenant_title=tenant and str(self.core.tenants.recall_settings(tenant)["friendly_name"] or tenant),
            role=roles.get(tenant, ""),
            person=operator.name,
            portrait=portrait_of(operator.person),
            navigation=tuple(self.navigation(tenant, section)) if tenant else (),
            tenants=tuple(
                TenantLink(name=name, role=roles[name], address=within(name), current=name == tenant)
                for name in sorted(roles)
            ),
            may_create_tenants=operator.memberships.owns_any,
            form_token=operator.form_token,
            notice=notice,
            secret=secret,
        )

    def navigation(self, tenant: str, current: str) -> list[Link]:
        """List the sections that have a page which the caller's scopes open."""
        return [
            Link(
                title=section.title,
                address=within(tenant, section.name),
                icon=section.name,
                current=section.name == current,
            )
            for section in SECTIONS
            if self.opens(section.name)
        ]

    def opens(self, page: str) -> bool:
        """Whether there is such a page of a tenant, and the caller's scopes open it."""
        scopes = self.pages.get(f"{START}/{page}")
        return scopes is not None and self.may(*scopes)

    def may(self, *scopes: str) -> bool:
        """Whether the caller holds one of these scopes: so that nobody is shown a button that would be refused."""
        return not scopes or not self.caller.scopes.isdisjoint(scopes)

    def kept(self, shell: Shell) -> Sequence[str]:
        """Give the cookies that change with a page: a notice is said once, and the tenant is where one comes back."""
        changes = []
        if shell.person and self._cookie(cookies.DASHBOARD_NOTICE):
            changes.append(cookies.dropped(cookies.DASHBOARD_NOTICE))
        if shell.tenant and self._cookie(cookies.DASHBOARD_TENANT) != shell.tenant:
            changes.append(cookies.kept(cookies.DASHBOARD_TENANT, shell.tenant, seconds=_A_YEAR))
        return changes

    def _cookie(self, name: str) -> str:
        (value,) = cookies.read(self.http, name)
        return value


def may_create_tenants(caller: Caller) -> bool:
    """Whether somebody on a page of no tenant may make one."""
    return CREATE_TENANTS in caller.scopes
