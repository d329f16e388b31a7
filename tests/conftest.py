"""What holds for every test: one server for each process, and the settings of property tests.

Machines are shared, so no property fails for being slow. CI tries the same examples each time, so
that what a change broke is told from what nobody had found yet; everywhere else they are new ones.
"""

import os

from hypothesis import HealthCheck, settings

from support.databases import postgres_server

__all__ = ["postgres_server"]

settings.register_profile(
    "shared-machine",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared-machine")
