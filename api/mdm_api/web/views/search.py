"""What the search page shows."""

from dataclasses import dataclass

from mdm_api.web.views.frame import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A citizen found.

    Attributes:
        municipal_id: To open them.
        shown_id: The same as people write it.
        name: The name they go by.
        birth: dd/mm/aaaa; "" where unknown.
        age: In words; "" where unknown.
        mother: As far as the reader may see her name.
        cpf: Masked; None where the citizen has none, which is no fault.
        sources: Titles of the sources that know them.
        why: How they were found.
        dormant: Whether no source holds them at present.
    """

    municipal_id: str
    shown_id: str
    name: str
    birth: str
    age: str
    mother: str
    cpf: str | None
    sources: tuple[str, ...]
    why: str
    dormant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """The search and what it found.

    Attributes:
        text, birth, mother: What was typed, to mend it without typing it again.
        understood: What the text was taken for; None before a search.
        hits: None before a search or where it was refused.
        more: Whether there are more than are shown.
        error: Why the search was refused.
        purposes: What the reader may look for; the one in force is chosen.
    """

    text: str = ""
    birth: str = ""
    mother: str = ""
    understood: str | None = None
    hits: tuple[Hit, ...] | None = None
    more: bool = False
    error: str | None = None
    purposes: tuple[Choice, ...] = ()
