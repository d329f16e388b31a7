"""Citizens and searches for them."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from mdm.domain.visibility import Field as Group
from mdm.services.find_citizens import Kind
from mdm_api.schemas import Given, Told

PRINTED = r"^[^\x00-\x1f\x7f]*$"
"""No control characters: no key or name has them, and PostgreSQL holds no NUL."""

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTED),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Event(Told):
    """The merge by which the requested ID came to name this citizen."""

    kind: str
    at: str
    from_id: str | None
    municipal_id: str
    command: str
    plan_id: int | None


class Other(Told):
    """A value that was not chosen, with the sources that have it."""

    value: Any
    masked: bool
    sources: list[str]


class Value(Told):
    """A value as the reader may see it, with its origin."""

    value: Any = Field(description="Text or object; null where it is there and left out.")
    masked: bool = Field(description="Part of it is hidden.")
    on_request: bool = Field(description="It comes whole with `reveal=<field>`, which is noted.")
    field: Group
    source: str | None
    as_of: str | None
    rule: str | None
    others: list[Other]


class Attended(Told):
    """A service that knows the citizen."""

    source: str
    unit_code: str | None
    unit_name: str | None
    record_status: str
    status: str | None
    since: str | None
    last_contact_on: str | None
    local_id: str | None


class FamilyMember(Told):
    """A member of a declared family."""

    municipal_id: str
    name: str | None
    role: str | None
    is_self: bool


class DeclaredFamily(Told):
    """A family as one source declares it."""

    source: str
    household_id: str | None
    role: str | None
    guardian: str | None
    members: list[FamilyMember]
    masked: bool


class Member(Told):
    """A record of the citizen."""

    source: str
    local_id: str
    masked: bool
    status: str
    link_status: str
    linked_at: str
    match_weight: float | None


class Citizen(Told):
    """A citizen as the reader may see them."""

    municipal_id: str
    shown: str = Field(description="The same as people write it.")
    requested_id: str = Field(description="The ID that was asked for.")
    status: str = Field(description="active; dormant: no source holds them at present; sealed.")
    as_of: str | None
    event: Event | None = Field(description="Set where the ID asked for was merged.")
    flags: list[str]
    values: dict[str, list[Value]] = Field(
        description="By attribute; single attributes have at most one. `name` is the name they "
        "go by; `civil_name` is there where that is a nome social."
    )
    deceased: dict[str, Any] | None
    services: list[Attended]
    family: list[DeclaredFamily]
    members: list[Member]
    ids: list[str] = Field(description="All IDs that name them, merged ones among them.")
    weakest_link: dict[str, Any] | None
    doubts: list[dict[str, Any]]


class Identifier(Given):
    """A number or key of a citizen."""

    kind: Kind
    value: Text
    source: Slug | None = Field(default=None, description="Whose local ID it is.")


class Search(Given):
    """By an identifier, or by name and birth date; never by a name alone."""

    identifier: Identifier | None = None
    name: Text | None = None
    birth_date: date | None = None
    mother: Text | None = None
    dormant: bool = False

    @model_validator(mode="after")
    def one_way(self) -> Self:
        """Either an identifier, or name and birth date."""
        by_name = self.name is not None and self.birth_date is not None
        anything = any(part is not None for part in (self.name, self.birth_date, self.mother))
        if (self.identifier is None and not by_name) or (self.identifier is not None and anything):
            raise ValueError("give an identifier, or a name with the birth date")
        given = self.identifier
        if given is not None and given.kind is Kind.LOCAL_ID and given.source is None:
            raise ValueError("a local ID needs its source")
        return self


class Hit(Told):
    """A citizen found; numbers and the mother's name masked."""

    municipal_id: str
    shown: str
    name: str | None
    birth_date: str | None
    mother: str | None
    cpf: str | None
    sources: list[str]
    status: str
    matched: str


class Hits(Told):
    """At most 20, best first."""

    hits: list[Hit]
    more: bool = Field(description="There are others; how many is not told.")
