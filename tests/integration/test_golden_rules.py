"""Golden records follow the rules of today: by others all are built anew, once."""

from importlib import resources
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.link_run import POLICY_FILE
from mdm.bootstrap.maintenance import verify_registry
from support.intake import silent
from support.link_runs import (
    ANA,
    CARLOS,
    CLINIC,
    SCHOOL,
    app,
    apply,
    built,
    deliver,
    homes,
    link,
    templates,
    who,
)

__all__ = ["app", "built", "templates"]
pytestmark = pytest.mark.slow
_SHIPPED = resources.files("mdm.survivorship").joinpath("policy.toml").read_text("utf-8")
_BY_DAY = '"trusted_source", "most_recent"]\n\n[groups.deceased]'


def at(street: str, day: str) -> dict[str, str]:
    return {
        "street": street, "street_number": "10", "postal_code": "90010000",
        "municipality": "Porto Alegre", "updated_at": f"{day}T10:00:00-03:00",
    }  # fmt: skip


@pytest.fixture
def moved(built: Application, tmp_path: Path) -> Application:
    """The school heard of another address, later."""
    clinic = [who("1", ANA, **at("Rua da Praia", "2026-01-10")), who("2", CARLOS)]
    deliver(built, tmp_path, clinic, CLINIC)
    deliver(built, tmp_path, [who("7", ANA, **at("Rua dos Andradas", "2026-02-10"))], SCHOOL)
    link(built)
    return built


def streets(application: Application) -> dict[str, str]:
    with application.store.reading() as session:
        rows = session.rows("SELECT municipal_id, address FROM golden_record")
    return {str(row["municipal_id"]): str(row["address"]) for row in rows}


def failures(application: Application) -> list[str]:
    return [one.name for one in verify_registry(application, silent) if not one.ok]


def without_the_day(application: Application) -> None:
    """A policy that asks whom to trust, and not who heard of it last."""
    assert _BY_DAY in _SHIPPED
    text = _SHIPPED.replace(_BY_DAY, '"trusted_source"]\n\n[groups.deceased]')
    (application.home.folder / POLICY_FILE).write_text(text, "utf-8")


@pytest.mark.parametrize("stored", [False, True], ids=["at once", "as a stored plan"])
def test_by_another_policy_the_next_plan_builds_all_anew(
    moved: Application, *, stored: bool
) -> None:
    ana = homes(moved)[CLINIC, "1"]
    assert "ANDRADAS" in streets(moved)[ana].upper()
    without_the_day(moved)
    assert failures(moved) == []
    assert "ANDRADAS" in streets(moved)[ana].upper()

    plan = link(moved, apply=not stored)
    if stored:
        apply(moved, plan["plan_id"])

    assert "PRAIA" in streets(moved)[ana].upper()
    assert failures(moved) == []


def test_by_the_same_rules_a_plan_leaves_golden_records_alone(moved: Application) -> None:
    with moved.store.reading() as session:
        before = session.rows("SELECT * FROM golden_change ORDER BY municipal_id, tx_id")

    link(moved)

    with moved.store.reading() as session:
        after = session.rows("SELECT * FROM golden_change ORDER BY municipal_id, tx_id")
    assert after == before
