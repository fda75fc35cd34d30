"""The environment: what is read, what is refused, and that all that is wrong is said at once."""

import pytest

from chalicelib.settings import Settings, SettingsError

REQUIRED = {
    "GATEHOUSE_TABLE": "gatehouse",
    "GATEHOUSE_KMS_KEY": "alias/gatehouse",
    "GATEHOUSE_BASE_DOMAIN": "auth.example.com",
    "AWS_REGION": "eu-central-1",
}


def read(**more):
    return Settings.read({**REQUIRED, **more})


def test_without_a_sender_no_mail_is_sent_and_cloudfront_is_not_trusted():
    settings = read()

    assert settings.mail_from is None
    assert settings.trust_cloudfront is False


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply@example.com",
        "Gatehouse <no-reply@example.com>",
        "Bäckerei Jürg, Zürich <no-reply@example.com>",
    ],
)
def test_mail_is_from_an_address_with_or_without_a_name(sender):
    assert read(GATEHOUSE_MAIL_FROM=sender).mail_from == sender


@pytest.mark.parametrize(
    "sender",
    [
        "no-reply",
        "@example.com",
        "no-reply@",
        "a@example.com,b@example.com",
        "a@example.com <b@example.com>",
        "Gatehouse <no-reply>",
        "Gatehouse <no-reply@example.com",
        "no-reply@example.com\r\nBcc: eve@example.com",
        "Gatehouse\nBcc: eve <no-reply@example.com>",
        "no-reply@example.com\n",
    ],
)
def test_what_is_no_address_to_send_from_is_refused(sender):
    with pytest.raises(SettingsError, match=r"GATEHOUSE_MAIL_FROM must be like no-reply@example\.com"):
        read(GATEHOUSE_MAIL_FROM=sender)


@pytest.mark.parametrize(
    ("text", "trusted"), [("1", True), ("true", True), ("True", True), ("0", False), ("false", False), ("", False)]
)
def test_cloudfront_is_trusted_when_the_switch_says_so(text, trusted):
    assert read(GATEHOUSE_TRUST_CLOUDFRONT=text).trust_cloudfront is trusted


def test_a_switch_is_on_or_off_and_nothing_else():
    with pytest.raises(SettingsError, match="GATEHOUSE_TRUST_CLOUDFRONT must be 1 or 0, not 'yes'"):
        read(GATEHOUSE_TRUST_CLOUDFRONT="yes")


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(SettingsError) as refused:
        Settings.read({"GATEHOUSE_MAIL_FROM": "nobody", "GATEHOUSE_TRUST_CLOUDFRONT": "2", "GATEHOUSE_SHARDS": "0"})

    wrong = {line.split()[0] for line in str(refused.value).splitlines()[1:]}
    assert wrong == {
        "GATEHOUSE_TABLE",
        "AWS_DEFAULT_REGION",
        "GATEHOUSE_KMS_KEY",
        "GATEHOUSE_BASE_DOMAIN",
        "GATEHOUSE_SHARDS",
        "GATEHOUSE_MAIL_FROM",
        "GATEHOUSE_TRUST_CLOUDFRONT",
    }
