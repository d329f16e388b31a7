"""Hash chains of audit entries and the signed roots over them: what links them, what breaks them.

h_n = SHA-256(h_{n-1} || entry n), where an entry is canonical JSON and h_0 comes from the chain's
name. A root lists the head of every chain, names the root before it, and is signed. A changed,
removed, inserted or moved entry breaks its chain at its place; a chain that was forged from some
place on, cut short or removed contradicts the roots signed since.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mdm.domain.audit import AuditEntry

Head = tuple[int, str]
"""Number and hash of a chain's last entry."""


@dataclass(frozen=True, slots=True)
class ChainRow:
    """An entry as stored: numbered from 1 within its chain."""

    n: int
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class RootRow:
    """A root as stored; `signature` is hex, of the body."""

    n: int
    body: str
    signature: str


def first_hash(chain: str) -> str:
    """h_0 of a chain."""
    return hashlib.sha256(f"mdm audit chain {chain}".encode()).hexdigest()


def next_hash(previous: str, body: str) -> str:
    """The hash of the entry after one of hash `previous`."""
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()


def entry_body(entry: AuditEntry, at: str) -> str:
    """An entry as canonical JSON; what is empty is left out.

    Args:
        entry: What is noted.
        at: UTC ISO text.
    """
    told_set = entry.told_set
    values: dict[str, object] = {
        "action": entry.action,
        "actor": entry.actor,
        "at": at,
        "client": entry.client,
        "feed_read": entry.feed_read,
        "fields": entry.fields,
        "holder": entry.holder,
        "municipal_ids": entry.municipal_ids,
        "outcome": entry.outcome,
        "purpose": entry.purpose,
        "records": entry.records,
        "request_id": entry.request_id,
        "role": entry.role,
        "told": entry.told,
        "told_set": None
        if told_set is None
        else {
            "kind": told_set.kind,
            "source": told_set.source,
            "tx_id": told_set.tx_id,
        },
    }
    return canonical({name: value for name, value in values.items() if value not in (None, ())})


def canonical(value: object) -> str:
    """JSON in one way: sorted keys, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def chained(previous: Head, bodies: Iterable[str]) -> list[ChainRow]:
    """Rows for entries that follow a head."""
    n, before = previous
    rows = []
    for body in bodies:
        n, before = n + 1, next_hash(before, body)
        rows.append(ChainRow(n, body, before))
    return rows


def root_body(n: int, at: str, heads: Mapping[str, Head], previous: str, key: str) -> str:
    """A root as canonical JSON.

    Args:
        n: Its number, from 1.
        at: UTC ISO text.
        heads: Head of every chain.
        previous: `root_hash` of the root before; empty for the first.
        key: Public key that it is signed for, hex.
    """
    listed = {chain: list(head) for chain, head in heads.items()}
    return canonical({"at": at, "heads": listed, "key": key, "n": n, "previous": previous})


def root_hash(body: str) -> str:
    """What names a root: kept outside, it proves everything before it."""
    return hashlib.sha256(body.encode()).hexdigest()


def chain_faults(
    chain: str, rows: Iterable[ChainRow], watched: Mapping[int, str] | None = None
) -> Iterator[str]:
    """What is wrong with a chain, each fault named by the entry's number.

    Args:
        chain: Its name.
        rows: Its entries in the order of their numbers.
        watched: Hashes that entries must have, because something outside says so.
    """
    wanted = {} if watched is None else dict(watched)
    expected, before = 1, first_hash(chain)
    for row in rows:
        if row.n != expected:
            gap = str(expected) if row.n == expected + 1 else f"{expected} to {row.n - 1}"
            yield f"{chain}: entry {gap} is missing"
        elif row.hash != next_hash(before, row.body):
            yield f"{chain}: entry {row.n} was changed, inserted or moved"
        if wanted.pop(row.n, row.hash) != row.hash:
            yield f"{chain}: entry {row.n} is not the one that was signed: forged up to it"
        expected, before = row.n + 1, row.hash
    if wanted:
        yield f"{chain}: entries after {expected - 1} are missing up to {max(wanted)}"


@dataclass(frozen=True, slots=True)
class RootFinding:
    """What the roots say.

    Attributes:
        faults: What is wrong with the roots themselves.
        heads: By chain, the hashes that entries had when they were signed.
        count: How many roots there are.
        newest: Hash of the last one; empty without any.
    """

    faults: tuple[str, ...]
    heads: Mapping[str, Mapping[int, str]]
    count: int
    newest: str


def read_roots(
    rows: Iterable[RootRow],
    *,
    keys: frozenset[str],
    signature_holds: Callable[[str, bytes, str], bool],
    known: str | None = None,
) -> RootFinding:
    """Check the chain of roots and gather what they vouch for.

    Args:
        rows: The roots in the order of their numbers.
        keys: Public keys that may have signed, hex.
        signature_holds: Of key, message and signature.
        known: Hash of a root that was kept outside, which must be among them.
    """
    faults: list[str] = []
    heads: dict[str, dict[int, str]] = {}
    expected, previous, seen = 1, "", known is None
    for row in rows:
        if row.n != expected:
            faults.append(f"root {expected} is missing")
        named = _read_root(row, keys, signature_holds)
        if named is None:
            faults.append(f"root {row.n} was changed or is not signed by a key of ours")
        elif row.n == expected and named["previous"] != previous:
            faults.append(f"root {row.n} does not follow the one before it")
        if named is not None:
            for chain, head in named["heads"].items():
                heads.setdefault(str(chain), {})[int(head[0])] = str(head[1])
        previous = root_hash(row.body)
        seen = seen or previous == known
        expected = row.n + 1
    if not seen:
        faults.append("the root that was kept outside is not among them: roots were cut or forged")
    return RootFinding(tuple(faults), heads, expected - 1, previous)


def _read_root(
    row: RootRow, keys: frozenset[str], signature_holds: Callable[[str, bytes, str], bool]
) -> dict[str, Any] | None:
    """What a root says, if it is signed and says its own number."""
    try:
        said = json.loads(row.body)
    except ValueError:
        return None
    if not isinstance(said, dict) or said.get("n") != row.n or said.get("key") not in keys:
        return None
    holds = signature_holds(str(said["key"]), row.body.encode(), row.signature)
    return said if holds else None
