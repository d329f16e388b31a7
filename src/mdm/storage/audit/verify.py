"""`mdm audit verify`: is every entry there, unchanged and in its place?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from mdm.domain.audit_chain import ChainRow, chain_faults, read_roots
from mdm.domain.check import Check
from mdm.storage.audit.chains import Chains

LISTED = 20
"""Faults named of one chain; the rest follows from them or is counted away."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known of the chains from elsewhere.

    Attributes:
        keys: Public keys that may have signed roots, hex.
        marks: By chain, number and hash of the entry up to which the registry noted tellings.
        known_root: Hash of a root that was kept outside, if one is given.
    """

    keys: frozenset[str]
    marks: Mapping[str, tuple[int, str]]
    known_root: str | None = None


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """What a look at the whole trail found.

    Attributes:
        checks: One for the roots and one a chain; `first` names the first fault.
        faults: All faults, at most `LISTED` a chain.
        newest_root: Hash of the last root, to be kept outside; empty without any.
        unsigned: Entries after the last root: only their chain vouches for them.
    """

    checks: tuple[Check, ...]
    faults: tuple[str, ...]
    newest_root: str
    unsigned: int


def verify_audit(
    chains: Chains, outside: Outside, signature_holds: Callable[[str, bytes, str], bool]
) -> AuditFinding:
    """Check every entry of every chain against chain, roots and registry.

    Args:
        chains: The trail.
        outside: What is known from elsewhere.
        signature_holds: Of key, message and signature.
    """
    # Names first: a chain that begins later is in a later root only.
    names = chains.heads()
    roots = read_roots(
        chains.roots(),
        keys=outside.keys,
        signature_holds=signature_holds,
        known=outside.known_root,
    )
    checks = [_check("roots", roots.count, list(roots.faults))]
    faults, unsigned = list(roots.faults), 0
    for chain in sorted({*names, *roots.heads, *outside.marks}):
        watched = dict(roots.heads.get(chain, {}))
        signed = max(watched, default=0)
        if chain in outside.marks:
            number, hashed = outside.marks[chain]
            watched.setdefault(number, hashed)
        rows = _Counted(chains, chain) if chain in names else None
        found = [f"{chain}: the chain is missing"]
        if rows is not None:
            found = list(islice(chain_faults(chain, rows.all(), watched), LISTED))
            unsigned += max(0, rows.last - signed)
        checks.append(_check(f"chain {chain}", 0 if rows is None else rows.count, found))
        faults += found
    return AuditFinding(tuple(checks), tuple(faults), roots.newest, unsigned)


class _Counted:
    """A chain's rows, counted while they stream."""

    def __init__(self, chains: Chains, chain: str) -> None:
        self._rows = chains.rows(chain)
        self.count = 0
        self.last = 0

    def all(self) -> Iterator[ChainRow]:
        for row in self._rows:
            self.count += 1
            self.last = row.n
            yield row


def _check(name: str, rows: int, faults: list[str]) -> Check:
    return Check(f"audit {name}", not faults, rows, faults[0] if faults else None)
