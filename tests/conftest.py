"""What holds for every property test.

Machines are shared, so none fails for being slow. CI tries the same examples each time, so that
what a change broke is told from what nobody had found yet; everywhere else they are new ones.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "shared-machine",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared-machine")
