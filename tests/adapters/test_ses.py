"""Mail through SES: what is handed over, and that a mail that did not go is never passed over in silence."""

from dataclasses import replace

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from chalicelib.adapters.ses import SesMailer
from chalicelib.core.errors import Unavailable
from chalicelib.core.mail import Recipient, blocked
from tests.conftest import REGION

SENDER = "Gatehouse <no-reply@gatehouse.test>"
MAIL = blocked(Recipient(address="ann@example.com", tenant_name="Bäckerei Jürg"))


@pytest.fixture
def mailer(aws):
    """A mailer whose sender SES has verified."""
    mailer = SesMailer(SENDER, REGION)
    mailer.client.verify_email_identity(EmailAddress="no-reply@gatehouse.test")
    yield mailer
    sent().clear()


@pytest.fixture
def asked(mailer):
    """The parameters of every call of SES, as botocore is about to send them."""
    bodies = []
    mailer.client.meta.events.register("before-call.ses", lambda params, **_: bodies.append(params["body"]))
    return bodies


def sent():
    return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages


def test_a_mail_is_handed_to_ses_as_it_is(mailer):
    mailer.send("acme", MAIL)

    (message,) = sent()
    assert (message.source, message.subject, message.body) == (SENDER, MAIL.subject, MAIL.html)
    assert message.destinations == {"ToAddresses": ["ann@example.com"]}


def test_a_mail_goes_as_text_and_as_html_in_utf_8(mailer, asked):
    mailer.send("acme", MAIL)

    assert asked[0]["Message.Body.Text.Data"] == MAIL.text
    assert asked[0]["Message.Body.Html.Data"] == MAIL.html
    assert {value for name, value in asked[0].items() if name.endswith("Charset")} == {"UTF-8"}


def test_a_mail_is_tagged_with_its_tenant_and_kind(mailer, asked):
    mailer.send("acme", MAIL)

    assert [asked[0][f"Tags.member.{number}.Value"] for number in (1, 2)] == ["acme", "blocked"]


def test_a_domain_of_another_script_is_written_as_the_mail_system_does(mailer):
    mailer.send("acme", replace(MAIL, to="ann@müller.example"))

    assert sent()[0].destinations == {"ToAddresses": ["ann@xn--mller-kva.example"]}


def test_a_senders_name_may_be_of_any_script(mailer, asked):
    mailer.sender = "Jürg <no-reply@gatehouse.test>"

    mailer.send("acme", MAIL)

    assert asked[0]["Source"] == "=?utf-8?b?SsO8cmc=?= <no-reply@gatehouse.test>"


def test_an_address_that_ses_cannot_write_to_is_refused_without_asking_it(mailer, asked):
    with pytest.raises(Unavailable) as refused:
        mailer.send("acme", replace(MAIL, to="jürg@example.com"))

    assert "SES knows no such address" in refused.value.detail
    assert asked == []


def test_what_ses_refuses_is_unavailable_with_its_reason_for_the_log(mailer):
    mailer.sender = "somebody@else.test"

    with pytest.raises(Unavailable) as refused:
        mailer.send("acme", MAIL)

    assert "a mail (blocked) of tenant acme was not sent" in refused.value.detail
    assert "Email address not verified somebody@else.test" in refused.value.detail
    assert sent() == []


def test_an_ses_that_does_not_answer_is_unavailable_with_its_reason_for_the_log(aws):
    mailer = SesMailer(SENDER, REGION, "http://127.0.0.1:1")

    with pytest.raises(Unavailable) as refused:
        mailer.send("acme", MAIL)

    assert "Could not connect to the endpoint" in refused.value.detail


def test_without_a_sender_every_mail_is_refused_and_the_log_names_the_setting():
    mailer = SesMailer(None, REGION)

    with pytest.raises(Unavailable) as refused:
        mailer.send("acme", MAIL)

    assert refused.value.detail == "a mail (blocked) of tenant acme was not sent: GATEHOUSE_MAIL_FROM is not set"
    assert mailer._client is None


@pytest.mark.parametrize("sender", [None, "somebody@else.test"])
def test_a_refusal_says_neither_why_nor_to_whom_to_the_caller(mailer, sender):
    mailer.sender = sender

    with pytest.raises(Unavailable) as refused:
        mailer.send("acme", MAIL)

    assert (refused.value.message, refused.value.code) == (
        "The mail could not be sent. Try again later.",
        "mail_unavailable",
    )
    assert "ann@example.com" not in refused.value.detail
