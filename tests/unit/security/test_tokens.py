"""One function says yes to a token; these are the tokens that it must refuse."""

import base64
import json
import math
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from joserfc import jwk, jws, jwt

from mdm.errors import UnauthenticatedError
from mdm.security.tokens import LEEWAY_SECONDS, LIFETIME_SECONDS, LONGEST, Tokens

NOW = 1_800_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
RAW = KEY.public_key().public_bytes_raw()


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


def tokens(clock: Clock | None = None) -> Tokens:
    return Tokens(KEY, now=Clock() if clock is None else clock)


def parts(token: str) -> tuple[dict[str, object], dict[str, object]]:
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]
    )
    return header, claims


HEADER, CLAIMS = parts(tokens().issue("c-1"))


def signed(
    header: dict[str, object] | None = None,
    claims: dict[str, object] | None = None,
    *,
    key: Ed25519PrivateKey = KEY,
    without: str = "",
    without_header: str = "",
) -> str:
    said = {k: v for k, v in {**CLAIMS, **(claims or {})}.items() if k != without}
    head = {k: v for k, v in {**HEADER, **(header or {})}.items() if k != without_header}
    return raw(head, json.dumps(said).encode(), key)


def raw(header: dict[str, object], payload: bytes, key: Ed25519PrivateKey = KEY) -> str:
    def plain(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    text = f"{plain(json.dumps(header).encode())}.{plain(payload)}"
    return f"{text}.{plain(key.sign(text.encode()))}"


def of_other_family(algorithm: str) -> str:
    key: jwk.OctKey | jwk.RSAKey
    if algorithm == "RS256":
        key = jwk.RSAKey.import_key(generate_private_key(65537, 2048))
    else:
        key = jwk.OctKey.import_key(RAW)
    return jwt.encode({**HEADER, "alg": algorithm}, dict(CLAIMS), key, algorithms=[algorithm])


def unsigned() -> str:
    head, body, _ = signed({"alg": "none"}).split(".")
    return f"{head}.{body}."


def with_changed_claims() -> str:
    head, _, signature = tokens().issue("c-1").split(".")
    body = base64.urlsafe_b64encode(json.dumps({**CLAIMS, "sub": "c-2"}).encode())
    return f"{head}.{body.rstrip(b'=').decode()}.{signature}"


CORPUS: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "no token": lambda: "abc",
    "two parts": lambda: ".".join(tokens().issue("c-1").split(".")[:2]),
    "four parts": lambda: tokens().issue("c-1") + ".x",
    "not ascii": lambda: tokens().issue("c-1") + "é",
    "too long": lambda: signed(claims={"pad": "x" * LONGEST}),
    "expired": lambda: signed(claims={"exp": NOW - LEEWAY_SECONDS - 1}),
    "exp NaN": lambda: signed(claims={"exp": math.nan}),
    "exp infinite": lambda: signed(claims={"exp": math.inf}),
    "exp a text": lambda: signed(claims={"exp": str(NOW + 60)}),
    "exp true": lambda: signed(claims={"exp": True}),
    "exp null": lambda: signed(claims={"exp": None}),
    "no exp": lambda: signed(without="exp"),
    "nbf in the future": lambda: signed(claims={"nbf": NOW + LEEWAY_SECONDS + 5}),
    "iat a text": lambda: signed(claims={"iat": "now"}),
    "no iat": lambda: signed(without="iat"),
    "another issuer": lambda: signed(claims={"iss": "mdm.example"}),
    "issuer with a blank": lambda: signed(claims={"iss": "mdm "}),
    "issuers": lambda: signed(claims={"iss": ["mdm"]}),
    "no issuer": lambda: signed(without="iss"),
    "another audience": lambda: signed(claims={"aud": "other"}),
    "no audience": lambda: signed(without="aud"),
    "empty audience": lambda: signed(claims={"aud": []}),
    "audience of another kind": lambda: signed(claims={"aud": {"mdm-api": 1}}),
    "no subject": lambda: signed(without="sub"),
    "subject a number": lambda: signed(claims={"sub": 1}),
    "empty subject": lambda: signed(claims={"sub": "", "client_id": ""}),
    "another client": lambda: signed(claims={"client_id": "c-2"}),
    "no client": lambda: signed(without="client_id"),
    "an ID token": lambda: signed({"typ": "JWT"}),
    "no type": lambda: signed(without_header="typ"),
    "type in capitals": lambda: signed({"typ": "AT+JWT"}),
    "another key's ID": lambda: signed({"kid": "other"}),
    "no key ID": lambda: signed(without_header="kid"),
    "signed by another key": lambda: signed(key=OTHER),
    "its own key embedded": lambda: signed(
        {"jwk": jwk.OKPKey.import_key(OTHER.public_key()).as_dict()}, key=OTHER
    ),
    "a key by address": lambda: signed({"jku": "https://example.org/keys"}, key=OTHER),
    "unknown crit": lambda: signed({"crit": ["mdm"], "mdm": 1}),
    "unsigned": unsigned,
    "alg None in capitals": lambda: signed({"alg": "NONE"}),
    "no alg": lambda: signed(without_header="alg"),
    "EdDSA": lambda: signed({"alg": "EdDSA"}),
    "HS256 with the public key": lambda: of_other_family("HS256"),
    "RS256": lambda: of_other_family("RS256"),
    "changed claims": with_changed_claims,
    "changed signature": lambda: tokens().issue("c-1")[:-4] + "AAAA",
    "no JSON inside": lambda: raw(dict(HEADER), b"exp"),
    "a list inside": lambda: raw(dict(HEADER), b"[]"),
    "deeply nested": lambda: raw(dict(HEADER), b"[" * 900),
    "encrypted": lambda: "e30.e30.e30.e30.e30",
    "detached payload": lambda: jws.detach_content(tokens().issue("c-1")),
    "in JSON form": lambda: json.dumps({"payload": "e30", "signatures": []}),
    "with a blank before": lambda: " " + tokens().issue("c-1"),
}


@pytest.mark.parametrize("name", CORPUS)
def test_a_token_that_is_not_ours_or_not_in_force_is_refused(name: str) -> None:
    with pytest.raises(UnauthenticatedError):
        tokens().verify_access_token(CORPUS[name]())


def test_a_token_of_ours_names_its_client_until_it_expires() -> None:
    clock = Clock()
    made = tokens(clock)
    token = made.issue("c-1")

    found = made.verify_access_token(token)
    assert (found.client_id, found.expires) == ("c-1", NOW + LIFETIME_SECONDS)
    clock.now += LIFETIME_SECONDS + LEEWAY_SECONDS
    with pytest.raises(UnauthenticatedError):
        made.verify_access_token(token)


def test_the_corpus_changes_one_thing_of_a_good_token_each_time() -> None:
    assert tokens().verify_access_token(signed()).client_id == "c-1"
