"""The trace of reads, looked at: verified, listed, signed."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

from mdm.bootstrap.application import Application
from mdm.bootstrap.serving import public_keys, sign_newest
from mdm.domain.audit_chain import root_hash
from mdm.domain.municipal_id import parse
from mdm.security.keys import signature_holds
from mdm.services.fold_told import told_marks
from mdm.storage.audit.verify import AuditFinding, Outside, verify_audit


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuestion:
    """Which entries.

    Attributes:
        citizen: Only those that concern a municipal ID, as people write it.
        actor: Only what this account or client did.
        since: Only from this UTC day or time on.
    """

    citizen: str | None = None
    actor: str | None = None
    since: str | None = None


def verify_trail(application: Application, *, known_root: str | None = None) -> AuditFinding:
    """Check every entry of every chain against chain, signed roots and registry."""
    with application.store.reading() as session:
        marks = told_marks(session)
    outside = Outside(public_keys(application.home.folder), marks, known_root)
    return verify_audit(application.chains, outside, signature_holds)


def entries(application: Application, question: AuditQuestion) -> Iterator[dict[str, object]]:
    """Entries of all chains, the newest first.

    Raises:
        InvalidMunicipalIdError: The citizen asked for is no municipal ID.
    """
    citizen = None if question.citizen is None else parse(question.citizen)
    chains = [_of_chain(application, chain) for chain in application.chains.heads()]
    for entry in merge(*chains, key=lambda entry: str(entry["at"]), reverse=True):
        if question.since is not None and str(entry["at"]) < question.since:
            return
        if question.actor is not None and entry["actor"] != question.actor:
            continue
        if citizen is None or citizen in json.dumps(entry):
            yield entry


def newest_root(application: Application) -> dict[str, object]:
    """Sign what was added since the last root, and tell the newest.

    Returns:
        root, hash, at; the root's number is 0 where nothing was ever noted.
    """
    sign_newest(application)
    last = deque(application.chains.roots(), maxlen=1)
    if not last:
        return {"root": 0, "hash": "", "at": ""}
    row = last[0]
    return {"root": row.n, "hash": root_hash(row.body), "at": json.loads(row.body)["at"]}


def _of_chain(application: Application, chain: str) -> Iterator[dict[str, object]]:
    """A chain's entries, the newest first, each with its chain and number."""
    for row in application.chains.newest(chain):
        yield {"chain": chain, "n": row.n, **json.loads(row.body)}
