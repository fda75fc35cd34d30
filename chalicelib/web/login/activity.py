"""Recent activity: a user's own history in words that people understand. One sentence for each type of event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.core.account_page import OTHERS
from chalicelib.core.custom_accounts import BROUGHT
from chalicelib.web.login.pages import ActivityRow
from chalicelib.web.login.rows import browser_name
from chalicelib.web.login.texts import Text, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.core.logs import LogEvent
    from chalicelib.web.login.texts import ActivityKey

SENTENCES: Mapping[str, ActivityKey] = {
    "sapi": "activity.sapi",
    "s": "activity.s",
    "ssa": "activity.ssa",
    "f": "activity.f",
    "fp": "activity.fp",
    "limit_wc": "activity.limit_wc",
    "slo": "activity.slo",
    "seacft": "activity.seacft",
    "feacft": "activity.feacft",
    "sertft": "activity.sertft",
    "ferrt": "activity.ferrt",
    "sepft": "activity.sepft",
    "srrt": "activity.srrt",
    "ss": "activity.ss",
    "sv": "activity.sv",
    "fv": "activity.fv",
    "svr": "activity.svr",
    "scp": "activity.scp",
    "fcp": "activity.fcp",
    "scpr": "activity.scpr",
    "fcpr": "activity.fcpr",
    "sce": "activity.sce",
    "scu": "activity.scu",
    "ublkdu": "activity.ublkdu",
    "fn": "activity.fn",
    "simp": "activity.simp",
    "simpu": "activity.simpu",
    "simpa": "activity.simpa",
    "simps": "activity.simps",
    "simpr": "activity.simpr",
    "simpe": "activity.simpe",
    "fimp": "activity.fimp",
}
"""What says each type of event that lies with its user. Of any other it is said that something happened."""


def sentence(event: LogEvent, application: Callable[[LogEvent], str]) -> Text:
    """Say in one sentence what an event of the user's means. `application` names where it happened, if that is said."""
    key = _key(event)
    english = texts("en")[key]
    application_named = {"application": application(event)} if "{application}" in english else {}
    impersonator_named = {"who": _impersonator(event)} if "{who}" in english else {}
    return Text(key, {**application_named, **impersonator_named})


def entry(event: LogEvent, application: Callable[[LogEvent], str]) -> ActivityRow:
    """Make the line of an event. Where a program of the tenant's did it, from where is none of the user's business."""
    seen = not _by_program(event)
    place = event.location_info
    names = (place.get("city_name", ""), place.get("country_name", ""))
    return ActivityRow(
        at=event.date,
        sentence=sentence(event, application),
        place=", ".join(name for name in names if name) if seen else "",
        ip=event.ip if seen else "",
        browser=browser_name(event.user_agent) if seen and event.user_agent else "",
    )


def _key(event: LogEvent) -> ActivityKey:
    if BROUGHT in event.details:
        return "activity.ss_brought" if event.type == "ss" else "activity.sapi"
    if event.type == "sapi" and not _by_program(event):
        return "activity.sapi_own"
    if event.type == "slo" and "ended" in event.details:
        return "activity.slo_others" if event.details["ended"] == OTHERS else "activity.slo_other"
    return SENTENCES.get(event.type, "activity.other")


def _impersonator(event: LogEvent) -> str:
    """Name whoever acted as the user, or was to."""
    return str(event.details.get("impersonation", {}).get("impersonator", {}).get("email", ""))


def _by_program(event: LogEvent) -> bool:
    """Whether a token did it that is not the user's own."""
    subject = event.details.get("request", {}).get("auth", {}).get("subject", "")
    return bool(subject) and subject != event.user_id
