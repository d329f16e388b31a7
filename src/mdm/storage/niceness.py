"""A job's backend of PostgreSQL gives way to those of readers, as the job itself gives way.

PostgreSQL knows no priorities of its own: a job that runs under `nice` still has its statements
carried out by a process of the server with the priority of every other. Where the server is on
this machine and it is allowed (the same user, or the capability CAP_SYS_NICE), that process gets
the job's niceness.
"""

import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg import Connection

from mdm.niceness import give_way, niceness

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: `man 7 unix`, SO_PEERCRED


def pass_on_niceness(connection: "Connection[object]") -> bool:
    """Give the backend of a connection this process's niceness, if it has any.

    Returns:
        Whether the backend has it now.
    """
    own = niceness()
    backend = connection.info.backend_pid
    if own <= 0 or not _is_child(backend, _listener(connection)):
        return False
    try:
        give_way(own, backend)
    except (PermissionError, ProcessLookupError):
        return False
    return True


def _listener(connection: "Connection[object]") -> int:
    """The process that listens on a connection's Unix socket; 0 if it is none that we see.

    A backend's number says nothing by itself: behind a tunnel or in another container it is
    some other process here.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as peer:
        if peer.family != socket.AF_UNIX:
            return 0
        told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(told)[0])


def _is_child(process: int, parent: int) -> bool:
    if parent <= 0:
        return False
    try:
        stat = Path(f"/proc/{process}/stat").read_text("ascii", errors="replace")
    except OSError:
        return False
    # The name in parentheses may hold anything; state and parent come after it.
    return int(stat.rpartition(")")[2].split()[1]) == parent
