"""The version of the rules: a digest of this package, so that no change can be forgotten."""

import hashlib
from importlib import resources

from mdm.domain.standard_record import STANDARD_COLUMNS


def _digest() -> str:
    package = resources.files("mdm.standardise")
    parts = [*package.iterdir(), *package.joinpath("data").iterdir()]
    texts = sorted((part.name, part) for part in parts if part.name.endswith((".py", ".txt")))
    digest = hashlib.sha256(" ".join(STANDARD_COLUMNS).encode())
    for name, part in texts:
        digest.update(name.encode() + b"\0" + part.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]


# Caches of standardised values are keyed by it; it changes with any rule, table or column.
STANDARDISER_VERSION = _digest()
