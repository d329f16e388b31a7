"""The registry's secret by which erased records are known whose local ID is a person's number."""

import os
import secrets
from pathlib import Path

KEY_FILE = "erasure.key"


def erasure_key(home: Path, *, make: bool = True) -> str:
    """The registry's secret by which concealed local IDs are known again; empty if it has none.

    Args:
        home: The registry's folder.
        make: Whether it is made where there is none.
    """
    path = home / "keys" / KEY_FILE
    if not path.exists():
        if not make:
            return ""
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
    return path.read_text("ascii").strip()
