"""Ed25519 keys in files that their owner alone may read."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mdm.errors import DatabaseUnavailableError

_PRIVATE = 0o600


def load_or_make_key(path: Path) -> Ed25519PrivateKey:
    """The key of a file; made, with its file, where there is none.

    Of several processes that make it at once one wins, and all get its key.

    Raises:
        DatabaseUnavailableError: The file cannot be read or written, or holds no such key.
    """
    try:
        if not path.exists():
            _make(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise DatabaseUnavailableError("a key file cannot be used", where=path.name) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise DatabaseUnavailableError("a key file holds another kind of key", where=path.name)
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    """The public half, as 64 hex digits."""
    return key.public_key().public_bytes_raw().hex()


def signature_holds(public: str, message: bytes, signature: str) -> bool:
    """Whether a signature (hex) of a message is that of a public key (hex)."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
            bytes.fromhex(signature), message
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _make(path: Path) -> None:
    made = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(made)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)  # fails where another process was quicker
    except FileExistsError:
        pass
    finally:
        partial.unlink()
