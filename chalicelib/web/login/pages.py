"""The sign-in pages: for each, what it shows and the function that renders it. Owns no route and decides nothing.

What somebody typed is shown again, except passwords. The fields a page posts are named at its class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from chalicelib.web.login.texts import Said, Text, said, text
from chalicelib.web.pages import Policy, render

if TYPE_CHECKING:
    from chalicelib.web.login.rules import Rule
    from chalicelib.web.login.texts import ConfirmationName, EndingName, MessageName, ScopeKey
    from chalicelib.web.surface import Rendered

Kind: TypeAlias = Literal["ok", "error"]

# Browsers read a backslash as a slash and skip white space, so that "/\host" is another host.
_PATH = re.compile(r"/(?![/\\])[^\s\\]*")
_LINKS = frozenset({"https", "http", "mailto"})
_OK_MESSAGES = frozenset(
    {"email_verified", "impersonation_preview", "password_changed", "signed_out", "unblocked", "verify_email"}
)
_SCOPES: Mapping[str, ScopeKey] = {
    "openid": "scope.openid",
    "profile": "scope.profile",
    "email": "scope.email",
    "offline_access": "scope.offline_access",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """What is around every page of a sign-in: for whom, in which language, and where it may lead.

    `form_targets` are the addresses a POST of the page may be redirected to: the application's callback.
    `in_popup` says that the sign-in ends in a message to the window that opened it (`response_mode=web_message`): all
    its pages must say so, because a browser cuts the two windows apart at the first that does not.
    """

    tenant: str
    language: str = "en"
    tenant_logo: str = ""
    application: str = ""
    application_logo: str = ""
    form_targets: tuple[str, ...] = ()
    in_popup: bool = False

    @property
    def owner(self) -> str:
        """Name whose page it is in the eyes of who reads it."""
        return self.application or self.tenant

    @property
    def logo(self) -> str:
        """Give the one logo that is shown: the application's, else the tenant's. Only https is loaded."""
        logo = self.application_logo or self.tenant_logo
        return logo if logo.startswith("https://") else ""

    @property
    def logo_of(self) -> str:
        """Name whose logo it is."""
        return self.application if self.application_logo else self.tenant


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A way on from a page. Only to a path of ours, a web address or a mailbox."""

    text: Said
    address: str

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.address) and urlsplit(self.address).scheme not in _LINKS:
            raise ValueError(f"{self.address!r} is no address to go on to.")


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginPage:
    """Asks for a name and a password. Posts `state`, `username` and `password`."""

    shell: Shell
    action: str
    state: str
    username_is: Literal["email", "email_or_username"] = "email"
    username: str = ""
    error: Said = ""
    notice: Said = ""
    signup_link: str = ""
    reset_link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignupPage:
    """Asks for a new account's names and password. Posts `state`, `email`, `username` if it asks for one, `password`.

    `username` None asks for none. `errors` stand beside their fields, under their names.
    """

    shell: Shell
    action: str
    state: str
    email: str = ""
    username: str | None = None
    rules: tuple[Rule, ...] = ()
    error: Said = ""
    errors: Mapping[Literal["email", "username", "password"], Said] = field(default_factory=dict)
    login_link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetRequestPage:
    """Asks whose password is forgotten. Posts `state` and `email`.

    `sent` gives the one answer there is, whether or not the address belongs to somebody (S7).
    """

    shell: Shell
    action: str
    state: str
    email: str = ""
    sent: bool = False
    errors: Mapping[Literal["email"], Said] = field(default_factory=dict)
    login_link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ResetPage:
    """Asks for a new password. Posts `state`, `password`, `password_again` and, when ticked, `end_sessions=yes`."""

    shell: Shell
    action: str
    state: str
    email: str = ""
    rules: tuple[Rule, ...] = ()
    error: Said = ""
    errors: Mapping[Literal["password", "password_again"], Said] = field(default_factory=dict)
    end_sessions: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Something an application asks for, in words."""

    name: str
    description: Said


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsentPage:
    """Asks whether an application may have what it asks for. Posts `state` and `decision`: allow or deny."""

    shell: Shell
    action: str
    state: str
    email: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmationPage:
    """Asks before a link from a mail is used: mail scanners open links too, and must not use them (S41)."""

    shell: Shell
    action: str
    state: str
    name: ConfirmationName
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImpersonationPage:
    """Asks before somebody becomes somebody else. The link in `action` is all it posts."""

    shell: Shell
    action: str
    impersonator: str
    user: str
    reason: str
    state: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagePage:
    """Says something, and shows a way on if there is one."""

    shell: Shell
    title: Said
    text: Said
    kind: Kind = "ok"
    link: Link | None = None
    request_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRow:
    """A browser in which the user is signed in. `own` is the one that shows the page."""

    id: str
    own: bool
    browser: Said
    place: str
    ip: str
    began_at: datetime
    used_at: datetime
    applications: tuple[Said, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceRow:
    """An application that stays signed in on a device. `used_at` None says that it never came back yet."""

    id: str
    application: Said
    device: str
    made_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImpersonationRow:
    """Somebody who acted as the user, why and where. `ended_at` None says that it is not over."""

    id: str
    who: str
    reason: str
    application: Said
    began_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivityRow:
    """Something that happened. Where it was is empty where that is not known, or not the user's place."""

    at: datetime
    sentence: Said
    place: str = ""
    ip: str = ""
    browser: Said = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PasswordForm:
    """Asks for the current password and a new one.

    Posts `state`, `current_password`, `password`, `password_again` and, when ticked, `end_sessions=yes`. `username`
    tells password managers whose it is.
    """

    username: str
    rules: tuple[Rule, ...] = ()
    error: Said = ""
    errors: Mapping[Literal["current_password", "password", "password_again"], Said] = field(default_factory=dict)
    end_sessions: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountPage:
    """Shows somebody their own account.

    Its forms post `state`, with `session_id`, `device_id`, `link_id` or a new password. `more_sessions` and
    `more_devices` are not shown. `password` None is a user without one. `older` and `newest` are links into the
    activity.
    """

    shell: Shell
    action: str
    state: str
    name: str
    sessions: tuple[SessionRow, ...] = ()
    devices: tuple[DeviceRow, ...] = ()
    more_sessions: int = 0
    more_devices: int = 0
    others: bool = False
    impersonations: tuple[ImpersonationRow, ...] = ()
    password: PasswordForm | None = None
    activity: tuple[ActivityRow, ...] = ()
    older: str = ""
    newest: str = ""
    notice: Said = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndingPage:
    """Asks before several things end at once, and says which. Posts `state`, `fields`, and that it is `confirmed`."""

    shell: Shell
    action: str
    state: str
    name: EndingName
    back: str
    fields: tuple[tuple[str, str], ...] = ()
    sessions: tuple[SessionRow, ...] = ()
    devices: tuple[DeviceRow, ...] = ()
    more: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class FormPostPage:
    """Takes an authorization response to the callback `action` as a form (OAuth 2.0 Form Post Response Mode)."""

    shell: Shell
    action: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WebMessagePage:
    """Tells an authorization response to the window that frames or opened the page, if it is of `target_origin`."""

    shell: Shell
    target_origin: str
    response: Mapping[str, Any]

    def __post_init__(self) -> None:
        parts = urlsplit(self.target_origin)
        if not parts.netloc or self.target_origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError(f"{self.target_origin!r} is no origin.")


def scope(name: str, description: str = "") -> Scope:
    """Put a scope into words: ours for OpenID Connect's, the API's for its own, else its name."""
    return Scope(name=name, description=Text(_SCOPES[name]) if name in _SCOPES else description or name)


def message(shell: Shell, name: MessageName, *, link: Link | None = None, request_id: str = "") -> MessagePage:
    """Make one of the messages there are texts for."""
    return MessagePage(
        shell=shell,
        title=text(shell.language, f"message.{name}.title"),
        text=text(shell.language, f"message.{name}.text"),
        kind="ok" if name in _OK_MESSAGES else "error",
        link=link,
        request_id=request_id,
    )


def render_login(page: LoginPage, status: int = 200) -> Rendered:
    """Render the page on which people sign in."""
    return _render("login", page, status, policy=_with_logo(page.shell))


def render_signup(page: SignupPage, status: int = 200) -> Rendered:
    """Render the page on which people sign up."""
    typed = {"email": page.email, "username": page.username, "password": ""}
    care = _care(page.shell.language, page.errors, typed)
    return _render("signup", page, status, policy=_with_logo(page.shell), **care)


def render_reset_request(page: ResetRequestPage, status: int = 200) -> Rendered:
    """Render the page that sends a link to choose a new password."""
    care = _care(page.shell.language, page.errors, {"email": ""})
    policy = _without_logo(page.shell) if page.sent else _with_logo(page.shell)
    return _render("reset_request", page, status, policy=policy, **care)


def render_reset(page: ResetPage, status: int = 200) -> Rendered:
    """Render the page behind that link."""
    care = _care(page.shell.language, page.errors, {"password": "", "password_again": ""})
    return _render("reset", page, status, policy=_without_logo(page.shell), **care)


def render_consent(page: ConsentPage, status: int = 200) -> Rendered:
    """Render the page on which people allow or deny an application something."""
    return _render("consent", page, status, policy=_with_logo(page.shell))


def render_confirmation(page: ConfirmationPage, status: int = 200) -> Rendered:
    """Render the question that comes before a link is used."""
    says = partial(text, page.shell.language)
    title, question, submit = (
        says(f"confirmation.{page.name}.{part}", email=page.email) for part in ("title", "text", "submit")
    )
    known = {"title": title, "question": question, "submit": submit}
    return _render("confirmation", page, status, policy=_without_logo(page.shell), **known)


def render_impersonation(page: ImpersonationPage, status: int = 200) -> Rendered:
    """Render the question that comes before an impersonation link is spent."""
    return _render("impersonation", page, status, policy=_without_logo(page.shell))


def render_message(page: MessagePage, status: int = 200) -> Rendered:
    """Render a message."""
    return _render("message", page, status, policy=_without_logo(page.shell))


def render_account(page: AccountPage, status: int = 200) -> Rendered:
    """Render the page on which people look after their own account."""
    password = page.password
    errors = password.errors if password else {}
    care = _care(page.shell.language, errors, {"current_password": "", "password": "", "password_again": ""})
    # Nobody comes for the password alone: the focus goes there only if something is wrong with it.
    focus = care["focus"] if password and (password.error or errors) else ""
    return _render("account", page, status, policy=_without_logo(page.shell), **{**care, "focus": focus})


def render_ending(page: EndingPage) -> Rendered:
    """Render the question that comes before several things end."""
    says = partial(text, page.shell.language)
    known = {part: says(f"ending.{page.name}.{part}") for part in ("title", "text", "submit")}
    return _render("ending", page, 200, policy=_without_logo(page.shell), words=known)


def render_form_post(page: FormPostPage) -> Rendered:
    """Render the form that submits itself to the callback."""
    return _render("form_post", page, 200, policy=Policy(form_targets=(page.action,)))


def render_web_message(page: WebMessagePage) -> Rendered:
    """Render the page that posts its message."""
    policy = Policy(frame_ancestors=(page.target_origin,), keeps_opener=True)
    response = json.dumps(page.response)
    return _render("web_message", page, 200, policy=policy, response=response)


def _care(language: str, problems: Mapping[Any, Said], typed: Mapping[str, str | None]) -> dict[str, Any]:
    """Say what is wrong with each field, and which has the focus: the first that is wrong, else the first empty."""
    errors = {name: said(language, problems.get(name, "")) for name in typed}
    wrong = (name for name, error in errors.items() if error)
    empty = (name for name, value in typed.items() if value == "")
    return {"errors": errors, "focus": [*wrong, *empty][0]}


def _with_logo(shell: Shell) -> Policy:
    return Policy(form_targets=shell.form_targets, https_images=bool(shell.logo), keeps_opener=shell.in_popup)


def _without_logo(shell: Shell) -> Policy:
    """Load nothing from elsewhere: these pages have links and codes in their addresses, or may have (S21)."""
    return Policy(form_targets=shell.form_targets, keeps_opener=shell.in_popup)


def _render(name: str, page: Any, status: int, *, policy: Policy, **further: Any) -> Rendered:
    shell: Shell = page.shell
    context = {
        "page": page,
        "shell": shell,
        "logo": shell.logo if policy.https_images else "",
        "text": partial(text, shell.language),
        "said": partial(said, shell.language),
        **further,
    }
    return render(f"login/{name}.html", context, language=shell.language, policy=policy, status=status)
