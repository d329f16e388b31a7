"""Citizens found, as the search page shows them."""

from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from mdm.domain.access import Purpose, Role
from mdm.domain.visibility import sees_anybody
from mdm.services import find_citizens
from mdm_api.web import shown, words
from mdm_api.web.i18n import Translate
from mdm_api.web.i18n import mark as _
from mdm_api.web.known_sources import KnownSource, title_of
from mdm_api.web.views.frame import Choice
from mdm_api.web.views.search import Hit

MATCHED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "cpf": _("The CPF is this citizen's."),
        "cns": _("The CNS is this citizen's."),
        "nis": _("The NIS is this citizen's."),
        "inep_id": _("The INEP ID is this citizen's."),
        "municipal_id": _("The municipal ID names this citizen."),
        "local_id": _("The key of the source is this citizen's."),
        "name": _("Name and birth date agree."),
        "social_name": _("Social name and birth date agree."),
        "sounds_like": _("The birth date agrees; the name sounds alike."),
    }
)
"""How a citizen was found."""


def hit_of(
    found: find_citizens.Hit,
    sources: Mapping[str, KnownSource],
    today: date,
    translate: Translate,
) -> Hit:
    """One citizen found."""
    return Hit(
        municipal_id=found.municipal_id,
        shown_id=found.shown,
        name=translate(_("Name not given"))
        if found.name is None
        else shown.person_name(found.name),
        birth=shown.day(found.birth_date),
        age=age_text(found.birth_date, today, translate),
        mother="" if found.mother is None else shown.person_name(found.mother),
        cpf=found.cpf,
        sources=tuple(title_of(sources, name) for name in found.sources),
        why=words.word(MATCHED, _matched(found.matched), translate),
        dormant=found.status != "active",
    )


def _matched(how: str) -> str:
    """A nome social is not given away by how its citizen was found."""
    return "name" if how == "social_name" else how


def age_text(birth: str | None, today: date, translate: Translate) -> str:
    """Full years, in words; "" where unknown."""
    years = shown.age(birth, today)
    if years is None:
        return ""
    if years == 1:
        return translate(_("1 year"))
    return translate(_("%(years)s years")) % {"years": years}


def purpose_choices(
    role: Role, chosen: Purpose | None, translate: Translate, *, among: Collection[Purpose] = ()
) -> tuple[Choice, ...]:
    """What a role may look at citizens for."""
    return tuple(
        Choice(value=code, label=translate(label), chosen=code == chosen)
        for code, label in words.PURPOSES.items()
        if sees_anybody(role, Purpose(code)) and (not among or code in among)
    )
