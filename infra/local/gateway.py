"""The gateway: what API Gateway does between a request and the function. Knows no sockets and no product."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.local.events import make_answer, make_event
from infra.local.functions import new_context
from infra.local.messages import Answer, Request, refusal
from infra.local.routes import Match, Routes

if TYPE_CHECKING:
    from chalice.app import Chalice


_HSTS = "strict-transport-security"
"""Left out: browsers that keep to it on localhost would send every project of this machine, on any port, to https."""


class Gateway:
    """Answers requests by calling a Chalice app, from as many threads as like to."""

    def __init__(self, app: Chalice) -> None:
        self._app = app
        self._routes = Routes(app.routes)
        self._binary_types = frozenset(app.api.binary_types)

    def answer(self, request: Request) -> Answer:
        """Answer a request; what has no route, or not this method, never reaches the function."""
        match = self._routes.find(request.path)
        if match is None:
            return refusal(404)
        if request.method in self._app.routes[match.route]:
            return self._invoke(request, match)
        preflight = self._preflight(match.route) if request.method == "OPTIONS" else None
        return preflight or refusal(405, headers=[("Allow", ", ".join(sorted(self._app.routes[match.route])))])

    def _invoke(self, request: Request, match: Match) -> Answer:
        context = new_context("api")
        event = make_event(request, match, context.aws_request_id, self._binary_types)
        try:
            answer = make_answer(self._app(event, context))
        except Exception:  # noqa: BLE001 - the function's failure is the gateway's 502, as in AWS
            traceback.print_exc()
            answer = refusal(502)
        headers = [header for header in answer.headers if header[0].lower() != _HSTS]
        return replace(answer, headers=[*headers, ("x-amzn-RequestId", context.aws_request_id)])

    def _preflight(self, route: str) -> Answer | None:
        """Answer a browser's question before a cross-origin request, as Chalice sets up API Gateway to do."""
        entries = self._app.routes[route]
        shared = next((entry.cors for entry in entries.values() if entry.cors), None)
        if shared is None:
            return None
        methods = sorted([*(method for method, entry in entries.items() if entry.cors), "OPTIONS"])
        headers = {**shared.get_access_control_headers(), "Access-Control-Allow-Methods": ",".join(methods)}
        return Answer(200, [(name, str(value)) for name, value in headers.items()])
