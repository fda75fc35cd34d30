"""Clients of AWS services, made late: when the first call is made. Owns no call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import botocore.session

if TYPE_CHECKING:
    from botocore.config import Config


class LateClient:
    """What calls one AWS service has its client by this: made at first use, 30 ms that most requests do not need."""

    __slots__ = ()

    service: ClassVar[str]
    patience: ClassVar[Config]
    region: str
    endpoint: str | None
    _client: Any

    @property
    def client(self) -> Any:
        """The client, the same each time."""
        if self._client is None:
            session = botocore.session.get_session()
            self._client = session.create_client(
                self.service, region_name=self.region, endpoint_url=self.endpoint, config=self.patience
            )
        return self._client
