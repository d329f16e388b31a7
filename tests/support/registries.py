"""A small registry with a row in every table, written the way the services write."""

import hashlib
import json
from typing import Any

import pyarrow as pa

from mdm.domain.ledger import TxHeader
from mdm.storage.store import Store
from mdm.storage.write_session import WriteSession
from support.sample_rows import insert_samples

IDS = ("0A0A0A0A0A", "1B1B1B1B1B", "2C2C2C2C2C")
LOADER = TxHeader(kind="load", actor="loader", request="r-1")
APPLIER = TxHeader(kind="apply", actor="applier", plan_id=1, model_version="person/v1")
OPERATOR = TxHeader(kind="account", actor="operator")
STEWARD = TxHeader(kind="judge", actor="steward", purpose="data quality", cause="review")


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def payload(record_id: int) -> str:
    return json.dumps({"full_name": f"PESSOA NUMERO {record_id}", "sex": "F"})


def fill(store: Store) -> None:
    """Four records of two sources become three citizens; stewards judge and set a value."""
    with store.writing(LOADER) as session:
        _sources(session)
        _records(session)
    with store.writing(APPLIER) as session:
        _identities(session)
        _work(session)
    with store.writing(STEWARD) as session:
        _judgement(session)
    with store.writing(OPERATOR) as session:
        _access(session)


def _access(session: WriteSession) -> None:
    session.insert_rows(
        "account",
        [
            {
                "name": "bia",
                "password_hash": "$argon2id$none",
                "role": "steward",
                "sector": "health",
                "display_name": "Bia",
                "state": "active",
                "at": session.at,
            }
        ],
    )
    session.insert_rows(
        "client",
        [
            {
                "client_id": "c-1",
                "name": "pec",
                "secret_hash": "00",
                "sector": "health",
                "sources": '["saude"]',
                "state": "active",
                "at": session.at,
            }
        ],
    )
    session.insert_rows("told_mark", [{"chain": "web-1", "n": 3, "hash": "ab"}])
    mark = {"holder": "pec", "at": session.at, "citizen": IDS[0]}
    session.insert_rows("feed_mark", [mark])
    span = {"span_id": 1, "record_id": 1, "identifier": "cpf", "value_hash": md5("cpf"),
            "state": "contested", "from_tx": 1, "until_tx": None}  # fmt: skip
    session.insert_rows("ownership_span", [span])
    change = {"municipal_id": IDS[0], "tx_id": 1, "digest_before": md5("a"), "digest_after": None}
    session.insert_rows("golden_change", [change])
    insert_samples(session)


def _sources(session: WriteSession) -> None:
    session.insert_rows(
        "source",
        [
            {
                "name": name,
                "sector": sector,
                "layout": "canonical",
                "declaration": f'name = "{name}"\n',
                "declaration_hash": md5(name),
            }
            for name, sector in (("saude", "health"), ("escola", "education"))
        ],
    )
    counts = {"changed": 0, "unchanged": 0, "reinstated": 0, "withdrawn": 0, "issues": 1}
    session.insert_rows(
        "load",
        [
            {
                "load_id": number,
                "source": source,
                "state": "applied",
                "scopes": "[]",
                "files": "[]",
                "read": 2 + number - 1,
                "new": 2,
                "quarantined": number - 1,
                "content_digest": md5(source),
                **counts,
            }
            for number, source in ((1, "saude"), (2, "escola"))
        ],
    )
    session.insert_rows(
        "quarantine",
        [
            {
                "quarantine_id": session.next_ids("quarantine"),
                "load_id": 2,
                "source": "escola",
                "file": "alunos.csv",
                "line": 7,
                "reason": "no_local_id",
                "content": ";;",
            }
        ],
    )


def _records(session: WriteSession) -> None:
    numbers = (1, 2, 3, 4)
    records: list[dict[str, Any]] = [
        {
            "record_id": number,
            "source": "saude" if number < 3 else "escola",
            "local_id": f"L{number}",
            "scope": None if number < 3 else "4301",
            "state": "pending",
            "version": 1,
            "content_hash": md5(payload(number)),
            "last_load_id": 1 if number < 3 else 2,
            "restricted": number == 4,
        }
        for number in numbers
    ]
    session.insert_rows("record", records)
    session.insert_rows(
        "record_version",
        [
            {
                "record_id": number,
                "version": 1,
                "load_id": 1 if number < 3 else 2,
                "content_hash": md5(payload(number)),
                "payload": payload(number),
            }
            for number in numbers
        ],
    )
    session.insert_rows(
        "issue",
        [
            {
                "issue_id": number,
                "load_id": load,
                "record_id": record,
                "field": "cpf",
                "value_class": "repeated digits",
                "reason": "placeholder",
            }
            for number, load, record in ((1, 1, 1), (2, 2, 3))
        ],
    )


def _identities(session: WriteSession) -> None:
    """IDs on records 1, 2 and 4; record 3 is linked to record 1."""
    minted = {1: IDS[0], 2: IDS[1], 4: IDS[2]}
    homes = {1: IDS[0], 3: IDS[0], 2: IDS[1], 4: IDS[2]}
    events = [{"kind": "mint", "record_id": r, "municipal_id": i} for r, i in minted.items()]
    status = {1: "automatic", 3: "automatic", 2: "alone", 4: "alone"}
    weight = {1: 12.5, 3: 12.5, 2: None, 4: None}
    for record, home in homes.items():
        events.append(
            {
                "kind": "place",
                "record_id": record,
                "municipal_id": home,
                "weight": weight[record],
                "detail": status[record],
            }
        )
    numbers = session.append_events(pa.Table.from_pylist(events, schema=EVENTS))
    session.insert_rows(
        "municipal_id",
        [
            {
                "municipal_id": municipal_id,
                "founder_record_id": record,
                "anchor_record_id": record,
                "minted_seq": seq,
                "state": "active",
            }
            for seq, (record, municipal_id) in zip(numbers, minted.items(), strict=False)
        ],
    )
    session.insert_rows(
        "membership",
        [
            {
                "record_id": record,
                "municipal_id": home,
                "link_status": status[record],
                "weight": weight[record],
                "linked_at": session.at,
                "seq": seq,
            }
            for seq, (record, home) in zip(numbers[len(minted) :], homes.items(), strict=True)
        ],
    )
    session.set_where("record", {"state": "present"}, "state = 'pending'")


EVENTS = pa.schema(
    [
        ("kind", pa.string()),
        ("record_id", pa.int64()),
        ("municipal_id", pa.string()),
        ("weight", pa.float64()),
        ("detail", pa.string()),
    ]
)


def _work(session: WriteSession) -> None:
    items = b"PAR1 items of the plan"
    session.insert_rows(
        "scored_pair",
        [
            {
                "record_l": 1,
                "record_r": 3,
                "match_weight": 12.5,
                "pattern": 77,
                "outcome": "linked",
                "plan_id": 1,
            },
            {
                "record_l": 1,
                "record_r": 2,
                "match_weight": 3.25,
                "pattern": 78,
                "guard": "same_family",
                "outcome": "review",
                "plan_id": 1,
            },
        ],
    )
    session.insert_rows(
        "plan",
        [
            {
                "plan_id": 1,
                "state": "applied",
                "base_seq": 0,
                "model_version": "person/v1",
                "inputs_digest": md5("inputs"),
                "counts": '{"minted":3}',
                "items": items,
                "items_digest": hashlib.sha256(items).hexdigest(),
                "applied_tx": session.tx_id,
                "at": session.at,
            }
        ],
    )
    session.insert_rows(
        "review_item",
        [
            {
                "review_id": 1,
                "kind": "pair",
                "record_l": 1,
                "record_r": 2,
                "state": "open",
                "match_weight": 3.25,
                "match_probability": 0.9,
                "reason": "same_family",
                "priority": 0.5,
                "content_hash": md5("compared"),
                "plan_id": 1,
            }
        ],
    )
    session.insert_rows("golden_record", golden_rows())
    session.insert_rows(
        "told",
        [
            {
                "municipal_id": IDS[0],
                "holder": "escola",
                "record_id": 3,
                "first_at": session.at,
                "last_at": session.at,
            }
        ],
    )
    session.insert_rows(
        "told_set",
        [
            {
                "holder": "escola",
                "kind": "open_records",
                "source": "saude",
                "tx_id": 1,
                "first_at": session.at,
                "last_at": session.at,
            }
        ],
    )


def golden_rows() -> list[dict[str, Any]]:
    members = {IDS[0]: [1, 3], IDS[1]: [2], IDS[2]: [4]}
    return [
        {
            "municipal_id": municipal_id,
            "name": f"Pessoa Número {records[0]}",
            "birth_date": "1987-03-21",
            "sex": "F",
            "phones": None,
            "sources": '["saude"]',
            "record_count": len(records),
            "lineage": json.dumps({"*": [records[0], "only_record"]}),
            "content_digest": md5(f"golden {records[0]}"),
        }
        for municipal_id, records in members.items()
    ]


def _judgement(session: WriteSession) -> None:
    session.append_events(pa.table({"kind": ["judge"], "detail": ["1"]}))
    session.insert_rows(
        "judgement",
        [
            {
                "judgement_id": 1,
                "verdict": "different",
                "record_l": 1,
                "record_r": 2,
                "content_hash_l": md5(payload(1)),
                "content_hash_r": md5(payload(2)),
                "actor": "steward",
                "reason": "outra mãe",
                "at": session.at,
                "state": "active",
            }
        ],
    )
    session.append_events(
        pa.table({"kind": ["judge_identifier", "override"], "detail": ["2", "1"]})
    )
    said = {"actor": "steward", "reason": "visto", "at": session.at, "state": "active"}
    session.insert_rows(
        "identifier_judgement",
        [
            {
                "judgement_id": 2,
                "record_id": 3,
                "identifier": "cpf",
                "value_hash": md5("cpf"),
                "verdict": "own",
                "content_hash": md5(payload(3)),
                **said,
            }
        ],
    )
    session.insert_rows(
        "golden_override",
        [
            {
                "override_id": 1,
                "record_id": 2,
                "attribute": "name",
                "value": "Ana Lima",
                "judged": md5("name"),
                **said,
            }
        ],
    )
