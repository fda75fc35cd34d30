"""/api/v2/log-seals: whether history is what was written, and all of it. The names are ours: Auth0 has none for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.core.log_verification import Checkpoint
from chalicelib.web.schemas import moment
from chalicelib.web.surface import Incoming, Nothing, Surface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.log_seals import LogSeal
    from chalicelib.core.log_verification import Finding, Verification

surface = Surface("log-seals")

Position = Annotated[
    str,
    Meta(
        max_length=112,
        pattern=r"^[0-9]{13}[0-9a-f]{24}-[0-9]{1,9}-([0-9a-f]{64})?$(?!\n)",
        description="Where to go on: `next` of the answer before.",
    ),
]


class LogSealAnswer(msgspec.Struct, kw_only=True):
    """What is stated of a time."""

    id: str
    number: int
    since: str
    until: str
    sealed_at: str
    events: int


class FindingAnswer(msgspec.Struct, kw_only=True):
    """One thing that is not as it was written."""

    kind: str
    seal: int | UnsetType = UNSET
    log_id: str | UnsetType = UNSET
    minute: str | UnsetType = UNSET
    count: int | UnsetType = UNSET


class ChainAnswer(msgspec.Struct, kw_only=True):
    """The seals of the last two days, the newest first, and what is wrong with them."""

    intact: bool
    sealed_until: str | UnsetType = UNSET
    findings: list[FindingAnswer]
    log_seals: list[LogSealAnswer]


class VerificationAnswer(msgspec.Struct, kw_only=True):
    """What a look at the events of a seal found. With `next` there are more: ask again with it as `from`."""

    id: str
    number: int | UnsetType = UNSET
    since: str
    until: str
    sealed_at: str | UnsetType = UNSET
    intact: bool
    events: int
    removed_with_users: int
    expired_minutes: int
    findings: list[FindingAnswer]
    next: str | UnsetType = UNSET


class VerificationQuery(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Where to go on."""

    from_: Position | None = msgspec.field(name="from", default=None)

    def checkpoint(self) -> Checkpoint | None:
        """Read it."""
        if self.from_ is None:
            return None
        log_id, count, digest = self.from_.split("-")
        return Checkpoint(log_id, int(count), digest)


@surface.endpoint(
    "GET", "/api/v2/log-seals", summary="Verify the log seals of two days", scopes=("read:logs",), answer=ChainAnswer
)
def list_log_seals(incoming: Incoming[Nothing, None]) -> ChainAnswer:
    """List seals and look at whether all are there, as they were written."""
    chain = incoming.core.log_verification.chain(incoming.caller)
    return ChainAnswer(
        intact=not chain.findings,
        sealed_until=moment(chain.sealed_until) if chain.sealed_until else UNSET,
        findings=_findings(chain.findings),
        log_seals=[_seal(seal) for seal in chain.seals],
    )


@surface.endpoint(
    "GET",
    "/api/v2/log-seals/{seal_id}",
    summary="Verify the log events of a seal",
    scopes=("read:logs",),
    query=VerificationQuery,
    answer=VerificationAnswer,
)
def verify_log_seal(incoming: Incoming[VerificationQuery, None], seal_id: str) -> VerificationAnswer:
    """Compare the events with what was sealed. `unsealed` as the id looks at those that no seal covers yet."""
    found = incoming.core.log_verification.verify(incoming.caller, seal_id, incoming.query.checkpoint())
    return _verification(seal_id, found)


def _verification(seal_id: str, found: Verification) -> VerificationAnswer:
    return VerificationAnswer(
        id=seal_id,
        number=found.seal.number if found.seal else UNSET,
        since=moment(found.since),
        until=moment(found.until),
        sealed_at=moment(found.seal.sealed_at) if found.seal else UNSET,
        intact=not found.findings,
        events=found.events,
        removed_with_users=found.removed,
        expired_minutes=found.expired,
        findings=_findings(found.findings),
        next=f"{found.next.log_id}-{found.next.count}-{found.next.digest}" if found.next else UNSET,
    )


def _seal(seal: LogSeal) -> LogSealAnswer:
    return LogSealAnswer(
        id=seal.id,
        number=seal.number,
        since=moment(seal.since),
        until=moment(seal.until),
        sealed_at=moment(seal.sealed_at),
        events=seal.events,
    )


def _findings(findings: Sequence[Finding]) -> list[FindingAnswer]:
    return [
        FindingAnswer(
            kind=each.kind,
            seal=UNSET if each.seal is None else each.seal,
            log_id=each.log_id or UNSET,
            minute=moment(each.minute) if each.minute else UNSET,
            count=UNSET if each.count is None else each.count,
        )
        for each in findings
    ]
