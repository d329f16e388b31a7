"""The pages for caseworkers and stewards: routes over the same services as the REST routers.

`frames`, `faults`, `render` and `i18n` are what all pages share; `pages` has the routes, `views`
what they show, `templates` and `static` how. Third-party assets are built by `make setup`.
"""

from fastapi import FastAPI, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from mdm_api.web import faults
from mdm_api.web.pages import citizen, review, search, session
from mdm_api.web.render import PREFIX, STATIC

_FOR_EVER = "public, max-age=31536000, immutable"


class _Files(StaticFiles):
    """Files whose address names their content: browsers may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if b"v=" in scope["query_string"]:
            answer.headers["Cache-Control"] = _FOR_EVER
        return answer


def mount(app: FastAPI) -> None:
    """Add the pages to the service."""
    app.mount(PREFIX, _Files(directory=STATIC), name="static")
    for routes in (session, search, citizen, review):
        app.include_router(routes.router)
    faults.add_handlers(app)
