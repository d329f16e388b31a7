"""The process beside the web workers: runs jobs, signs roots, brings `told` level.

Each job is a process of its own (`mdm job perform`): what it holds in memory goes with it, and
one that dies takes nothing else along.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from mdm.bootstrap.application import Application
from mdm.bootstrap.link_commands import run_apply, run_link
from mdm.bootstrap.serving import note_told, service_store, sign_newest
from mdm.errors import JobStateError, MdmError, UsageError
from mdm.ports import ProgressStep, ServiceStore
from mdm.services import jobs
from mdm.services.link_records import LinkOptions

ROOT_SECONDS = 10.0
TOLD_SECONDS = 60.0
LOOK_SECONDS = 1.0
BEAT_SECONDS = 5.0
_GRACE_SECONDS = 20.0
_PROGRESS_SECONDS = 1.0


def run_jobs(application: Application, stop: threading.Event, log: Callable[[str], None]) -> None:
    """Take jobs until told to stop; meanwhile sign roots and bring `told` level.

    Args:
        application: The registry.
        stop: Set to end; a job that runs is interrupted.
        log: Told in a line what happens; no personal value.
    """
    beside = service_store(application)
    duties = [
        _Duty("sign", ROOT_SECONDS, lambda: sign_newest(application), stop, log),
        _Duty("told", TOLD_SECONDS, lambda: note_told(application), stop, log),
    ]
    try:
        while not stop.is_set():
            job = _taken(beside, application, log)
            if job is None:
                stop.wait(LOOK_SECONDS)
            else:
                _supervise(application, beside, job, stop, log)
    finally:
        stop.set()
        for duty in duties:
            duty.join()
        beside.close()


class _Duty(threading.Thread):
    """Something done every so many seconds, and once more at the end."""

    def __init__(
        self,
        name: str,
        seconds: float,
        act: Callable[[], object],
        stop: threading.Event,
        log: Callable[[str], None],
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._seconds, self._act, self._stop_event, self._log = seconds, act, stop, log
        self.start()

    def run(self) -> None:
        """Until told to stop; a refusal is told and the next time tried again."""
        ended = False
        while not ended:
            ended = self._stop_event.wait(self._seconds)
            try:
                self._act()
            except MdmError as error:
                self._log(f"{self.name}: {error.code}")


def _taken(
    beside: ServiceStore, application: Application, log: Callable[[str], None]
) -> jobs.Job | None:
    try:
        return jobs.take_job(beside, application.clock())
    except MdmError as error:
        log(f"jobs: {error.code}")
        return None


def _supervise(
    application: Application,
    beside: ServiceStore,
    job: jobs.Job,
    stop: threading.Event,
    log: Callable[[str], None],
) -> None:
    """Run a job in a process of its own, giving signs of life for it."""
    home = str(application.home.folder)
    words = ["-m", "mdm.cli", "--home", home, "--json", "job", "perform", str(job.job_id)]
    log(f"job {job.job_id}: {job.kind}")
    child = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    beaten = time.monotonic()
    while child.poll() is None:
        wanted = not stop.wait(0.2)
        if wanted and time.monotonic() - beaten >= BEAT_SECONDS:
            beaten = time.monotonic()
            wanted = jobs.beat(beside, application.clock(), job.job_id)
        if not wanted:
            _interrupt(child)
    died = {"code": "interrupted", "message": "the job was interrupted or died", "where": None}
    jobs.end_job(beside, application.clock(), job.job_id, error=died)
    log(f"job {job.job_id}: {jobs.show_job(beside, job.job_id)['state']}")


def _interrupt(child: "subprocess.Popen[bytes]") -> None:
    """Ask a job to stop, as Ctrl-C does; its transaction is taken back."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def perform_job(application: Application, job_id: int, progress: ProgressStep) -> dict[str, object]:
    """Do what a running job says, and write its outcome into its row.

    Raises:
        JobStateError: The job is not running: its runner has not taken it.
        MdmError: The command was refused, which the row says, too.
    """
    beside = service_store(application)
    try:
        row = jobs.show_job(beside, job_id)
        if row["state"] != "running":
            raise JobStateError("the job is not running", where=str(job_id))
        argument = row["argument"]
        assert isinstance(argument, dict)
        shown = _Shown(beside, job_id, progress)
        try:
            result = _perform(application, str(row["kind"]), argument, shown.step)
        except MdmError as error:
            jobs.end_job(beside, application.clock(), job_id, error=error.as_dict())
            raise
        jobs.end_job(beside, application.clock(), job_id, result=json.loads(json.dumps(result)))
        return jobs.show_job(beside, job_id)
    finally:
        beside.close()


def _perform(
    application: Application, kind: str, argument: dict[str, object], progress: ProgressStep
) -> dict[str, object]:
    accepted = int(str(argument.get("accept_changes", 0)))
    any_model = argument.get("accept_model") is True
    if kind == "link":
        options = LinkOptions(
            apply=argument.get("apply") is True, accept_changes=accepted, accept_model=any_model
        )
        return run_link(application, progress, options)
    if kind == "apply":
        plan_id = int(str(argument["plan_id"]))
        return run_apply(
            application, progress, plan_id, accept_changes=accepted, accept_model=any_model
        )
    raise UsageError("no such kind of job", where=kind)


class _Shown:
    """Progress that is also written into the job's row, once a second."""

    def __init__(self, beside: ServiceStore, job_id: int, progress: ProgressStep) -> None:
        self._beside, self._job_id, self._progress = beside, job_id, progress
        self._told = 0.0

    def step(self, text: str, share: float) -> None:
        """Go on with a step."""
        self._progress(text, share)
        now = time.monotonic()
        if now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            jobs.note_progress(self._beside, self._job_id, text, share)
