"""Ending what lets a user in: sessions and refresh tokens together. Owns which of them go, not how one goes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.core.errors import NotFound

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller
    from chalicelib.core.refresh_tokens import RefreshTokens
    from chalicelib.core.sessions import Sessions
    from chalicelib.core.users import Users


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends sessions with what came of them."""

    users: Users
    sessions: Sessions
    refresh_tokens: RefreshTokens

    def end(self, caller: Caller, user_id: str, *, session_id: str | None, with_tokens: bool) -> None:
        """End one session or all of a user; with the refresh tokens that came of it, unless they are to stay."""
        if session_id is None and with_tokens:
            self.users.end_sessions(caller, user_id)
        elif session_id is None:
            self.sessions.delete_for_user(caller, user_id)
        else:
            with suppress(NotFound):  # over already; its tokens may not be
                self.sessions.delete(caller, session_id)
            if with_tokens:
                self.refresh_tokens.delete_for_user(caller, user_id, session_id=session_id)
