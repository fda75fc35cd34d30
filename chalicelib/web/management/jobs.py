"""/api/v2/jobs: what takes longer than a request. A verification mail is one, as with Auth0."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.jobs import Job
from chalicelib.web.management.tickets import AccountNamed
from chalicelib.web.schemas import Identifier, moment
from chalicelib.web.surface import Incoming, Nothing, Surface

surface = Surface("jobs")


class VerificationMail(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Who is asked to prove an address, and where the link goes on to."""

    user_id: Identifier
    client_id: Identifier | UnsetType = UNSET
    identity: AccountNamed | UnsetType = UNSET


class JobAnswer(msgspec.Struct, kw_only=True):
    """A job."""

    id: str
    type: str
    status: str
    created_at: str


@surface.endpoint(
    "POST",
    "/api/v2/jobs/verification-email",
    summary="Send an email address verification email",
    scopes=("update:users",),
    body=VerificationMail,
    example={"user_id": "USER_ID"},
    answer=JobAnswer,
    status=201,
)
def send_verification_mail(incoming: Incoming[Nothing, VerificationMail]) -> JobAnswer:
    """Send the link that proves an address."""
    body = incoming.body
    account = None if body.identity is UNSET else body.identity.name
    client_id = "" if body.client_id is UNSET else body.client_id
    try:
        sent = incoming.core.verification.send(incoming.caller, body.user_id, account, client_id)
    except NotFound as error:  # Auth0 knows no 404 here
        raise Invalid(error.message, code=error.code) from None
    return _rendered(sent)


@surface.endpoint(
    "GET",
    "/api/v2/jobs/{job_id}",
    summary="Get a job",
    description="Jobs are kept for two days, as history is.",
    scopes=("read:users", "create:users"),
    answer=JobAnswer,
)
def get_job(incoming: Incoming[Nothing, None], job_id: str) -> JobAnswer:
    """Say how a job went."""
    return _rendered(incoming.core.jobs.get(incoming.caller, job_id))


def _rendered(job: Job) -> JobAnswer:
    return JobAnswer(id=job.id, type=job.type, status=job.status, created_at=moment(job.created_at))
