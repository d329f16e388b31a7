"""The surroundings of a page, from who asks."""

from typing import Final

from fastapi import Request

from mdm.bootstrap.access import WebSession
from mdm.domain.access import Role
from mdm_api.web import words
from mdm_api.web.i18n import Translate
from mdm_api.web.render import translate_of
from mdm_api.web.views.frame import Frame, Undo, User

REVIEWERS: Final = frozenset({Role.STEWARD, Role.SUPERVISOR})
"""Roles whose menu has the queue; what a role may do is decided by the services alone."""
SEARCHERS: Final = frozenset(
    {
        Role.CASEWORKER,
        Role.STEWARD,
        Role.SUPERVISOR,
        Role.DATA_OWNER,
        Role.DATA_PROTECTION_OFFICER,
    }
)
HOME: Final = "/buscar"


def frame_of(
    request: Request,
    title: str,
    *,
    session: WebSession | None = None,
    section: str = "",
    status: str | None = None,
    undo: Undo | None = None,
) -> Frame:
    """The frame of a page; the title is a text of the catalogue."""
    translate = translate_of(request)
    return Frame(
        title=translate(title),
        section=section,
        path=request.url.path if request.method == "GET" else HOME,
        user=None if session is None else user_of(session, translate),
        status=status,
        undo=undo,
    )


def user_of(session: WebSession, translate: Translate) -> User:
    """Who is logged in, in words."""
    account = session.account
    sector = words.word(words.SECTORS, account.sector, translate)
    return User(
        name=account.display_name,
        role=words.word(words.ROLES, account.role, translate),
        unit=sector if account.unit is None else f"{sector} · {account.unit}",
        csrf=session.csrf,
        reviews=account.role in REVIEWERS,
        searches=account.role in SEARCHERS,
    )
