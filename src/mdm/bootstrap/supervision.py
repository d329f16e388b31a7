"""`mdm serve`: web workers and one job runner, started, watched and ended together.

The service itself is another package, which this one must not import: it is started by name in
a process of its own.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mdm.bootstrap.application import Application
from mdm.errors import LaneBusyError, NotFoundError, ServiceError

SERVICE = "mdm_api.app:from_environment"
PID_FILE = "serve.pid"
LOG_FILE = "service.log"
_GRACE_SECONDS = 20
_STOP_SECONDS = 40.0
_READY_SECONDS = 60.0
_AGAIN_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where and how the service listens.

    Attributes:
        host: Address.
        port: Port.
        workers: Web processes.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2

    @property
    def address(self) -> str:
        """What a browser on this machine opens."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def serve(application: Application, listening: Listening, log: Callable[[str], None]) -> None:
    """Serve until told to stop by SIGTERM or Ctrl-C.

    Args:
        application: The registry; its connections are closed before processes are started.
        listening: Where and how.
        log: Told in a line what happens.

    Raises:
        LaneBusyError: The registry is served already.
        ServiceError: The service ended by itself.
    """
    home = application.home.folder
    stop = threading.Event()
    with _only_one(home), _told_to_stop(stop), _metrics_folder() as folder:
        application.store.close()
        environment = {
            **os.environ,
            "MDM_HOME": str(home),
            "PROMETHEUS_MULTIPROC_DIR": folder,
        }
        web = _started(_web_words(listening), environment)
        jobs = _started(_job_words(home), environment)
        log(f"serving on {listening.address}")
        try:
            while not stop.wait(0.5):
                if web.poll() is not None:
                    raise ServiceError("the web service ended by itself", where=str(web.returncode))
                if jobs.poll() is not None:
                    log("the job runner ended by itself: it is started again")
                    stop.wait(_AGAIN_SECONDS)
                    jobs = _started(_job_words(home), environment)
        finally:
            for process in (web, jobs):
                if process.poll() is None:
                    process.terminate()
            for process in (web, jobs):
                _ended(process)


def serve_in_background(application: Application, listening: Listening) -> None:
    """Start `mdm serve` as a process of its own and wait until it is ready.

    Raises:
        LaneBusyError: The registry is served already.
        ServiceError: It did not become ready; the log says why.
    """
    home = application.home.folder
    if served_by(home) is not None:
        raise LaneBusyError("the registry is served already", where=str(home))
    words = ["-m", "mdm.cli", "--home", str(home), "serve", "--host", listening.host]
    words += ["--port", str(listening.port), "--workers", str(listening.workers)]
    pid = _detached(words, home / LOG_FILE)
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and os.waitpid(pid, os.WNOHANG) == (0, 0):
        if _is_ready(listening.address) and served_by(home) == pid:
            return
        time.sleep(0.2)
    if served_by(home) == pid:
        stop_serving(home)
    raise ServiceError("the service did not become ready: see its log", where=LOG_FILE)


def _detached(words: list[str], log: Path) -> int:
    """Start a command that outlives this one, what it prints going to a file; gives its number."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, *words],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(output)


def stop_serving(home: Path) -> None:
    """End the service of a registry and wait until it has ended.

    Raises:
        NotFoundError: It is not served.
        ServiceError: It does not end.
    """
    pid = served_by(home)
    if pid is None:
        raise NotFoundError("the registry is not served", where=str(home))
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while served_by(home) is not None:
        if time.monotonic() > deadline:
            raise ServiceError("the service does not end", where=str(pid))
        time.sleep(0.1)


def served_by(home: Path) -> int | None:
    """The process that serves a registry on this machine, if one does."""
    with suppress(FileNotFoundError), (home / PID_FILE).open("r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(file.read())
    return None


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the registry's service file, which says who serves it."""
    descriptor = os.open(home / PID_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaneBusyError("the registry is served already", where=str(home)) from None
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def _told_to_stop(stop: threading.Event) -> Iterator[None]:
    """While it lasts, SIGTERM and Ctrl-C set `stop`."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _metrics_folder() -> Iterator[str]:
    """A folder through which the workers' metrics add up."""
    folder = tempfile.mkdtemp(prefix="mdm-metrics-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _web_words(listening: Listening) -> list[str]:
    return [
        "-m", "uvicorn", "--factory", SERVICE,
        "--host", listening.host, "--port", str(listening.port),
        "--workers", str(listening.workers),
        "--loop", "uvloop", "--http", "httptools",
        "--log-level", "warning", "--no-access-log", "--no-server-header",
        "--timeout-graceful-shutdown", str(_GRACE_SECONDS),
        "--timeout-worker-healthcheck", "30",
    ]  # fmt: skip


def _job_words(home: Path) -> list[str]:
    return ["-m", "mdm.cli", "--home", str(home), "job", "run"]


def _started(words: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        # A supervisor that is killed takes its processes along; one thread runs here.
        preexec_fn=_die_with_parent,  # noqa: PLW1509
    )


def _die_with_parent() -> None:
    with suppress(OSError, AttributeError):  # Linux alone knows it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ended(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _is_ready(address: str) -> bool:
    url = f"{address}/readyz"
    with (
        suppress(urllib.error.URLError, OSError, ValueError),
        urllib.request.urlopen(url, timeout=2) as answer,  # noqa: S310 - http, our own address
    ):
        return bool(json.load(answer)["status"] == "ready")
    return False
