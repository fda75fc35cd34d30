"""/userinfo: what an access token lets its holder know of the user, at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.core.errors import Forbidden, Unauthenticated
from chalicelib.core.oauth.claims import user_claims
from chalicelib.core.oauth.errors import UserBlocked

if TYPE_CHECKING:
    from chalicelib.core.ambient import Ambient
    from chalicelib.core.callers import Caller
    from chalicelib.core.impersonation import ImpersonationStore
    from chalicelib.core.oauth.codes import CodeStore
    from chalicelib.core.oauth.user_tokens import Bearer, UserTokens
    from chalicelib.core.users import User


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Answers /userinfo: one batch of reads."""

    tokens: UserTokens
    codes: CodeStore
    impersonations: ImpersonationStore
    ambient: Ambient

    def claims(self, caller: Caller, token: str) -> dict[str, Any]:
        """Give the claims, or raise: of a blocked user there are none, nor after what gave the token was revoked."""
        bearer = self.tokens.check_userinfo(caller.tenant, token)
        user, revoked = self._read(caller.tenant, bearer)
        if user is None or revoked:
            raise Unauthenticated("Unauthorized", detail="the user or the grant is gone")
        if user.blocked:
            raise UserBlocked
        if bearer.generation not in {None, user.generation}:
            raise Unauthenticated("Unauthorized", detail="the user's sessions were ended")
        if "openid" not in bearer.scope.split():
            raise Forbidden("The access token has no scope openid.", code="insufficient_scope")
        return user_claims(user, bearer.scope, bearer.impersonation)

    def _read(self, tenant: str, bearer: Bearer) -> tuple[User | None, bool]:
        """Read the user, and whether what gave the token is over, in one round trip."""
        if bearer.impersonation is None:
            return self.codes.with_user(tenant, bearer.user_id, bearer.grant_id or "none")
        standing = self.impersonations.standing(tenant, bearer.user_id, bearer.impersonation, bearer.grant_id)
        return standing.user, not standing.holds(bearer.impersonation, self.ambient.now())
