"""What breaks a chain of audit entries is found, and named by the entry's place."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mdm.domain.audit import AuditEntry
from mdm.domain.audit_chain import (
    ChainRow,
    RootFinding,
    RootRow,
    chain_faults,
    chained,
    entry_body,
    first_hash,
    next_hash,
    read_roots,
    root_body,
    root_hash,
)
from mdm.domain.told_sets import ToldSet
from mdm.security.keys import public_hex, signature_holds

ENTRIES = 30
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = public_hex(KEY)
SIGNED = (10, 20, 30)


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        actor="ana",
        client=None,
        role="caseworker",
        purpose="care",
        action="citizen.read",
        request_id=f"request-{number}",
        municipal_ids=(f"ID{number:08d}",),
    )


def chain() -> list[ChainRow]:
    bodies = [entry_body(entry(n), f"2026-01-01T00:00:{n:02d}Z") for n in range(ENTRIES)]
    return chained((0, first_hash("web-1")), bodies)


def signed_roots(rows: Sequence[ChainRow], at: Sequence[int] = SIGNED) -> list[RootRow]:
    roots: list[RootRow] = []
    previous = ""
    for number, n in enumerate(at, 1):
        body = root_body(number, "2026-01-01T00:00:00Z", {"web-1": (n, rows[n - 1].hash)},
                         previous, PUBLIC)  # fmt: skip
        roots.append(RootRow(number, body, KEY.sign(body.encode()).hex()))
        previous = root_hash(body)
    return roots


def faults(rows: Sequence[ChainRow], watched: Mapping[int, str] | None = None) -> list[str]:
    return list(chain_faults("web-1", rows, watched))


def read(roots: Sequence[RootRow], known: str | None = None) -> RootFinding:
    return read_roots(roots, keys=frozenset({PUBLIC}), signature_holds=signature_holds, known=known)


def rechained(rows: Sequence[ChainRow]) -> list[ChainRow]:
    """A forger's chain: numbered and hashed anew."""
    return chained((0, first_hash("web-1")), [row.body for row in rows])


def test_an_untouched_chain_has_no_fault() -> None:
    rows = chain()

    found = read(signed_roots(rows))
    assert faults(rows, found.heads["web-1"]) == []
    assert (found.faults, found.count) == ((), 3)


def flips(text: str) -> Iterator[str]:
    for place, sign in enumerate(text):
        yield text[:place] + chr(ord(sign) ^ 1) + text[place + 1 :]


def test_every_changed_byte_of_every_entry_is_named_by_its_number() -> None:
    rows = chain()
    missed = []
    for at, row in enumerate(rows):
        changed = [replace(row, body=body) for body in flips(row.body)]
        changed += [replace(row, hash=hashed) for hashed in flips(row.hash)]
        for other in changed:
            found = faults([*rows[:at], other, *rows[at + 1 :]])
            if not found or found[0] != f"web-1: entry {row.n} was changed, inserted or moved":
                missed.append((row.n, found))

    assert missed == []


@pytest.mark.parametrize("at", range(ENTRIES - 1))
def test_a_removed_entry_is_named(at: int) -> None:
    rows = chain()

    gap = faults([*rows[:at], *rows[at + 1 :]])
    closed = [replace(row, n=n) for n, row in enumerate([*rows[:at], *rows[at + 1 :]], 1)]
    assert gap[0] == f"web-1: entry {at + 1} is missing"
    assert faults(closed)[0] == f"web-1: entry {at + 1} was changed, inserted or moved"


@pytest.mark.parametrize("at", range(ENTRIES))
def test_an_inserted_entry_is_named(at: int) -> None:
    rows = chain()
    body = entry_body(entry(99), "2026-01-01T00:00:00Z")
    before = first_hash("web-1") if at == 0 else rows[at - 1].hash
    forged = ChainRow(at + 1, body, next_hash(before, body))

    shifted = [replace(row, n=row.n + 1) for row in rows[at:]]
    found = faults([*rows[:at], forged, *shifted])
    # The forged entry fits what is before it; what was there follows no longer.
    assert found[:1] == [f"web-1: entry {at + 2} was changed, inserted or moved"]


@pytest.mark.parametrize("at", range(ENTRIES - 1))
def test_two_swapped_entries_are_named(at: int) -> None:
    rows = chain()
    first, second = rows[at], rows[at + 1]

    bodies = [replace(first, body=second.body), replace(second, body=first.body)]
    whole = [replace(second, n=first.n), replace(first, n=second.n)]
    for swapped in (bodies, whole):
        found = faults([*rows[:at], *swapped, *rows[at + 2 :]])
        assert found[0] == f"web-1: entry {at + 1} was changed, inserted or moved"


@pytest.mark.parametrize("left", range(ENTRIES))
def test_a_chain_that_was_cut_short_contradicts_the_roots(left: int) -> None:
    rows = chain()
    watched = read(signed_roots(rows)).heads["web-1"]

    assert faults(rows[:left], watched) == [
        f"web-1: entries after {left} are missing up to {ENTRIES}"
    ]


@pytest.mark.parametrize("at", range(ENTRIES))
def test_a_chain_hashed_anew_from_a_change_on_contradicts_the_next_root(at: int) -> None:
    rows = chain()
    watched = read(signed_roots(rows)).heads["web-1"]
    forged = rechained([*rows[:at], replace(rows[at], body="{}"), *rows[at + 1 :]])

    signed = next(n for n in SIGNED if n > at)
    assert faults(forged, watched)[0].startswith(f"web-1: entry {signed} is not the one")


def test_entries_moved_to_another_chain_are_noticed() -> None:
    assert next(chain_faults("web-2", chain())).startswith("web-2: entry 1 was changed")


def test_every_changed_byte_of_every_root_is_named() -> None:
    roots = signed_roots(chain())
    missed = []
    for at, root in enumerate(roots):
        changed = [replace(root, body=body) for body in flips(root.body)]
        changed += [replace(root, signature=s) for s in flips(root.signature)]
        for other in changed:
            found = read([*roots[:at], other, *roots[at + 1 :]]).faults
            if not found or not found[0].startswith(f"root {root.n} "):
                missed.append((root.n, found))

    assert missed == []


def test_a_root_signed_by_a_stranger_is_refused() -> None:
    rows = chain()
    stranger = Ed25519PrivateKey.generate()
    body = root_body(1, "2026-01-01T00:00:00Z", {"web-1": (30, rows[-1].hash)}, "", PUBLIC)
    claimed = root_body(1, "2026-01-01T00:00:00Z", {}, "", public_hex(stranger))

    for forged in (body, claimed):
        found = read([RootRow(1, forged, stranger.sign(forged.encode()).hex())])
        assert found.faults == ("root 1 was changed or is not signed by a key of ours",)


@pytest.mark.parametrize("at", range(2))
def test_a_removed_root_is_named(at: int) -> None:
    roots = signed_roots(chain())

    assert read([*roots[:at], *roots[at + 1 :]]).faults[0] == f"root {at + 1} is missing"


def test_roots_cut_off_at_the_end_are_found_by_the_one_kept_outside() -> None:
    roots = signed_roots(chain())
    kept = root_hash(roots[-1].body)

    assert read(roots, kept).faults == ()
    assert len(read(roots[:-1], kept).faults) == 1


def test_an_entry_names_what_is_there_and_nothing_else() -> None:
    full = replace(entry(1), holder="pec", told=(("A", 1),), told_set=ToldSet("saude", 7))

    said = json.loads(entry_body(full, "2026-01-01T00:00:00Z"))
    assert said == {
        "action": "citizen.read",
        "actor": "ana",
        "at": "2026-01-01T00:00:00Z",
        "holder": "pec",
        "municipal_ids": ["ID00000001"],
        "outcome": "ok",
        "purpose": "care",
        "request_id": "request-1",
        "role": "caseworker",
        "told": [["A", 1]],
        "told_set": {"kind": "open_records", "source": "saude", "tx_id": 7},
    }
