"""A control sample with one pair, for `support.registries`."""

from mdm.storage.write_session import WriteSession


def insert_samples(session: WriteSession) -> None:
    """One row in each of the sample's tables."""
    session.insert_rows(
        "quality_sample",
        [
            {
                "sample_id": 1,
                "at": session.at,
                "plan_id": 1,
                "model_version": "person/v1",
                "seed": 7,
                "strata": "[]",
            }
        ],
    )
    session.insert_rows(
        "quality_pair",
        [
            {
                "sample_id": 1,
                "record_l": 1,
                "record_r": 2,
                "stratum": "linked",
                "content_hash": "ab",
                "held_verdict": "different",
            }
        ],
    )
