"""The service: REST routers and pages over one open registry."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import FastAPI

from mdm.bootstrap import Application, open_application
from mdm.bootstrap.serving import Serving, open_serving
from mdm_api import description, health, oauth, problems, shell, web
from mdm_api.routers import ROUTERS

THREADS = 16


def create_app(application: Application, *, serving: Serving | None = None) -> FastAPI:
    """The service over a registry.

    Args:
        application: The open registry; closing it is the caller's.
        serving: What serving needs beside it; None to open that here and close it at the end.
    """
    opened = open_serving(application) if serving is None else serving

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # No more threads than connections in the pool: who gets one need not wait for the other.
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        if serving is None:
            opened.close()

    app = FastAPI(
        docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan, **description.INFO
    )
    app.state.serving = opened
    problems.add_handlers(app)
    app.include_router(health.router)
    _add_api(app)
    web.mount(app)
    app.add_middleware(shell.Shell)
    return app


def described() -> FastAPI:
    """The API's routes over no registry: what `api/openapi.json` is written from."""
    app = FastAPI(**description.INFO)
    _add_api(app)
    return app


def _add_api(app: FastAPI) -> None:
    app.include_router(oauth.router)
    for router in ROUTERS:
        app.include_router(router)


def from_environment() -> FastAPI:
    """The service over the registry of `MDM_HOME`, as `mdm serve` starts it in each worker."""
    application = open_application()
    if application.settings.access_log:
        lines = logging.StreamHandler()
        lines.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        shell.LOG.addHandler(lines)
        shell.LOG.setLevel(logging.INFO)
        shell.LOG.propagate = False
    return create_app(application)
