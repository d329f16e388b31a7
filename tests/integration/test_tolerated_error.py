"""Operators say what error they tolerate: the threshold for it is chosen, kept and put back."""

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.link_commands import run_apply, run_link
from mdm.bootstrap.stewarding import decision_rules
from mdm.errors import ToleranceError
from mdm.linkage.model import load_model
from mdm.services.link_records import LinkOptions
from mdm.services.plans import show_plan
from support.intake import silent
from support.link_runs import app, built, partition, templates
from support.linkage_city import SHIPPED_MODEL

__all__ = ["app", "built", "templates"]
pytestmark = pytest.mark.slow
OWN = load_model(SHIPPED_MODEL).thresholds.link


def _linked(built: Application, tolerate: float | None, *, apply: bool = True) -> dict[str, object]:
    options = LinkOptions(apply=apply, accept_model=True, accept_changes=9, tolerate=tolerate)
    made = run_link(built, silent, options, model=SHIPPED_MODEL)
    with built.store.reading() as session:
        return show_plan(session, int(str(made["plan_id"])))


def test_a_tolerance_is_stored_stands_for_later_runs_and_is_taken_back(built: Application) -> None:
    before = partition(built)
    planned = _linked(built, 1e-4, apply=False)
    assert planned["tolerate"] == 1e-4
    assert planned["link_threshold"] != OWN
    assert decision_rules(built).thresholds.link == OWN

    run_apply(built, silent, int(str(planned["plan_id"])), accept_model=True)
    assert decision_rules(built).thresholds.link == planned["link_threshold"]
    again = _linked(built, None)
    assert (again["tolerate"], again["link_threshold"]) == (1e-4, planned["link_threshold"])

    back = _linked(built, 0.0)
    assert (back["tolerate"], back["link_threshold"]) == (None, OWN)
    assert decision_rules(built).thresholds.link == OWN
    assert partition(built) == before


@pytest.mark.parametrize(
    ("tolerate", "accept_model", "says"),
    [(1e-4, False, "unlike"), (1e-12, True, "learned from")],
)
def test_an_error_that_the_model_cannot_state_is_refused(
    built: Application, tolerate: float, says: str, *, accept_model: bool
) -> None:
    with pytest.raises(ToleranceError, match=says):
        run_link(
            built,
            silent,
            LinkOptions(accept_model=accept_model, tolerate=tolerate),
            model=SHIPPED_MODEL,
        )
