"""Passwords of accounts (argon2id) and secrets of clients."""

import hashlib
import hmac
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
"""Characters of a password; there are no other rules (NIST SP 800-63B)."""
LONGEST = 200
_SECRET_BYTES = 32

# RFC 9106, second recommended option with one lane: 64 MiB, 3 passes.
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
# Of no password: checked where there is no account, so that both cases take the same time.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA"
    "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)


def password_hash(password: str) -> str:
    """argon2id in its own notation, salted."""
    return _HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one; None: no account, which takes as long to say."""
    try:
        _HASHER.verify(_NOBODY if stored is None else stored, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def new_secret() -> str:
    """A secret that nobody can guess: 256 bits, safe in URLs and shells."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> str:
    """SHA-256, hex: enough for what was drawn with 256 bits, too little for passwords."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same_secret(given: str, known: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), known.encode())
