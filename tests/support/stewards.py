"""Stewards' answers about records of source `a` in a small registry, and what became of them."""

from collections.abc import Sequence
from dataclasses import replace

from mdm.clustering.decision import Thresholds
from mdm.domain.judgement import Verdict
from mdm.domain.ledger import TxHeader
from mdm.errors import SplitHeldError
from mdm.services.judge_pair import judge_pair, undo_judgement
from mdm.services.keep_ids import SAID_BY_RULE, Keep
from mdm.services.keys import Key
from mdm.services.redecide import DecisionRules
from mdm.services.refresh_golden import GoldenRules
from mdm.storage.store import Store
from mdm.storage.verify import verify
from mdm.survivorship.policy import default_policy
from support.small_registry import HEADER, SmallRegistry

RULES = DecisionRules(
    thresholds=Thresholds(review=4.0, link=10.0, fracture=6.0, margin=3.0),
    golden=GoldenRules(default_policy(), {}),
)
ANA, BIA = {"full_name": "Ana Souza"}, {"full_name": "Bia Souza"}
ONE_CPF, OTHER_CPF = {"cpf": "529.982.247-25"}, {"cpf": "111.444.777-35"}


def judge(
    made: SmallRegistry,
    verdict: str,
    left: str,
    right: str,
    by: str = "ines",
    *,
    keep: Keep = SAID_BY_RULE,
) -> dict[str, object]:
    """Judge two records of source `a` by their local IDs."""
    return judge_pair(
        made.store,
        RULES,
        replace(HEADER, kind="judge", actor=by),
        (("a", left), ("a", right)),
        (Verdict(verdict), "seen the papers"),
        keep=keep,
    )


def judge_keeping_anchors(
    store: Store,
    rules: DecisionRules,
    header: TxHeader,
    keys: tuple[Key, Key],
    said: tuple[Verdict, str],
) -> dict[str, object]:
    """Judge as `judge_pair`; wherever the steward must say who keeps an ID, its anchor's part."""
    keep = Keep()
    while True:
        try:
            return judge_pair(store, rules, header, keys, said, keep=keep)
        except SplitHeldError as held:
            with store.reading() as session:
                row = session.row(
                    "SELECT r.source, r.local_id FROM municipal_id i JOIN record r "
                    "ON r.record_id = i.anchor_record_id WHERE i.municipal_id = :id",
                    {"id": held.where},
                )
            assert row is not None
            anchor = (str(row["source"]), str(row["local_id"]))
            assert anchor not in keep.records
            keep = Keep(records=(*keep.records, anchor))


def undo(made: SmallRegistry, number: object) -> dict[str, object]:
    assert isinstance(number, int)
    return undo_judgement(made.store, RULES, HEADER, number)


def homes(made: SmallRegistry, records: Sequence[int]) -> list[str | None]:
    return [made.home(record_id) for record_id in records]


def rows(made: SmallRegistry, sql: str) -> list[tuple[object, ...]]:
    with made.store.reading() as session:
        return [tuple(row.values()) for row in session.rows(sql)]


def assert_sound(made: SmallRegistry) -> None:
    assert [check for check in verify(made.store) if not check.ok] == []


def apart(made: SmallRegistry, *contents: dict[str, str]) -> tuple[tuple[int, ...], list[str]]:
    """Records a/1, a/2, ... each a citizen of its own."""
    records = made.records(*(("a", str(n), values) for n, values in enumerate(contents, 1)))
    return records, made.citizens(*((record_id,) for record_id in records))
