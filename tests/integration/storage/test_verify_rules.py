"""Every invariant is noticed when a transaction of our own breaks it."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from mdm.services.overrides import forget_overrides
from mdm.storage.store import Store
from mdm.storage.verify import verify
from mdm.storage.verify_rules import RULES
from mdm.storage.write_session import WriteSession
from support.databases import HEADER
from support.registries import EVENTS, IDS, fill, md5, payload

Break = Callable[[WriteSession], object]


def event(
    kind: str, record_id: int, municipal_id: str | None, detail: str | None = None
) -> pa.Table:
    row = {"kind": kind, "record_id": record_id, "municipal_id": municipal_id, "detail": detail}
    return pa.Table.from_pylist([row], schema=EVENTS)


def judged(verdict: str, record_l: int, record_r: int) -> Break:
    row = {
        "judgement_id": 3,
        "verdict": verdict,
        "record_l": record_l,
        "record_r": record_r,
        "content_hash_l": md5(payload(record_l)),
        "content_hash_r": md5(payload(record_r)),
        "actor": "steward",
        "at": "2026-01-01T00:00:00.000000Z",
        "state": "active",
        "tx_id": 1,
    }
    return lambda session: session.insert_rows("judgement", [row])


def update(table: str, **row: object) -> Break:
    return lambda session: session.update_rows(table, [row])


def sealed(record_id: int) -> Break:
    row = {"record_id": record_id, "seal_id": 1}
    return lambda session: session.insert_rows("sealed_record", [row])


BREAKS: dict[str, Break] = {
    "I1 every present record belongs to one citizen": lambda session: session.delete_arrow(
        "membership", pa.table({"record_id": [3]})
    ),
    "I1 members are records that were placed": update("record", record_id=3, state="pending"),
    "I1 citizens go by active IDs": update("municipal_id", municipal_id=IDS[1], state="tombstone"),
    "I2 IDs are minted once": lambda session: session.append_events(event("mint", 3, IDS[0])),
    "I3 every active ID resolves in one hop": update(
        "municipal_id", municipal_id=IDS[1], anchor_record_id=99
    ),
    "I3 a citizen's ID is anchored among its records": update(
        "municipal_id", municipal_id=IDS[1], anchor_record_id=4
    ),
    "I5 judged the same, one citizen": judged("same", 2, 4),
    "I5 judged different, two citizens": judged("different", 1, 3),
    "I17 rows read are accounted for": update("load", load_id=1, read=9),
    "I17 new and changed records have versions": update("load", load_id=1, new=3, read=3),
    "I17 quarantined rows are kept": update("load", load_id=1, quarantined=1, read=3),
    "records change as their table of states allows": lambda session: [
        session.append_events(event("record_state", 2, None, detail=state))
        for state in ("erased", "present")
    ],
    "records have their content": update("record", record_id=2, version=2),
    "only erased records are empty": update("record_version", record_id=2, version=1, payload=""),
    "I10 fold membership": update("membership", record_id=2, link_status="confirmed"),
    "I10 fold municipal_id": update(
        "municipal_id", municipal_id=IDS[0], ambiguous_until="2026-12-01"
    ),
    "I10 fold record": update("record", record_id=2, state="withdrawn"),
    "I10 fold judgement": update("judgement", judgement_id=1, state="suspended"),
    "I10 fold identifier_judgement": update(
        "identifier_judgement", judgement_id=2, state="suspended"
    ),
    "I10 fold golden_override": update("golden_override", override_id=1, state="lapsed"),
    "what stewards said of erased records is empty": update("record", record_id=2, state="erased"),
    "what stewards said is about known records": update(
        "golden_override", override_id=1, record_id=99
    ),
    "sealed citizens are sealed whole": sealed(99),
    "sealed records stay where they are": lambda session: [
        session.append_events(event(kind, 2, IDS[0], detail=detail))
        for kind, detail in (("seal", "1"), ("relink", "alone"))
    ],
    "nothing is told of sealed records": sealed(2),
    "I10 fold seal": lambda session: session.append_events(event("seal", 2, IDS[0], detail="1")),
    "I10 fold sealed_record": sealed(2),
    "plan items digest": update("plan", plan_id=1, items=b"others"),
}


def test_every_rule_has_its_case() -> None:
    # Events get the number of their transaction from storage: only a changed cell breaks that.
    assert {rule.name for rule in RULES} - set(BREAKS) == {"events belong to transactions"}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_named(store: Store, name: str) -> None:
    fill(store)
    with store.writing(HEADER) as session:
        BREAKS[name](session)

    checks = {check.name: check for check in verify(store)}

    assert not checks[name].ok
    assert checks[name].first is not None
    assert all(check.ok for check in checks.values() if check.name.startswith(("cells", "digest")))


def test_an_erased_record_keeps_its_slot_and_anchor(store: Store) -> None:
    fill(store)
    row = {"kind": "record_state", "record_id": 2, "detail": "erased"}
    with store.writing(HEADER) as session:
        session.update_rows("record_version", [{"record_id": 2, "version": 1, "payload": ""}])
        forget_overrides(session, [2])
        session.set_where("record", {"state": "erased"}, "record_id = 2")
        session.append_events(pa.Table.from_pylist([row], schema=EVENTS))

    assert [check.name for check in verify(store) if not check.ok] == []
