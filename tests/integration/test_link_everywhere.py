"""The life of a registry on both databases, and what no table of it may ever hold."""

from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.errors import LaterChangesError, PlanStateError
from support.intake import declare, person
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    apply,
    assert_sound,
    changes,
    deliver,
    homes,
    ids,
    judged,
    link,
    revert,
    state_of,
    tell,
    who,
)

pytestmark = pytest.mark.slow
A1, A7, C2, C8 = (CLINIC, "1"), (SCHOOL, "7"), (CLINIC, "2"), (SCHOOL, "8")
OTHER = person("7", "Beatriz Moreira Alves", birth_date="2001-10-10")


def test_a_registry_lives_through_everything(application: Application, tmp_path: Path) -> None:
    app = application
    declare(app, CLINIC)
    declare(app, SCHOOL, "education")
    deliver(app, tmp_path, [who("1", ANA), who("2", CARLOS)], CLINIC)
    deliver(app, tmp_path, [who("7", ANA)], SCHOOL)

    # A plan changes nothing until it is applied.
    plan = link(app, apply=False)
    assert homes(app) == {}
    assert changes(apply(app, plan["plan_id"])) == {"minted": 2, "linked": 1}
    first = homes(app)
    assert first[A1] == first[A7] != first[C2]
    assert_sound(app)

    # Again: nothing. Newcomers join; the first plan is not the last word any more.
    assert changes(link(app)) == {}
    deliver(app, tmp_path, [who("7", ANA), who("8", CARLOS)], SCHOOL)
    joined = link(app)
    assert changes(joined) == {"linked": 1}
    assert homes(app) == first | {C8: first[C2]}
    with pytest.raises(LaterChangesError):
        revert(app, plan["plan_id"])

    # A correction splits a citizen whose ID was told for both parts; a revert undoes it.
    tell(app, first[A1], "crm", A1)
    tell(app, first[A1], "portal", A1)
    tell(app, first[A1], "crm", A7)
    before = state_of(app)
    deliver(app, tmp_path, [OTHER, who("8", CARLOS)], SCHOOL)
    split = link(app)
    assert changes(split) == {"minted": 1, "moved": 1, "split": 1}
    assert ids(app)[first[A1]][2] is not None
    new = homes(app)[A7]
    assert_sound(app)
    revert(app, split["plan_id"])
    after = state_of(app)
    assert (after["homes"], after["statuses"]) == (before["homes"], before["statuses"])
    assert {name: at for name, at in ids(app).items() if name != new} == before["ids"]
    assert_sound(app)
    assert changes(link(app)) == {"moved": 1, "split": 1}
    assert homes(app)[A7] == new

    # A judgement and a withdrawal; then everything is verified once more.
    judged(app, "same", A1, A7)
    assert changes(link(app)) == {"moved": 1, "merged": 1}
    deliver(app, tmp_path, [who("1", ANA)], CLINIC)
    assert changes(link(app)) == {}
    assert homes(app)[C2] == first[C2]
    assert_sound(app)
    with pytest.raises(PlanStateError):
        apply(app, plan["plan_id"])


CANARIES = {
    "full_name": "Zuleiquinha Xantipa Quirzia", "social_name": "Wanderkleia Quirzia",
    "mother_name": "Yolandrina Xantipa", "father_name": "Ubirajarino Quirzia",
    "birth_date": "1973-11-29", "cpf": "246.813.579-28", "nis": "12068910251",
    "phone": "51987612345", "email": "zuleiquinha@example.org", "street": "Rua dos Xantipos",
}  # fmt: skip
TELLTALE = (
    "zuleiq", "xantip", "quirz", "wanderk", "yolandr", "ubiraj", "1973-11-29", "19731129",
    "29/11/1973", "24681357928", "246.813", "12068910251", "51987612345", "5551987612345",
)  # fmt: skip
SPEECHLESS = (
    "ledger_tx", "ledger_event", "plan", "scored_pair", "review_item", "municipal_id", "membership",
    "told", "told_mark", "told_set", "issue", "load", "judgement", "state_digest",
)  # fmt: skip


def test_no_personal_value_leaves_the_records_and_the_golden_record(
    application: Application,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = application
    caplog.set_level(0)
    declare(app, CLINIC)
    declare(app, SCHOOL, "education")
    child = {**CANARIES, "local_id": "3", "full_name": "Xantipa Filha", "birth_date": "2011-02-03",
             "mother_name": CANARIES["full_name"]}  # fmt: skip
    deliver(app, tmp_path, [{**CANARIES, "local_id": "1"}, child], CLINIC)
    deliver(app, tmp_path, [{**CANARIES, "local_id": "7"}], SCHOOL)
    link(app, apply=False)
    applied = link(app)
    deliver(app, tmp_path, [child], CLINIC)
    with pytest.raises(LaterChangesError) as refused:
        revert(app, applied["plan_id"])
    link(app)

    said = [str(refused.value), caplog.text, *capfd.readouterr(), str(applied)]
    with app.store.reading() as session:
        held = session.row(
            "SELECT COUNT(*) AS n FROM golden_record WHERE name_key LIKE '%QUIRZIA%'"
        )
        assert held == {"n": 1}
        for table in SPEECHLESS:
            for row in session.rows(f"SELECT * FROM {table}"):
                said += [_spoken(value) for value in row.values()]
    assert len(said) > 50
    found = {word for word in TELLTALE for text in said if word in text.lower()}
    assert found == set()


def _spoken(value: object) -> str:
    """A cell as text; a packed plan with all that its tables hold."""
    if not isinstance(value, bytes | memoryview):
        return str(value)
    import io
    import zipfile

    import pyarrow.parquet as pq

    if len(value) == 0:
        return ""
    with zipfile.ZipFile(io.BytesIO(bytes(value))) as packed:
        tables = [pq.read_table(io.BytesIO(packed.read(name))) for name in packed.namelist()]
        return " ".join([*packed.namelist(), *(str(table.to_pylist()) for table in tables)])
