"""Counts and times of requests, over all workers; labels are route templates, never values."""

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder through which workers add up; `mdm serve` sets it before they start."""

_REQUESTS: Final = Counter("mdm_http_requests", "Requests answered.", ("method", "route", "status"))
_SECONDS: Final = Histogram(
    "mdm_http_request_seconds",
    "Seconds from request to answer.",
    ("route",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30),
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request.

    Args:
        method: As sent; what is no method of ours counts as `other`.
        route: Template of the route.
        status: Of the answer; 0 if there was none.
        seconds: It took.
    """
    key = (method if method in _METHODS else "other", route, status)
    found = _known.get(key)
    if found is None:
        found = (_REQUESTS.labels(key[0], route, str(status)), _SECONDS.labels(route))
        _known[key] = found
    found[0].inc()
    found[1].observe(seconds)


def exposition() -> tuple[bytes, str]:
    """All metrics as Prometheus reads them, and their media type."""
    registry: CollectorRegistry = REGISTRY
    if FOLDER_VARIABLE in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST
