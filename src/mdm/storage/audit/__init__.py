"""The trace of reads: chains of entries, the thread that writes them, signed roots.

On SQLite every chain is a file of its own in `HOME/audit/`: the registry's file is locked for
writing while a plan is applied, and reads must go on, noted, meanwhile. On PostgreSQL chains are
rows of two tables beside the registry's.
"""

from pathlib import Path

from sqlalchemy.engine import make_url

from mdm.storage.audit.chains import Chains
from mdm.storage.audit.file_chains import FileChains
from mdm.storage.audit.log import ChainLog
from mdm.storage.audit.roots import sign_root
from mdm.storage.audit.table_chains import TableChains

__all__ = ["FOLDER", "ChainLog", "Chains", "open_chains", "sign_root"]

FOLDER = "audit"


def open_chains(home: Path, database_url: str) -> Chains:
    """The chains of a registry.

    Args:
        home: Its home folder.
        database_url: Its database.
    """
    if make_url(database_url).get_backend_name() == "sqlite":
        return FileChains(home / FOLDER)
    return TableChains(database_url)
