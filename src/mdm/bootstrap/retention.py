"""Erase what is past its source's retention time."""

from dataclasses import replace

from mdm.bootstrap.application import Application
from mdm.bootstrap.erasing import erase_all, finish_interrupted
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.erasure import ErasureReason
from mdm.ports import ProgressStep
from mdm.services.retention import empty_old_texts, refuse_over_cap, what_is_due
from mdm.storage.purge import purge


def run_retention(
    application: Application,
    progress: ProgressStep,
    *,
    dry_run: bool = False,
    accepted: int = 0,
    actor: str | None = None,
) -> dict[str, object]:
    """Erase withdrawn records, and text in quarantine, that are past their source's time.

    Args:
        application: The registry.
        progress: Told a step and its share done.
        dry_run: Only say what would go.
        accepted: How many records of one source may go, over the cap.
        actor: Who runs it; None for the actor of the process.

    Returns:
        dry_run, sources (see `Due.as_dict`), erased (records), erased_citizens (how many),
        quarantined (rows that lost their text).

    Raises:
        RetentionCapError: More of a source is due than goes without a person's word.
        LaneBusyError: Another process loads or links.
    """
    if not dry_run:
        finish_interrupted(application, progress)
    days = {name: one.retention_days for name, one in application.declarations().items()}
    with application.store.reading() as session:
        found = what_is_due(session, days, application.today())
    told: dict[str, object] = {
        "dry_run": dry_run,
        "sources": [one.as_dict() for one in found],
        "erased": 0,
        "erased_citizens": 0,
        "quarantined": 0,
    }
    if dry_run:
        return told
    refuse_over_cap(found, accepted)
    emptied = 0
    if any(one.texts for one in found):
        header = application.header("retention", cause=ErasureReason.RETENTION.value)
        header = header if actor is None else replace(header, actor=actor)
        with application.store.writing(header) as writing:
            emptied = empty_old_texts(writing, found)
    due = [record_id for one in found for record_id in one.due]
    rules = golden_rules(application)
    gone = erase_all(application, rules, due, ErasureReason.RETENTION, progress, actor=actor)
    if emptied and not gone.records:
        purge(application.store)
    return {
        **told,
        "erased": len(gone.records),
        "erased_citizens": len(gone.erased_citizens),
        "quarantined": emptied + gone.quarantined,
    }
