"""/api/v2/jobs: the mail that verifies an address, how it went, and for how long that is told."""

from __future__ import annotations

import pytest

from chalicelib import tasks


@pytest.fixture
def begin(api, new_user):
    """Begin the job that sends a verification mail."""

    def send():
        user_id = new_user(verify_email=False)["user_id"]
        return api.post("/api/v2/jobs/verification-email", {"user_id": user_id}).json

    return send


@pytest.fixture
def read(api):
    return lambda job: api.get(f"/api/v2/jobs/{job['id']}")


def test_a_job_is_pending_until_its_mail_is_sent(begin, read, mailbox):
    begun = begin()
    before = read(begun)

    assert len(mailbox.mails) == 1
    assert (before.status, before.json) == (200, begun)
    assert begun == {
        "id": begun["id"],
        "type": "verification_email",
        "status": "pending",
        "created_at": "2026-03-01T12:00:00.000Z",
    }
    assert read(begun).json == {**begun, "status": "completed"}


def test_a_job_whose_mail_is_given_up_failed(core, begin, read, clock):
    begun = begin()
    tasks.sweep(core)
    waiting = read(begun).json["status"]

    clock.advance(hours=24)
    tasks.sweep(core)

    assert (waiting, read(begun).json["status"]) == ("pending", "failed")


def test_a_job_is_kept_for_two_days(begin, read, clock, mailbox):
    begun = begin()
    assert len(mailbox.mails) == 1

    statuses = []
    for seconds in (2 * 24 * 3600 - 1, 1):
        clock.advance(seconds=seconds)
        statuses.append(read(begun).status)

    assert statuses == [200, 404]


def test_a_job_that_never_was_is_a_404(read):
    answer = read({"id": "job_unknown"})

    assert (answer.status, answer.json["errorCode"]) == (404, "inexistent_job")
    assert answer.json["message"] == "The job does not exist."


@pytest.mark.security(33)
def test_a_job_of_another_tenant_is_a_404(acme, begin):
    assert acme.get(f"/api/v2/jobs/{begin()['id']}").status == 404


def test_a_mail_that_nobody_asked_for_by_a_job_leaves_none(api, new_user, mailbox, contents):
    new_user()

    assert len(mailbox.mails) == 1
    assert not [item for item in contents.read() if item["sk"]["S"] == "JOB"]
