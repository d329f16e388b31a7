"""`mdm quality`: draw a control sample, and estimate from its answers."""

from mdm.bootstrap.application import Application
from mdm.bootstrap.stewarding import used_model
from mdm.errors import NothingToLinkError
from mdm.linkage.engine import prepare_candidates, weigh_pairs
from mdm.ports import ProgressStep
from mdm.services.control_sample import store_sample
from mdm.services.judged_identifiers import standing_identifiers
from mdm.services.quality import read_quality
from mdm.volume import control_frame

FIRST_PART = 200_000
"""Candidate pairs under the review threshold that are weighed to know how large strata are."""

_MEMBERS = (
    "SELECT m.record_id, m.municipal_id, m.link_status FROM membership m "
    "JOIN record r ON r.record_id = m.record_id WHERE r.state = 'present' AND NOT r.restricted"
)
_SCORED = "SELECT record_l, record_r, match_weight FROM scored_pair"
_JUDGED = "SELECT DISTINCT record_l, record_r FROM judgement WHERE state <> 'undone'"


def draw_sample(
    application: Application, progress: ProgressStep, *, size: int, seed: int
) -> dict[str, object]:
    """Draw a control sample and ask its questions; those of an earlier one fall away.

    Args:
        application: The registry.
        progress: Told a step and its share done.
        size: Pairs to draw.
        seed: The same seed draws the same pairs of the same registry.

    Returns:
        sample_id, drawn, strata.

    Raises:
        NothingToLinkError: Nothing was linked yet.
    """
    model = used_model(application)
    limits = model.thresholds
    strata = control_frame.bands(limits.review, limits.link)
    with application.volume() as con, application.store.reading() as session:
        if session.value("SELECT 1 FROM membership LIMIT 1") is None:
            raise NothingToLinkError("nothing is linked yet: mdm link --apply")
        application.sync_with(con, session, progress)
        progress("frame", 0.0)
        prepare_candidates(con, model, standing_identifiers(session))
        progress("frame", 0.5)
        by_stewards = control_frame.write_frame(
            con,
            session.read_arrow(_MEMBERS, schema=control_frame.MEMBER),
            session.read_arrow(_SCORED, schema=control_frame.WEIGHED),
            session.read_arrow(_JUDGED, schema=control_frame.JUDGED),
        )
        others = control_frame.write_unscored(con, FIRST_PART, seed)
        weigh_pairs(con, model, pairs="unscored", out="weighed")
        drawn = control_frame.draw(con, strata, others, review=limits.review, size=size, seed=seed)
        control_frame.drop_frame(con)
        progress("frame", 1.0)
    with application.store.writing(application.header("quality_sample")) as writing:
        sample_id = store_sample(
            writing, drawn, by_stewards=by_stewards, model_version=model.version, seed=seed
        )
    return {"sample_id": sample_id, "drawn": len(drawn[1]), "strata": drawn[0]}


def estimate_quality(application: Application, progress: ProgressStep) -> dict[str, object]:
    """Precision and recall of the running system; see `mdm.services.quality.read_quality`."""
    today = application.today().isoformat()
    with application.volume() as con, application.store.reading() as session:
        application.sync_with(con, session, progress)
        return read_quality(session, lambda pairs: control_frame.groups_of(con, pairs, today))
