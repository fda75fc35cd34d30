"""`/dev/mailbox`: what the emulated SES took, for people and for tests, and for nobody from elsewhere."""

import json
from datetime import timedelta

import pytest

from chalicelib.adapters.ses import SesMailer
from chalicelib.core.mail import Recipient, blocked, change_password, verify_email
from infra.clients import REGION
from infra.local.gateway import Gateway
from infra.local.mailbox import Mailbox
from infra.local.messages import Request
from infra.ministack import MiniStack

SENDER = "Gatehouse <no-reply@example.com>"
ANN = Recipient(address="ann@example.com", tenant_name="Acme & Sons")
LINK = "http://acme.localhost:8000/u/ticket?value=abc&kind=1"
HOUR = timedelta(hours=1)


@pytest.fixture
def endpoint(aws):
    with MiniStack() as endpoint:
        yield endpoint


@pytest.fixture
def send(endpoint):
    mailer = SesMailer(SENDER, REGION, endpoint)
    return lambda mail: mailer.send("acme", mail)


@pytest.fixture
def ask(app, endpoint):
    """Ask the gateway with the mailbox in front of it, as a browser on this machine unless it is said otherwise."""
    mailbox = Mailbox(Gateway(app), endpoint)

    def ask(path, *, method="GET", host="localhost:8000"):
        return mailbox.answer(Request(method, path, [("Host", host)]))

    return ask


def test_an_empty_mailbox_says_so(ask):
    page, listed = ask("/dev/mailbox"), ask("/dev/mailbox.json")

    assert page.status == 200
    assert "There is none yet." in page.body.decode()
    assert json.loads(listed.body) == []


def test_a_mail_is_listed_as_it_was_sent(ask, send):
    mail = change_password(ANN, LINK, HOUR)

    send(mail)

    (received,) = json.loads(ask("/dev/mailbox.json").body)
    assert (received["to"], received["sender"]) == (["ann@example.com"], SENDER)
    assert (received["subject"], received["text"], received["html"]) == (mail.subject, mail.text, mail.html)


def test_the_links_of_a_mail_are_listed(ask, send):
    send(change_password(ANN, LINK, HOUR))

    (received,) = json.loads(ask("/dev/mailbox.json").body)

    assert received["links"] == [LINK]


def test_the_newest_mail_comes_first_and_is_open(ask, send):
    send(blocked(ANN))
    send(verify_email(ANN, LINK, HOUR))

    page = ask("/dev/mailbox").body.decode()

    assert page.index("Verify your e-mail address") < page.index("was blocked")
    assert page.count("<details open>") == 1
    assert page.index("<details open>") < page.index("Verify your e-mail address") < page.index("<details>")


def test_a_link_in_a_mail_can_be_clicked(ask, send):
    send(verify_email(ANN, LINK, HOUR))

    page = ask("/dev/mailbox").body.decode()

    escaped = LINK.replace("&", "&amp;")
    assert f'<a href="{escaped}">{escaped}</a>' in page


def test_a_mail_is_text_and_no_html_on_the_page(ask, send):
    send(verify_email(Recipient(address="ann@example.com", tenant_name="<script>x</script>"), LINK, HOUR))
    send(verify_email(ANN, 'http://localhost/"onclick="x', HOUR))
    send(verify_email(ANN, "javascript:alert(1)", HOUR))

    page = ask("/dev/mailbox").body.decode()

    assert "<script" not in page
    assert '"onclick' not in page
    assert 'href="javascript' not in page


def test_the_page_loads_its_style_sheet_and_nothing_else(ask, send):
    send(blocked(ANN))

    page, style = ask("/dev/mailbox"), ask("/dev/mailbox.css")

    assert dict(page.headers)["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert 'href="/dev/mailbox.css"' in page.body.decode()
    assert (style.status, dict(style.headers)["Content-Type"]) == (200, "text/css; charset=utf-8")


@pytest.mark.parametrize("host", ["localhost", "localhost:8443", "127.0.0.1:8000", "[::1]:8000", "acme.localhost:8000"])
def test_the_mailbox_is_open_to_this_machine(ask, host):
    assert ask("/dev/mailbox.json", host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "evillocalhost", "localhost.evil.example:8000", "[::1", ""])
def test_the_mailbox_is_closed_to_pages_of_other_sites_whose_name_points_here(ask, host):
    assert ask("/dev/mailbox.json", host=host).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_mailbox_can_only_be_read(ask, method):
    refused = ask("/dev/mailbox", method=method)

    assert (refused.status, dict(refused.headers)["Allow"]) == (405, "GET, HEAD")


def test_every_other_path_is_the_gateways(ask):
    assert ask("/docs", host="gatehouse.test").status == 200
    assert ask("/dev/mailboxes").status == ask("/dev").status == 404


def test_the_app_itself_has_no_mailbox(app):
    answer = Gateway(app).answer(Request("GET", "/dev/mailbox", [("Host", "localhost:8000")]))

    assert answer.status == 404


def test_a_ministack_that_is_gone_is_said(app):
    answer = Mailbox(Gateway(app), "http://127.0.0.1:1").answer(Request("GET", "/dev/mailbox", [("Host", "localhost")]))

    assert answer.status == 503
