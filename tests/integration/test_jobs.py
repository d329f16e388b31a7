"""Jobs, and the process that runs them beside the service."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.auditing import verify_trail
from mdm.bootstrap.job_runner import perform_job, run_jobs
from mdm.bootstrap.serving import note_told, open_serving, service_store, sign_newest
from mdm.domain.audit import AuditEntry
from mdm.errors import JobStateError, NotFoundError, NothingToLinkError, UsageError
from mdm.services import jobs
from mdm.storage.service_store import ServiceStore
from support.databases import PATIENCE
from support.intake import declare, load, made_application, person, silent, write_people

NOW = datetime(2026, 3, 10, tzinfo=UTC)
LATER = NOW + jobs.SILENT + timedelta(seconds=1)


@pytest.fixture
def beside(application: Application) -> Iterator[ServiceStore]:
    store = service_store(application)
    yield store
    store.close()


def ask(beside: ServiceStore, kind: str = "link") -> int:
    return jobs.add_job(beside, NOW, kind, {"apply": True}, requested_by="ana")


def state(beside: ServiceStore, job_id: int) -> object:
    return jobs.show_job(beside, job_id)["state"]


def test_jobs_are_taken_in_the_order_asked_each_once(beside: ServiceStore) -> None:
    asked = [ask(beside) for _ in range(3)]

    taken = [jobs.take_job(beside, NOW) for _ in range(4)]
    assert [None if job is None else job.job_id for job in taken] == [*asked, None]


def test_many_runners_take_a_job_once(beside: ServiceStore) -> None:
    for _ in range(6):
        ask(beside)
    taken: list[int] = []

    def run() -> None:
        while (job := jobs.take_job(beside, NOW)) is not None:
            taken.append(job.job_id)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [1, 2, 3, 4, 5, 6]


def test_a_job_tells_its_step_and_its_outcome(beside: ServiceStore) -> None:
    number = ask(beside)
    jobs.take_job(beside, NOW)
    jobs.note_progress(beside, number, "score", 0.5)
    jobs.end_job(beside, NOW, number, result={"plan_id": 1})

    row = jobs.show_job(beside, number)
    assert (row["state"], row["step"], row["progress"]) == ("done", "score", 0.5)
    assert (row["argument"], row["result"]) == ({"apply": True}, {"plan_id": 1})
    assert [job["job_id"] for job in jobs.list_jobs(beside)] == [number]


def test_a_job_without_a_sign_of_life_has_died(beside: ServiceStore) -> None:
    dead, alive = ask(beside), ask(beside)
    jobs.take_job(beside, NOW)
    jobs.take_job(beside, NOW)
    assert jobs.beat(beside, LATER, alive)
    jobs.take_job(beside, LATER)

    assert (state(beside, dead), state(beside, alive)) == ("failed", "running")


def test_a_cancelled_job_is_not_taken_and_not_brought_back(beside: ServiceStore) -> None:
    waiting, running = ask(beside), ask(beside)
    jobs.cancel_job(beside, NOW, waiting)
    taken = jobs.take_job(beside, NOW)
    assert taken is not None
    jobs.cancel_job(beside, NOW, running)

    assert taken.job_id == running
    assert not jobs.beat(beside, NOW, running)
    jobs.end_job(beside, NOW, running, result={})
    assert state(beside, running) == "cancelled"
    with pytest.raises(JobStateError):
        jobs.cancel_job(beside, NOW, running)


def test_what_is_no_job_is_refused(beside: ServiceStore) -> None:
    with pytest.raises(UsageError):
        ask(beside, "train")
    with pytest.raises(NotFoundError):
        jobs.show_job(beside, 9)


def test_a_job_is_performed_only_once_it_was_taken(
    application: Application, beside: ServiceStore
) -> None:
    number = ask(beside)
    with pytest.raises(JobStateError):
        perform_job(application, number, silent)
    jobs.take_job(beside, NOW)
    with pytest.raises(NothingToLinkError):
        perform_job(application, number, silent)

    error = jobs.show_job(beside, number)["error"]
    assert isinstance(error, dict)
    assert error["code"] == "nothing_to_link"


def test_a_job_links_and_applies(
    application: Application, beside: ServiceStore, tmp_path: Path
) -> None:
    declare(application)
    load(application, write_people(tmp_path / "a.csv", [person("1"), person("2", "Bia Lima")]))
    number = jobs.add_job(
        beside, NOW, "link", {"apply": True, "accept_model": True}, requested_by="ana"
    )
    jobs.take_job(beside, NOW)

    perform_job(application, number, silent)

    row = jobs.show_job(beside, number)
    assert isinstance(row["result"], dict)
    assert (row["state"], row["result"]["minted"]) == ("done", 2)


def test_jobs_and_sessions_do_not_wait_for_the_writer_lane(
    application: Application, beside: ServiceStore
) -> None:
    """SQLite alone: there the lane locks the registry's whole file, and theirs is another."""
    with application.store.writing(application.header("test")):
        number = ask(beside)
        assert jobs.take_job(beside, NOW) is not None

    assert state(beside, number) == "running"


def until(met: Callable[[], bool]) -> None:
    """Wait for what another process does; a test that waits in vain fails."""
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_the_runner_does_jobs_in_processes_of_their_own_and_signs_at_the_end(
    tmp_path: Path,
) -> None:
    with made_application(tmp_path / "home") as application:
        beside = service_store(application)
        serving = open_serving(application)
        serving.audit.append(
            AuditEntry(
                actor="ana", client=None, role="auditor", purpose=None, action="login",
                request_id="r",
            )
        )  # fmt: skip
        serving.close()
        number = ask(beside)
        stop = threading.Event()
        lines: list[str] = []
        runner = threading.Thread(target=run_jobs, args=(application, stop, lines.append))
        runner.start()
        until(lambda: state(beside, number) == "failed")
        stop.set()
        runner.join()

        assert lines == [f"job {number}: link", f"job {number}: failed"]
        assert [root.n for root in application.chains.roots()] == [1]
        assert verify_trail(application).unsigned == 0
        beside.close()


def test_told_is_brought_level_when_the_lane_is_free(application: Application) -> None:
    serving = open_serving(application)
    serving.audit.append(
        AuditEntry(
            actor="pec", client="c-1", role="system", purpose="care", action="crosswalk.read",
            request_id="r", holder="pec", told=(("0A0A0A0A0A", 1),),
        )
    )  # fmt: skip
    serving.close()

    assert note_told(application)
    with application.store.reading() as session:
        assert session.value("SELECT holder FROM told") == "pec"
        before = session.number("SELECT COUNT(*) FROM ledger_tx")
    assert note_told(application)
    with application.store.reading() as session:
        assert session.number("SELECT COUNT(*) FROM ledger_tx") == before


def test_a_trail_is_signed_and_verified_with_the_registrys_own_key(
    application: Application,
) -> None:
    assert sign_newest(application) is None
    serving = open_serving(application)
    entry = AuditEntry(
        actor="ana", client=None, role="auditor", purpose=None, action="login", request_id="r"
    )
    serving.audit.append(entry)
    root = sign_newest(application)
    serving.close()

    assert root is not None
    assert verify_trail(application).faults == ()
    assert verify_trail(application, known_root="ab").faults != ()


def test_each_serving_process_has_a_chain_of_its_own(application: Application) -> None:
    first, second = open_serving(application), open_serving(application)
    names = {first.audit.chain, second.audit.chain}
    first.close()
    third = open_serving(application)

    assert len(names) == 2
    assert third.audit.chain == first.audit.chain
    second.close()
    third.close()
