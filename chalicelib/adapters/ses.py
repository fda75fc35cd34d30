"""AWS SES: carries mails away. Owns no text of a mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.late_client import LateClient
from chalicelib.core.errors import Unavailable

if TYPE_CHECKING:
    from chalicelib.core.mail import Mail

_PATIENCE = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
"""A request may wait for this, and API Gateway gives it 29 seconds."""


@dataclass(slots=True)
class SesMailer(LateClient):
    """Sends from one address, which SES must have verified. Fits `core.mail.Mailer`; without a sender it refuses."""

    service = "ses"
    patience = _PATIENCE
    sender: str | None
    region: str
    endpoint: str | None = None
    _client: Any = field(default=None, init=False)

    def send(self, tenant: str, mail: Mail) -> None:
        """Hand a mail to SES, or raise Unavailable with the cause for the log; the address is not in it."""
        if not self.sender:
            raise _unsent(tenant, mail, "GATEHOUSE_MAIL_FROM is not set")
        try:
            self.client.send_email(
                Source=formataddr(parseaddr(self.sender)),  # a name beyond ASCII is encoded, as mail has it
                Destination={"ToAddresses": [_ascii(mail.to)]},
                Message={
                    "Subject": _utf8(mail.subject),
                    "Body": {"Text": _utf8(mail.text), "Html": _utf8(mail.html)},
                },
                # Bounces and complaints that SES reports carry these.
                Tags=[{"Name": "tenant", "Value": tenant}, {"Name": "kind", "Value": mail.kind}],
            )
        except UnicodeError as error:
            raise _unsent(tenant, mail, "SES knows no such address") from error
        except (BotoCoreError, ClientError) as error:
            raise _unsent(tenant, mail, str(error)) from error


def _unsent(tenant: str, mail: Mail, why: str) -> Unavailable:
    return Unavailable(
        "The mail could not be sent. Try again later.",
        code="mail_unavailable",
        detail=f"a mail ({mail.kind}) of tenant {tenant} was not sent: {why}",
    )


def _ascii(address: str) -> str:
    """Write the domain as the mail system does; SES takes no letters beyond ASCII before the @."""
    local, _, domain = address.rpartition("@")
    return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}"


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}
