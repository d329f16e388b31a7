"""Jobs: link runs and applies that run in a process of their own, never in one that serves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mdm.errors import JobStateError, NotFoundError, UsageError
from mdm.ports import ServiceStore

KINDS = ("link", "apply")
SILENT = timedelta(seconds=90)
"""A running job that has shown no sign of life for so long has died."""
_COLUMNS = (
    "job_id, kind, state, argument, step, progress, result, error, requested_by, at, started_at, "
    "ended_at, heartbeat_at"
)
_WITH_JSON = ("argument", "result", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done.

    Attributes:
        job_id: Its number.
        kind: One of `KINDS`.
        argument: What the command needs: `apply` of a link run, `plan_id` of an apply, and of both
            `accept_changes` and `accept_model`.
    """

    job_id: int
    kind: str
    argument: dict[str, object]


def add_job(
    store: ServiceStore,
    now: datetime,
    kind: str,
    argument: Mapping[str, object],
    *,
    requested_by: str,
) -> int:
    """Ask for a job; returns its number.

    Raises:
        UsageError: There is no such kind.
    """
    if kind not in KINDS:
        raise UsageError(f"a job is one of {', '.join(KINDS)}")
    with store.writing() as session:
        row = session.row("SELECT COALESCE(MAX(job_id), 0) + 1 AS next FROM job")
        assert row is not None
        number = int(str(row["next"]))
        session.execute(
            "INSERT INTO job (job_id, kind, state, argument, requested_by, at) "
            "VALUES (:id, :kind, 'waiting', :argument, :by, :now)",
            {
                "id": number,
                "kind": kind,
                "argument": json.dumps(dict(argument)),
                "by": requested_by,
                "now": _text(now),
            },
        )
    return number


def list_jobs(store: ServiceStore, limit: int = 50) -> list[dict[str, object]]:
    """The newest jobs."""
    with store.reading() as session:
        rows = session.rows(
            f"SELECT {_COLUMNS} FROM job ORDER BY job_id DESC LIMIT :limit", {"limit": limit}
        )
    return [_shown(row) for row in rows]


def show_job(store: ServiceStore, job_id: int) -> dict[str, object]:
    """One job.

    Raises:
        NotFoundError: There is none of that number.
    """
    with store.reading() as session:
        row = session.row(f"SELECT {_COLUMNS} FROM job WHERE job_id = :id", {"id": job_id})
    if row is None:
        raise NotFoundError("no such job: `mdm job list` names them", where=str(job_id))
    return _shown(row)


def cancel_job(store: ServiceStore, now: datetime, job_id: int) -> None:
    """Let a job wait or run no longer; one that runs is interrupted by its runner.

    Raises:
        NotFoundError: There is none of that number.
        JobStateError: It has ended.
    """
    show_job(store, job_id)
    with store.writing() as session:
        changed = session.execute(
            "UPDATE job SET state = 'cancelled', ended_at = :now "
            "WHERE job_id = :id AND state IN ('waiting', 'running')",
            {"id": job_id, "now": _text(now)},
        )
    if changed == 0:
        raise JobStateError("the job has ended", where=str(job_id))


def take_job(store: ServiceStore, now: datetime) -> Job | None:
    """The job that has waited longest, running from now on; None where none waits.

    Jobs that died are named failed first.
    """
    silent = {"now": _text(now), "old": _text(now - SILENT), "error": json.dumps(_DIED)}
    with store.writing() as session:
        session.execute(
            "UPDATE job SET state = 'failed', ended_at = :now, error = :error "
            "WHERE state = 'running' AND heartbeat_at < :old",
            silent,
        )
        row = session.row(
            "SELECT job_id, kind, argument FROM job WHERE state = 'waiting' ORDER BY job_id LIMIT 1"
        )
        if row is None:
            return None
        taken = session.execute(
            "UPDATE job SET state = 'running', started_at = :now, heartbeat_at = :now "
            "WHERE job_id = :id AND state = 'waiting'",
            {"now": _text(now), "id": row["job_id"]},
        )
    if taken == 0:
        return None
    return Job(
        job_id=int(str(row["job_id"])),
        kind=str(row["kind"]),
        argument=json.loads(str(row["argument"])),
    )


_DIED = {"code": "interrupted", "message": "the process that ran the job died", "where": None}


def beat(store: ServiceStore, now: datetime, job_id: int) -> bool:
    """A sign of life; False where the job was cancelled."""
    with store.writing() as session:
        changed = session.execute(
            "UPDATE job SET heartbeat_at = :now WHERE job_id = :id AND state = 'running'",
            {"now": _text(now), "id": job_id},
        )
    return changed == 1


def note_progress(store: ServiceStore, job_id: int, step: str, share: float) -> None:
    """What a job is at, and which share of that is done."""
    with store.writing() as session:
        session.execute(
            "UPDATE job SET step = :step, progress = :share WHERE job_id = :id",
            {"step": step, "share": share, "id": job_id},
        )


def end_job(
    store: ServiceStore,
    now: datetime,
    job_id: int,
    *,
    result: Mapping[str, object] | None = None,
    error: Mapping[str, object] | None = None,
) -> None:
    """A job has ended, well or with an error; one that was cancelled stays cancelled."""
    with store.writing() as session:
        session.execute(
            "UPDATE job SET state = :state, result = :result, error = :error, ended_at = :now "
            "WHERE job_id = :id AND state = 'running'",
            {
                "state": "done" if error is None else "failed",
                "result": None if result is None else json.dumps(dict(result)),
                "error": None if error is None else json.dumps(dict(error)),
                "now": _text(now),
                "id": job_id,
            },
        )


def _shown(row: dict[str, object]) -> dict[str, object]:
    return {
        name: json.loads(value) if name in _WITH_JSON and isinstance(value, str) else value
        for name, value in row.items()
    }


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
