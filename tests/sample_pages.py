"""Every sign-in page as a person may meet it: with nothing that is optional, and with all of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from chalicelib.core.password_strength import STRENGTHS
from chalicelib.web.login import pages
from chalicelib.web.login.pages import Link, Shell
from chalicelib.web.login.rules import password_rules
from chalicelib.web.login.texts import Text
from chalicelib.web.surface import Rendered

CALLBACK = "https://shop.example/callback"
LOGO = "https://cdn.example/logo.svg"
BARE = Shell(tenant="acme")
FULL = Shell(
    tenant="Acme Inc.",
    tenant_logo=LOGO,
    application="Northwind Shop",
    application_logo=LOGO,
    form_targets=(CALLBACK,),
)
EMAIL = "ann@example.com"
RULES = password_rules(STRENGTHS["excellent"])
JUDGED = password_rules(STRENGTHS["excellent"], "aaaa")
WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FORM = {"action": "/u/form", "state": "sealed"}


def login(shell: Shell) -> Rendered:
    return pages.render_login(pages.LoginPage(shell=shell, **FORM))


def login_with_all(shell: Shell) -> Rendered:
    page = pages.LoginPage(
        shell=shell,
        **FORM,
        username_is="email_or_username",
        username=EMAIL,
        error=Text("error.wrong_credentials"),
        notice=Text("notice.sign_in_again"),
        signup_link="/u/signup",
        reset_link="/u/reset",
    )
    return pages.render_login(page, 400)


def signup(shell: Shell) -> Rendered:
    return pages.render_signup(pages.SignupPage(shell=shell, **FORM))


def signup_with_all(shell: Shell) -> Rendered:
    page = pages.SignupPage(
        shell=shell,
        **FORM,
        email=EMAIL,
        username="ann b",
        rules=JUDGED,
        error=Text("error.signup_refused"),
        errors={
            "username": Text("error.username_invalid", {"min": 1, "max": 15}),
            "password": Text("error.password_weak"),
        },
        login_link="/u/login",
    )
    return pages.render_signup(page, 400)


def signup_with_rules(shell: Shell) -> Rendered:
    return pages.render_signup(pages.SignupPage(shell=shell, **FORM, rules=RULES, login_link="/u/login"))


def reset_request(shell: Shell) -> Rendered:
    return pages.render_reset_request(pages.ResetRequestPage(shell=shell, **FORM))


def reset_request_with_all(shell: Shell) -> Rendered:
    errors = {"email": Text("error.email_invalid")}
    page = pages.ResetRequestPage(shell=shell, **FORM, email="ann", errors=errors, login_link="/u/login")
    return pages.render_reset_request(page, 400)


def reset_sent(shell: Shell) -> Rendered:
    page = pages.ResetRequestPage(shell=shell, **FORM, email=EMAIL, sent=True, login_link="/u/login")
    return pages.render_reset_request(page)


def reset(shell: Shell) -> Rendered:
    return pages.render_reset(pages.ResetPage(shell=shell, **FORM, end_sessions=False))


def reset_with_all(shell: Shell) -> Rendered:
    page = pages.ResetPage(
        shell=shell,
        **FORM,
        email=EMAIL,
        rules=RULES,
        errors={"password_again": Text("error.passwords_differ")},
    )
    return pages.render_reset(page, 400)


def consent(shell: Shell) -> Rendered:
    return pages.render_consent(pages.ConsentPage(shell=shell, **FORM, email=EMAIL, scopes=()))


def consent_with_all(shell: Shell) -> Rendered:
    names = ("openid", "profile", "email", "offline_access", "read:orders")
    scopes = tuple(pages.scope(name, "Read your orders") for name in names)
    return pages.render_consent(pages.ConsentPage(shell=shell, **FORM, email=EMAIL, scopes=scopes))


def confirmation(shell: Shell) -> Rendered:
    page = pages.ConfirmationPage(shell=shell, **FORM, name="verify_email", email=EMAIL)
    return pages.render_confirmation(page)


def impersonation(shell: Shell) -> Rendered:
    page = pages.ImpersonationPage(
        shell=shell, action="/u/impersonate?link=secret", impersonator="jane@support.example", user=EMAIL, reason=""
    )
    return pages.render_impersonation(page)


def impersonation_with_all(shell: Shell) -> Rendered:
    page = pages.ImpersonationPage(
        shell=shell,
        action="/u/impersonate?link=secret",
        impersonator="jane.of.the.night.shift@customer-support.example",
        user="ann.with.quite.a.long.name@subsidiary.example",
        reason=f"Ticket 4711: {'the cart is empty, ' * 26}"[:500],
    )
    return pages.render_impersonation(page)


def message(shell: Shell) -> Rendered:
    return pages.render_message(pages.message(shell, "signed_out"))


def message_with_all(shell: Shell) -> Rendered:
    link = Link(text="Northwind Shop", address="https://shop.example/")
    return pages.render_message(pages.message(shell, "blocked", link=link, request_id="c6af9ac6-7b61"), 403)


SESSIONS = (
    pages.SessionRow(
        id="ses_1",
        own=True,
        browser=Text("browser.on_system", {"browser": "Firefox", "system": "Windows"}),
        place="Ghent, Belgium",
        ip="203.0.113.7",
        began_at=WHEN,
        used_at=WHEN,
        applications=("Northwind Shop", Text("browser.gone_application")),
    ),
    pages.SessionRow(
        id="ses_2",
        own=False,
        browser=Text("browser.unknown"),
        place="",
        ip="2001:db8:1234:5678:9abc:def0:1234:5678",
        began_at=WHEN,
        used_at=WHEN,
    ),
)
DEVICES = (
    pages.DeviceRow(id="dcr_1", application="Northwind Shop", device="Ann's telephone", made_at=WHEN, used_at=WHEN),
    pages.DeviceRow(id="dcr_2", application=Text("browser.gone_application"), device="W" * 60, made_at=WHEN),
)


def account(shell: Shell) -> Rendered:
    return pages.render_account(pages.AccountPage(shell=shell, **FORM, name="", sessions=SESSIONS[:1]))


def account_without_a_fault(shell: Shell) -> Rendered:
    page = pages.AccountPage(
        shell=shell,
        **FORM,
        name=EMAIL,
        sessions=SESSIONS,
        devices=DEVICES,
        others=True,
        password=pages.PasswordForm(username=EMAIL, rules=RULES),
    )
    return pages.render_account(page)


def account_with_all(shell: Shell) -> Rendered:
    password = pages.PasswordForm(
        username=EMAIL,
        rules=JUDGED,
        errors={
            "current_password": Text("error.current_password_wrong"),
            "password": Text("error.password_weak"),
        },
    )
    activity = (
        pages.ActivityRow(
            at=WHEN,
            sentence=Text("activity.s", {"application": "Northwind Shop"}),
            place="Ghent, Belgium",
            ip="203.0.113.7",
            browser="Firefox",
        ),
        pages.ActivityRow(at=WHEN, sentence=Text("activity.sapi")),
    )
    page = pages.AccountPage(
        shell=shell,
        **FORM,
        name=EMAIL,
        sessions=SESSIONS,
        devices=DEVICES,
        more_sessions=3,
        more_devices=4,
        others=True,
        impersonations=(
            pages.ImpersonationRow(
                id="iml_1",
                who="jane@support.example",
                reason="Ticket 4711: the cart is empty",
                application="Northwind Shop",
                began_at=WHEN,
            ),
            pages.ImpersonationRow(
                id="iml_2", who="joe@support.example", reason="", application="Shop", began_at=WHEN, ended_at=WHEN
            ),
        ),
        password=password,
        activity=activity,
        older="/u/account?older=1#activity",
        newest="/u/account#activity",
        notice=Text("notice.account_device"),
    )
    return pages.render_account(page, 400)


def ending(shell: Shell) -> Rendered:
    page = pages.EndingPage(shell=shell, **FORM, name="others", back="/u/account", sessions=SESSIONS[1:])
    return pages.render_ending(page)


def ending_with_all(shell: Shell) -> Rendered:
    page = pages.EndingPage(
        shell=shell,
        **FORM,
        name="session",
        back="/u/account",
        fields=(("session_id", "ses_1"),),
        sessions=SESSIONS,
        devices=DEVICES,
        more=7,
    )
    return pages.render_ending(page)


def form_post(shell: Shell) -> Rendered:
    page = pages.FormPostPage(shell=shell, action=CALLBACK, fields=(("code", "c0de"), ("state", '"><i>')))
    return pages.render_form_post(page)


def web_message(shell: Shell) -> Rendered:
    response = {"code": "c0de", "state": "</p>'\"&"}
    return pages.render_web_message(
        pages.WebMessagePage(shell=shell, target_origin="https://shop.example", response=response)
    )


SAMPLES: dict[str, Callable[[Shell], Rendered]] = {
    sample.__name__: sample
    for sample in (
        login,
        login_with_all,
        signup,
        signup_with_all,
        signup_with_rules,
        reset_request,
        reset_request_with_all,
        reset_sent,
        reset,
        reset_with_all,
        consent,
        consent_with_all,
        confirmation,
        impersonation,
        impersonation_with_all,
        account,
        account_without_a_fault,
        account_with_all,
        ending,
        ending_with_all,
        message,
        message_with_all,
        form_post,
        web_message,
    )
}


def each_way() -> list[tuple[str, Shell]]:
    """List every page with a bare and with a full shell. Two of them need an application to be about."""
    about = ("consent", "impersonation")
    bare = {name: replace(BARE, application="Shop") if name.startswith(about) else BARE for name in SAMPLES}
    return [*bare.items(), *((name, FULL) for name in SAMPLES)]
