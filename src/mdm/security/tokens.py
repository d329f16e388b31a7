"""Access tokens of clients (RFC 9068): made here, and verified here alone.

Libraries decode a token without asking what it is for: one that has expired, is meant for
another service or proves a login passes them. So there is one function that says yes.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from mdm.errors import UnauthenticatedError
from mdm.security.passwords import new_secret

ALGORITHM: Final = "Ed25519"  # RFC 9864; EdDSA, its former name, is refused
TYPE: Final = "at+jwt"
ISSUER: Final = "mdm"
AUDIENCE: Final = "mdm-api"
LIFETIME_SECONDS: Final = 600
LEEWAY_SECONDS: Final = 30
LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified token says.

    Attributes:
        client_id: The client.
        expires: Seconds since 1970.
    """

    client_id: str
    expires: float


class Tokens:
    """Makes and verifies the access tokens of one registry.

    Args:
        key: The registry's key.
        now: Seconds since 1970.
    """

    def __init__(self, key: Ed25519PrivateKey, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._private = jwk.OKPKey.import_key(key)
        self._public = jwk.OKPKey.import_key(key.public_key())
        self._kid = self._public.thumbprint()

    def issue(self, client_id: str) -> str:
        """A token for a client that has proved who it is."""
        now = int(self._now())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": client_id,
            "client_id": client_id,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": new_secret(),
        }
        header = {"alg": ALGORITHM, "typ": TYPE, "kid": self._kid}
        return jwt.encode(header, claims, self._private, algorithms=[ALGORITHM])

    def verify_access_token(self, token: str) -> AccessToken:
        """What a token says, if it is one of ours, for us, and in force.

        Raises:
            UnauthenticatedError: It is not; why is not told.
        """
        if len(token) > LONGEST or not token.isascii():
            raise _refused()
        try:
            found = jwt.decode(token, self._public, algorithms=[ALGORITHM])
            self._claims().validate(found.claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise _refused() from None
        header, claims = found.header, found.claims
        if header.get("typ") != TYPE or header.get("kid") != self._kid:
            raise _refused()
        if claims["sub"] != claims["client_id"]:
            raise _refused()
        return AccessToken(str(claims["sub"]), float(claims["exp"]))

    def _claims(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            client_id={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError("the access token is not valid, or no longer")
