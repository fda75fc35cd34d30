"""JSON Web Tokens: signed and verified with a tenant's keys, RS256 and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from chalicelib.core.errors import Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jwt.types import Options

    from chalicelib.core.documents import Document
    from chalicelib.core.signing_keys import SigningKey
    from chalicelib.crypto.signing_keys import RsaWorkshop

_TYPES = frozenset({"JWT", "at+jwt", ""})


@dataclass(frozen=True, slots=True)
class Rs256Tokens:
    """Signs with private keys that the workshop opens; verifies with public ones."""

    workshop: RsaWorkshop

    def sign(self, tenant: str, key: SigningKey, claims: Document) -> str:
        """Make a token of `claims`."""
        private = self.workshop.private_key(tenant, key)
        return jwt.encode(dict(claims), private, algorithm="RS256", headers={"kid": key.kid})

    def verify(self, token: str, keys: Sequence[SigningKey]) -> Document:
        """Give the claims of a token signed by one of `keys`; times and audience are the caller's to check.

        The key is chosen by `kid` among those given. Headers that bring a key (jku, jwk, x5u, x5c) are never followed.
        """
        try:
            header = jwt.get_unverified_header(token)
            key = next(key for key in keys if key.kid == header.get("kid"))
            if header.get("alg") != "RS256" or header.get("typ", "") not in _TYPES or "crit" in header:
                raise _refused("header")
            return _claims(token, key)
        except StopIteration:
            raise _refused("unknown kid") from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise _refused(type(error).__name__) from error


def _claims(token: str, key: SigningKey) -> dict[str, Any]:
    public = jwt.PyJWK.from_dict(dict(key.jwk), "RS256")
    unchecked: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
    return jwt.decode(token, public, algorithms=["RS256"], options=unchecked)


def _refused(why: str) -> Unauthenticated:
    return Unauthenticated("Invalid token", detail=why)
