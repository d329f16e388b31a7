"""The declaration of a source: what it delivers, on which grounds, and how it is read."""

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError

from mdm.domain.canonical import CANONICAL
from mdm.errors import SourceDeclarationError
from mdm.ingest.layout import (
    PER_SOURCE,
    Encoding,
    IgnoredRows,
    Layout,
    load_layout,
    parse_layout,
    told,
)
from mdm.ingest.mapping import NonEmpty, Rule, Strict, columns_of
from mdm.survivorship.policy import Group

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Sector(StrEnum):
    """Whose service a source belongs to."""

    HEALTH = "health"
    EDUCATION = "education"
    SOCIAL = "social"
    OTHER = "other"


class LegalBasis(Strict):
    """Why the data may be processed, and until when (None: no end stated)."""

    text: NonEmpty
    until: date | None = None


class Options(Strict):
    """What a source reads differently from its layout; see `layout.Reading`."""

    encoding: Encoding | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quote: Annotated[str, Field(max_length=1)] | None = None
    header: bool | None = None
    columns: tuple[NonEmpty, ...] | None = None
    date_format: NonEmpty | None = None
    final_newline: Literal["required", "optional"] | None = None


class SourceDeclaration(Strict):
    """A source as declared in TOML.

    Attributes:
        scope: What one snapshot covers: the whole source, or the value of a source column
            (an installation, a school). None: as the layout says.
        snapshot: `full`: a record that is missing was withdrawn. `delta`: it is unchanged.
        trust: 0 to 100, for survivorship; `authoritative` lists attribute groups.
        local_id_is: Whether the local ID is itself a CPF, CNS or NIS.
        retention_days: How long withdrawn records stay linkage evidence.
        never_store: Source columns that are dropped before anything is written.
        mapping, code_maps: Added to those of the layout, or in their place column by column.
    """

    name: Slug
    title: str = ""
    sector: Sector
    layout: NonEmpty
    options: Options = Options()
    mapping: Mapping[str, Rule] = {}
    code_maps: Mapping[str, Mapping[str, str]] = {}
    scope: NonEmpty | None = None
    snapshot: Literal["full", "delta"] = "full"
    trust: Annotated[int, Field(ge=0, le=100)] = 50
    authoritative: tuple[Group, ...] = ()
    local_id_is: Literal["opaque", "cpf", "cns", "nis"] = "opaque"
    legal_basis: LegalBasis
    purposes: Annotated[tuple[Slug, ...], Field(min_length=1)]
    owner: NonEmpty
    retention_days: Annotated[int, Field(ge=1)]
    never_store: tuple[NonEmpty, ...] = ()
    ignored_rows: tuple[IgnoredRows, ...] = ()

    _layout: Layout = PrivateAttr()

    @property
    def read_as(self) -> Layout:
        """The layout with this declaration's options, mapping and code maps put over it."""
        return self._layout

    def with_layout(self, layout: Layout) -> Self:
        """This declaration, read as `layout`.

        Raises:
            SourceDeclarationError: The two do not fit together; all errors are listed.
        """
        merged = _merged(self, layout)
        errors = _fit_errors(merged)
        if errors:
            raise SourceDeclarationError("; ".join(errors), where=self.name)
        self._layout = merged
        return self


def _merged(declaration: SourceDeclaration, layout: Layout) -> Layout:
    given = declaration.options.model_dump(exclude_none=True)
    mapping = {**layout.mapping, **declaration.mapping}
    if declaration.local_id_is != "opaque":
        # The local ID is the number: it is one of the record's identifiers, too.
        mapping.setdefault(declaration.local_id_is, mapping.get("local_id", "local_id"))
    return layout.model_copy(
        update={
            "reading": layout.reading.model_copy(update=given),
            "mapping": mapping,
            "code_maps": {**layout.code_maps, **declaration.code_maps},
            "required": (*layout.required, *declaration.mapping),
            "scope": declaration.scope if declaration.scope is not None else layout.scope,
            "never_store": (*layout.never_store, *declaration.never_store),
            "ignored_rows": (*layout.ignored_rows, *declaration.ignored_rows),
        }
    )


def _fit_errors(layout: Layout) -> list[str]:
    errors = [
        f"{part}: no canonical column {name}"
        for part, table in (("mapping", layout.mapping), ("code_maps", layout.code_maps))
        for name in table
        if name not in CANONICAL
    ]
    if "local_id" not in layout.mapping:
        errors.append("mapping: local_id is missing")
    if not layout.kind.by_line and not layout.reading.header and not layout.reading.columns:
        errors.append("options: a file without header needs columns")
    never = {name.lower() for name in layout.never_store}
    read = {
        "scope": [] if layout.scope == PER_SOURCE else [layout.scope],
        **{f"mapping.{name}": columns_of(rule) for name, rule in layout.mapping.items()},
        "ignored_rows": [rows.when.column for rows in layout.ignored_rows],
    }
    known = layout.columns()
    for place, columns in read.items():
        for column in dict.fromkeys(columns):
            if column.lower() in never:
                errors.append(f"{place}: {column} is in never_store")
            elif known is not None and column not in known:
                errors.append(f"{place}: the layout has no column {column}")
    return errors


def parse_declaration(
    text: str, *, folder: Path | None = None, layout_text: str | None = None
) -> SourceDeclaration:
    """A declaration from TOML text.

    Args:
        text: The TOML.
        folder: What a layout path is relative to.
        layout_text: The text of the layout file, when it is kept beside the declaration.

    Raises:
        SourceDeclarationError: All errors at once, each with its key.
    """

    def layout_of(declaration: SourceDeclaration) -> Layout:
        if layout_text is None:
            return load_layout(declaration.layout, folder=folder)
        return parse_layout(layout_text, where=declaration.layout)

    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SourceDeclarationError(f"not TOML: {error}") from None
    try:
        declaration = SourceDeclaration.model_validate(given)
    except ValidationError as error:
        found = [told(error), *_fit_of_the_rest(given, error, layout_of)]
        raise SourceDeclarationError("; ".join(found)) from None
    return declaration.with_layout(layout_of(declaration))


_STAND_IN: Mapping[str, object] = {
    "name": "x",
    "sector": "other",
    "legal_basis": {"text": "x"},
    "purposes": ["x"],
    "owner": "x",
    "retention_days": 1,
}


def _fit_of_the_rest(
    given: dict[str, Any],
    error: ValidationError,
    layout_of: Callable[[SourceDeclaration], Layout],
) -> list[str]:
    """Errors of fit among what is well-formed, so that they need no second round."""
    for place in (tuple(map(str, item["loc"])) for item in error.errors()):
        part = given.get(place[0]) if len(place) > 1 else None
        if not isinstance(part, dict):
            given = {key: value for key, value in given.items() if key not in place[:1]}
        elif place[0] == "mapping":
            # Mapped, though nobody can say from what.
            part[place[1]] = []
        else:
            part.pop(place[1], None)
    if "layout" not in given:
        return []
    try:
        rest = SourceDeclaration.model_validate({**_STAND_IN, **given})
        rest.with_layout(layout_of(rest))
    except ValidationError:
        return []
    except SourceDeclarationError as unfit:
        return [unfit.message]
    return []


def load_declaration(path: Path) -> SourceDeclaration:
    """A declaration from a TOML file.

    Raises:
        SourceDeclarationError: The file cannot be read or has errors.
    """
    try:
        text = path.read_text("utf-8")
    except OSError:
        raise SourceDeclarationError("the file cannot be read", where=path.name) from None
    except UnicodeDecodeError:
        raise SourceDeclarationError("the file is not UTF-8", where=path.name) from None
    return parse_declaration(text, folder=path.parent)


_CANONICAL_TOML = """\
name = "{name}"
title = "{name}"
sector = "{sector}"
layout = "canonical"
snapshot = "full"
trust = 50
local_id_is = "opaque"
# Stated defaults: have the data-protection officer replace them before production.
purposes = ["service_delivery"]
owner = "{name}"
retention_days = 1825

[legal_basis]
text = "LGPD art. 7, III, and art. 23: public policy of the municipality (default, to be confirmed)"
"""


def canonical_declaration(name: str, sector: str) -> str:
    """The TOML of a source that delivers the canonical layout, with the stated defaults.

    Raises:
        SourceDeclarationError: The name is no slug, or there is no such sector.
    """
    errors = []
    if re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name) is None:
        errors.append("name: lower-case letters, digits, - and _, a letter first, at most 40")
    if sector not in set(Sector):
        errors.append(f"sector: one of {', '.join(Sector)}")
    if errors:
        raise SourceDeclarationError("; ".join(errors))
    return _CANONICAL_TOML.format(name=name, sector=sector)
