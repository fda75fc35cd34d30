"""Lets an HTTP library call the app without a socket: what it would have sent goes to Chalice as API Gateway would."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from tests.conftest import Api

if TYPE_CHECKING:
    from requests import PreparedRequest, Response


class InProcess(HTTPAdapter):
    """Answers the requests of a session. The tenant and, unless the request brings its own, the token are the Api's."""

    def __init__(self, api: Api) -> None:
        super().__init__()
        self.api = api

    def send(self, request: PreparedRequest, **_: Any) -> Response:
        body = request.body or b""
        answer = self.api.call(
            request.method,
            request.path_url,
            body.encode() if isinstance(body, str) else body,
            headers={**request.headers, "Host": self.api.app.core.hosts.domain(self.api.tenant)},
        )
        raw = HTTPResponse(
            BytesIO(answer.text.encode()), answer.headers, answer.status, preload_content=False, decode_content=False
        )
        return self.build_response(request, raw)
