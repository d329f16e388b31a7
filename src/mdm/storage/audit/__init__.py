"""The trace of reads: chains of entries, the thread that writes them, signed roots.

On SQLite every chain is a file of its own in `HOME/audit/`: the registry's file is locked for
writing while a plan is applied, and reads must go on, noted, meanwhile. On PostgreSQL chains are
rows of two tables beside the registry's.
"""

from mdm.storage.audit.chains import Chains, open_chains
from mdm.storage.audit.log import ChainLog
from mdm.storage.audit.roots import sign_root

__all__ = ["ChainLog", "Chains", "open_chains", "sign_root"]
