"""/userinfo: what an access token lets its holder know of the user, at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.core.oauth.claims import user_claims
from chalicelib.core.oauth.errors import UserBlocked

if TYPE_CHECKING:
    from chalicelib.core.callers import Caller
    from chalicelib.core.oauth.codes import CodeStore
    from chalicelib.core.oauth.user_tokens import UserTokens


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Answers /userinfo: one batch of reads."""

    tokens: UserTokens
    codes: CodeStore

    def claims(self, caller: Caller, token: str) -> dict[str, Any]:
        """Give the claims, or raise: of a blocked user there are none, nor after what gave the token was revoked."""
        bearer = self.tokens.check_userinfo(caller.tenant, token)
        user, revoked = self.codes.with_user(caller.tenant, bearer.user_id, bearer.grant_id or "none")
        if user is None or revoked:
            raise Unauthenticated("Unauthorized", detail="the user or the grant is gone")
        if user.blocked:
            raise UserBlocked
        if bearer.generation not in {None, user.generation}:
            raise Unauthenticated("Unauthorized", detail="the user's sessions were ended")
        if "openid" not in bearer.scope.split():
            raise Forbidden("The access token has no scope openid.", code="insufficient_scope")
        return user_claims(user, bearer.scope)
