"""What people call the sources."""

from collections.abc import Mapping
from dataclasses import dataclass

from mdm.bootstrap import Application


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A declared source: its title, and its sector's code."""

    title: str
    sector: str


def known_sources(application: Application) -> dict[str, KnownSource]:
    """Every declared source by name."""
    return {
        name: KnownSource(declared.title if declared.title != "" else name, declared.sector)
        for name, declared in application.declarations().items()
    }


def title_of(sources: Mapping[str, KnownSource], name: str | None) -> str:
    """What people call a source; "" where none is named."""
    if name is None:
        return ""
    known = sources.get(name)
    return name if known is None else known.title
