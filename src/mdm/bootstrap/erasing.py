"""Erase records from the registry and from every file of the home folder.

What has to be written anew beside the database is made before the records are erased and put in
its place afterwards. A note says which files and which records: a crash in between is finished by
the next erasure, and `mdm verify` says until then that it is not.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from mdm.bootstrap.application import Application
from mdm.bootstrap.erasure_key import erasure_key
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.check import Check
from mdm.domain.erasure import CONCEALED, ErasureReason, Traces, concealed_local_id
from mdm.domain.events import RecordState
from mdm.domain.municipal_id import parse
from mdm.errors import NotFoundError
from mdm.ports import ProgressStep, ReadSession
from mdm.services.erase_records import Conceal, Erased, erase_records, what_goes
from mdm.services.keys import MUNICIPAL, Key, check_source
from mdm.services.lists import as_int, rows_of_numbers, rows_of_texts
from mdm.services.municipal_ids import ids_of_records
from mdm.services.refresh_golden import GoldenRules
from mdm.services.told_holders import told_holders
from mdm.storage.purge import purge
from mdm.volume.database import VOLUME_FILE
from mdm.volume.forget import drop_scratch, forget_in_held, fresh_cache, fresh_of, replace_by

NOTE = "erasing.json"
UNFINISHED = "erased content has left the files"


def erase(
    application: Application,
    key: Key,
    reason: ErasureReason,
    progress: ProgressStep,
    *,
    whole_citizen: bool = False,
    actor: str | None = None,
) -> dict[str, object]:
    """Erase a record, or all records of its citizen.

    To ask again for a record that is erased changes nothing.

    Args:
        application: The registry.
        key: The record; or `municipal` and an ID: all records of the citizen that it names.
        reason: Why; the ledger names it.
        progress: Told a step and its share done.
        whole_citizen: Whether all records of its citizen are erased.
        actor: Who says so; None for the actor of the process.

    Returns:
        reason, erased (records), municipal_ids (of their citizens), erased_citizens (those of
        whom nothing is left), told (systems that were told an ID of theirs, which are to erase
        what they keep), quarantined (rows that lost their text).

    Raises:
        UnknownSourceError, NotFoundError: There is no such record.
        LaneBusyError: Another process loads, links or reads what was erased: do it again.
    """
    finish_interrupted(application, progress)
    rules = golden_rules(application)
    with application.store.reading() as session:
        record_id = _record(session, key, concealing(application, rules))
        whole = whole_citizen or key[0] == MUNICIPAL
        records = _of_citizen(session, record_id) if whole else [record_id]
    done = erase_all(application, rules, records, reason, progress, actor=actor)
    with application.store.reading() as session:
        told = _told(session, done)
    return {
        "reason": reason.value,
        "erased": len(done.records),
        "municipal_ids": done.citizens,
        "erased_citizens": done.erased_citizens,
        "told": told,
        "quarantined": done.quarantined,
    }


def erase_all(
    application: Application,
    rules: GoldenRules,
    records: Sequence[int],
    reason: ErasureReason,
    progress: ProgressStep,
    *,
    actor: str | None = None,
) -> Erased:
    """Erase records in one transaction, then let them leave the files.

    Raises:
        LaneBusyError: See `erase`.
    """
    header = application.header("erase", cause=reason.value)
    header = header if actor is None else replace(header, actor=actor)
    conceal = concealing(application, rules)
    with application.volume() as con:
        with application.store.reading() as session:
            going = what_goes(session, records, conceal)
            held = _held_loads(session, going.gone)
        if not going.records:
            return going
        progress("prepare files", 0.0)
        database = application.home.work / VOLUME_FILE
        fresh_cache(con, fresh_of(database), going.records)
        made = [fresh_of(database)]
        for load_id, source in held:
            gone = {one.local_id: one.kept for one in going.gone[source]}
            traces = going.traces.get(source, Traces())
            made += forget_in_held(_held_folder(application), load_id, gone, traces.are_in)
        _note(application, going.records, made)
        progress("erase", 0.0)
        with application.store.writing(header) as writing:
            # Decided again with the lane held: a load may have brought another version.
            going = what_goes(writing, going.records, conceal)
            erase_records(writing, rules, going)
    _finish(application, made, progress)
    return going


def finish_interrupted(application: Application, progress: ProgressStep) -> bool:
    """Bring an erasure that a crash cut short to its end; or drop what it had prepared.

    Returns:
        Whether there was one.
    """
    try:
        note = json.loads(_note_path(application).read_text("utf-8"))
    except FileNotFoundError:
        return False
    made = [application.home.work / name for name in note["files"]]
    with application.volume(), application.store.reading() as session:
        states = rows_of_numbers(
            session, "SELECT state FROM record WHERE record_id IN ({keys})", note["records"]
        )
        erased = all(row["state"] == RecordState.ERASED for row in states)
    if erased:
        _finish(application, made, progress)
    else:
        _drop(application, made)
    return True


def files_check(application: Application) -> Check:
    """Whether every erasure has come to its end."""
    open_ = _note_path(application).exists()
    first = "an erasure was interrupted: any `mdm erase` finishes it" if open_ else None
    return Check(UNFINISHED, not open_, int(open_), first)


def concealing(application: Application, rules: GoldenRules) -> Conceal:
    """How the local IDs of erased records are kept: a person's number not as it is."""

    def conceal(source: str, local_id: str) -> str:
        standing = rules.standings.get(source)
        if standing is None or standing.local_id_is == "opaque" or local_id.startswith(CONCEALED):
            return local_id
        return concealed_local_id(erasure_key(application.home.folder), source, local_id)

    return conceal


def _record(session: ReadSession, key: Key, conceal: Conceal) -> int:
    """The number of a record, erased and sealed ones, too; of an ID that of its anchor.

    A sealed record may have no local ID any more by which it is named.
    """
    if key[0] == MUNICIPAL:
        requested = parse(key[1])
        anchor = session.value(
            "SELECT anchor_record_id FROM municipal_id WHERE municipal_id = :id", {"id": requested}
        )
        if anchor is None:
            raise NotFoundError("no such municipal ID was issued", where=requested)
        return as_int(anchor)
    check_source(session, key[0])
    found = rows_of_texts(
        session,
        "SELECT record_id FROM record WHERE source = :source AND local_id IN ({keys})",
        {key[1], conceal(*key)},
        {"source": key[0]},
    )
    for row in found:
        return as_int(row["record_id"])
    raise NotFoundError("the source has no such record", where=key[0])


def _of_citizen(session: ReadSession, record_id: int) -> list[int]:
    rows = session.rows(
        "SELECT o.record_id FROM membership m JOIN membership o "
        "ON o.municipal_id = m.municipal_id WHERE m.record_id = :record",
        {"record": record_id},
    )
    return sorted({record_id, *(as_int(row["record_id"]) for row in rows)})


def _told(session: ReadSession, done: Erased) -> list[str]:
    """The systems that were told an ID that names one of the citizens, or is anchored there."""
    ids = {*done.citizens, *ids_of_records(session, done.records)}
    found = told_holders(session, sorted(ids))
    return sorted({holder for holders in found.values() for holder in holders})


def _held_loads(session: ReadSession, sources: Iterable[str]) -> list[tuple[int, str]]:
    rows = rows_of_texts(
        session, "SELECT load_id, source FROM load WHERE state = 'held' AND source IN ({keys})",
        sources,
    )  # fmt: skip
    return [(as_int(row["load_id"]), str(row["source"])) for row in rows]


def _held_folder(application: Application) -> Path:
    return application.home.work / "held"


def _note_path(application: Application) -> Path:
    return application.home.work / NOTE


def _note(application: Application, records: Sequence[int], made: Sequence[Path]) -> None:
    """Say what is under way, in numbers and names of files."""
    names = [str(path.relative_to(application.home.work)) for path in made]
    with _durable(_note_path(application)) as file:
        file.write(json.dumps({"records": list(records), "files": names}))


@contextmanager
def _durable(path: Path) -> Iterator[TextIO]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _finish(application: Application, made: Iterable[Path], progress: ProgressStep) -> None:
    for fresh in made:
        if fresh.exists():
            replace_by(fresh)
    drop_scratch(application.home.work, application.home.work / VOLUME_FILE)
    progress("purge the database", 0.0)
    purge(application.store)
    _note_path(application).unlink()


def _drop(application: Application, made: Iterable[Path]) -> None:
    for fresh in made:
        fresh.unlink(missing_ok=True)
    _note_path(application).unlink()
