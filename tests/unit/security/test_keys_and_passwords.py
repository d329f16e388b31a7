import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from mdm.errors import DatabaseUnavailableError
from mdm.security.keys import load_or_make_key, public_hex, signature_holds
from mdm.security.passwords import (
    new_secret,
    password_hash,
    password_matches,
    same_secret,
    secret_hash,
)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "audit.pem"

    made = load_or_make_key(path)
    assert public_hex(load_or_make_key(path)) == public_hex(made)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["audit.pem"]


@pytest.mark.parametrize("content", [b"", b"no key"])
def test_a_file_without_a_key_is_refused_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "audit.pem"
    path.write_bytes(content)

    with pytest.raises(DatabaseUnavailableError):
        load_or_make_key(path)
    assert path.read_bytes() == content


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.pem"
    path.write_bytes(
        generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    with pytest.raises(DatabaseUnavailableError):
        load_or_make_key(path)


def test_a_signature_holds_for_its_key_and_message_alone(tmp_path: Path) -> None:
    key, other = (load_or_make_key(tmp_path / name) for name in ("a.pem", "b.pem"))
    signature = key.sign(b"root").hex()

    assert signature_holds(public_hex(key), b"root", signature)
    assert not signature_holds(public_hex(key), b"Root", signature)
    assert not signature_holds(public_hex(other), b"root", signature)
    assert not signature_holds("zz", b"root", signature)
    assert not signature_holds(public_hex(key), b"root", "zz")


def test_a_password_is_stored_as_argon2id_and_salted() -> None:
    first, second = password_hash("correct horse"), password_hash("correct horse")

    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert first != second
    assert password_matches(first, "correct horse")
    assert not password_matches(first, "Correct horse")


def test_no_password_opens_an_account_that_is_not_there_or_has_no_hash() -> None:
    assert not password_matches(None, "")
    assert not password_matches(None, "correct horse")
    assert not password_matches("", "")


def test_secrets_are_drawn_and_compared_whole() -> None:
    secret = new_secret()

    assert len(secret) == 43
    assert secret != new_secret()
    assert same_secret(secret_hash(secret), secret_hash(secret))
    assert not same_secret(secret, secret[:-1])
    assert not same_secret("é", "e")
