"""Mails to users: what a message is, and how each of ours is put together as text and as HTML. Sends nothing itself.

Nothing that a stranger can choose is in them but the address they go to: not the name of the user, who may have signed
up somebody else, nor a browser's own description of itself. A tenant's name and a place are escaped.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Protocol

from chalicelib.core.accounts import email_address
from chalicelib.core.errors import Invalid
from chalicelib.core.mail_texts import DEFAULT_LANGUAGE, WORDINGS, WORDS

MAX_SUBJECT = 300
_BREAKS = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Kinds of characters that end a header's line, or that no encoding can carry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """One message to one address, as text and as HTML. `kind` is which of ours it is, for the log and for counting."""

    to: str
    subject: str
    text: str
    html: str
    kind: str

    def __post_init__(self) -> None:
        """Refuse what could become a second header, or a second address."""
        email_address(self.to)
        if breaks(self.to):
            raise Invalid("The address of a mail is one line.", code="invalid_mail")
        if not self.subject or len(self.subject) > MAX_SUBJECT or breaks(self.subject):
            raise Invalid(
                f"The subject of a mail is one line of at most {MAX_SUBJECT} characters.", code="invalid_mail"
            )


class Mailer(Protocol):
    """What carries mails away."""

    def send(self, tenant: str, mail: Mail) -> None:
        """Hand a mail over for delivery, or raise Unavailable: the caller says whether that stops what is under way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """Whom to write to, in which language, and the tenant by the name that its users know."""

    address: str
    tenant_name: str
    language: str = DEFAULT_LANGUAGE


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """When and from where something was done. `place` and `device` are ours to say, such as "Ghent, Belgium"."""

    when: datetime
    place: str = ""
    ip: str = ""
    device: str = ""


def verify_email(recipient: Recipient, link: str, lifetime: timedelta) -> Mail:
    """Ask somebody to prove an address by opening a link."""
    return _compose("verify_email", recipient, link=link, lifetime=lifetime)


def change_password(recipient: Recipient, link: str, lifetime: timedelta) -> Mail:
    """Give somebody the link by which a new password is set."""
    return _compose("change_password", recipient, link=link, lifetime=lifetime)


def password_changed(recipient: Recipient, occasion: Occasion) -> Mail:
    """Tell that the password was changed (S14)."""
    return _compose("password_changed", recipient, occasion)


def email_changed(recipient: Recipient, occasion: Occasion) -> Mail:
    """Tell the address that was given up that it was (S14). The new one is not in it: it may be somebody else's."""
    return _compose("email_changed", recipient, occasion)


def impersonated(recipient: Recipient, occasion: Occasion) -> Mail:
    """Tell that somebody signed in as them. Who and why is in their history, and not in a mail."""
    return _compose("impersonated", recipient, occasion)


def second_factor_changed(recipient: Recipient, occasion: Occasion) -> Mail:
    """Tell that the second step of signing in was changed (S14)."""
    return _compose("second_factor_changed", recipient, occasion)


def unblock(recipient: Recipient, occasion: Occasion, link: str, lifetime: timedelta) -> Mail:
    """Tell of too many failed attempts, and give the link that allows more."""
    return _compose("unblock", recipient, occasion, link=link, lifetime=lifetime)


def new_place(recipient: Recipient, occasion: Occasion, link: str, lifetime: timedelta) -> Mail:
    """Tell of a sign-in from a new place (S14), with the link by which a new password is set, if there is one."""
    kind = "new_place" if link else "new_place_without_link"
    return _compose(kind, recipient, occasion, link=link, lifetime=lifetime)


def blocked(recipient: Recipient) -> Mail:
    """Tell that the account was blocked."""
    return _compose("blocked", recipient)


def language_of(*tags: str) -> str:
    """Choose the language of the first tag, such as `de-AT`, that we speak; English when there is none."""
    spoken = (tag.replace("_", "-").partition("-")[0].lower() for tag in tags)
    return next((language for language in spoken if language in WORDINGS), DEFAULT_LANGUAGE)


def breaks(text: str) -> bool:
    """Say whether a text is more than one line, or no text at all."""
    return any(unicodedata.category(character) in _BREAKS for character in text)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Content:
    """A mail in one language, before it is text or HTML. `facts` are labels with what they stand for."""

    language: str
    subject: str
    opening: str
    facts: tuple[tuple[str, str], ...]
    lead: str
    link: str
    button: str
    closing: str


def _compose(
    kind: str,
    recipient: Recipient,
    occasion: Occasion | None = None,
    *,
    link: str = "",
    lifetime: timedelta = timedelta(),
) -> Mail:
    language = language_of(recipient.language)
    wording = WORDINGS[language][kind]
    # Only the wordings are templates. A value with braces is a value with braces.
    values = {
        "tenant": recipient.tenant_name,
        "address": recipient.address,
        "lifetime": _duration(lifetime, language),
    }
    content = _Content(
        language=language,
        subject=wording.subject.format(**values),
        opening=wording.opening.format(**values),
        facts=_facts(occasion, language) if occasion else (),
        lead=wording.lead.format(**values),
        link=link,
        button=wording.button,
        closing=wording.closing.format(**values),
    )
    return Mail(to=recipient.address, subject=content.subject, text=_text(content), html=_html(content), kind=kind)


def _facts(occasion: Occasion, language: str) -> tuple[tuple[str, str], ...]:
    words = WORDS[language]
    facts = (
        (words.when, f"{occasion.when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"),
        (words.place, occasion.place),
        (words.ip, occasion.ip),
        (words.device, occasion.device),
    )
    return tuple((label, " ".join(value.split())) for label, value in facts if value)


def _duration(lifetime: timedelta, language: str) -> str:
    """Say how long, in the largest unit that is exact."""
    words, minutes = WORDS[language], int(lifetime.total_seconds()) // 60
    for size, unit in ((24 * 60, words.days), (60, words.hours), (1, words.minutes)):
        if minutes >= size and minutes % size == 0:
            count = minutes // size
            return f"{count} {unit[count != 1]}"
    return f"0 {words.minutes[1]}"


def _text(content: _Content) -> str:
    facts = "\n".join(f"{label}: {value}" for label, value in content.facts)
    parts = (content.opening, facts, content.lead, content.link, content.closing)
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(content: _Content) -> str:
    facts = "<br>".join(f"{escape(label)}: {escape(value)}" for label, value in content.facts)
    parts = (escape(content.opening), facts, escape(content.lead), _buttons(content), escape(content.closing))
    body = "\n".join(f"<p>{part}</p>" for part in parts if part)
    return _PAGE.format(language=content.language, title=escape(content.subject), body=body)


def _buttons(content: _Content) -> str:
    if not content.link:
        return ""
    plain = WORDS[content.language].plain_link
    return _LINK.format(link=escape(content.link), button=escape(content.button), plain=escape(plain))


# Mail programs know little CSS and load nothing for us; what is left to them follows their own light or dark.
_PAGE = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body style="margin:0;padding:24px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:32em;margin:0 auto">
<h1 style="font-size:20px;line-height:1.3">{title}</h1>
{body}
</div>
</body>
</html>
"""
_LINK = """\
<a href="{link}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#1f4fd8;color:#ffffff;\
text-decoration:none">{button}</a></p>
<p style="font-size:14px">{plain}<br><a href="{link}" style="word-break:break-all">{link}</a>"""
