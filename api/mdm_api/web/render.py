"""Templates to pages: one environment a language, made once a process."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mdm_api.web.i18n import ENGLISH, LANGUAGES, PORTUGUESE, Translate, translations
from mdm_api.web.views.frame import Frame

WEB: Final = Path(__file__).parent
TEMPLATES: Final = WEB / "templates"
STATIC: Final = WEB / "static"
LANGUAGE_COOKIE: Final = "mdm_language"
PREFIX: Final = "/static"


def language_of(request: Request) -> str:
    """The language that the reader chose; Portuguese where they chose none."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, PORTUGUESE)
    return chosen if chosen in LANGUAGES else PORTUGUESE


def translate_of(request: Request) -> Translate:
    """Turns texts into the reader's language."""
    return translations(language_of(request)).gettext


def page(
    request: Request, template: str, frame: Frame, view: object = None, *, status: int = 200
) -> HTMLResponse:
    """A whole page; where htmx asks, it takes the part that it swaps."""
    return HTMLResponse(rendered(language_of(request), template, frame, view), status_code=status)


def rendered(language: str, template: str, frame: Frame, view: object = None) -> str:
    """The HTML of a page."""
    found = _environment(language).get_template(template)
    return found.render(frame=frame, view=view)


@lru_cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    found = translations(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        found.gettext, found.ngettext, newstyle=True
    )
    environment.globals["static"] = static_url
    environment.globals["language"] = language
    environment.globals["other_language"] = ENGLISH if language == PORTUGUESE else PORTUGUESE
    return environment


@lru_cache
def static_url(name: str) -> str:
    """Where a file is served; its hash in the address lets browsers keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return f"{PREFIX}/{name}?v={digest}"
