"""Layouts as data: how a kind of file is cut into columns, and what its columns mean.

A layout is a TOML file. Those of this package stand in `layouts/`; a source may name a file of
its own instead. A new version of an outside format is one more file, never code.
"""

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from mdm.domain.canonical import CANONICAL
from mdm.errors import SourceDeclarationError
from mdm.ingest.mapping import NonEmpty, Rule, Strict, When, columns_of

PER_SOURCE = "source"
"""The scope of a snapshot that covers the whole source."""


class Kind(StrEnum):
    """How a file is cut into columns."""

    DELIMITED = "delimited"
    PARQUET = "parquet"
    FIXED_WIDTH = "fixed-width"
    DELIMITED_RECORDS = "delimited-records"

    @property
    def by_line(self) -> bool:
        """Whether a file holds several record types, one a line."""
        return self in {Kind.FIXED_WIDTH, Kind.DELIMITED_RECORDS}


class Encoding(StrEnum):
    """The encodings that a layout may state."""

    UTF_8 = "utf-8"
    LATIN_1 = "latin-1"
    CP1252 = "cp1252"


class Role(StrEnum):
    """What a record type is for."""

    PERSON = "person"
    JOINED = "joined"
    OTHER = "other"


class RecordType(Strict):
    """One record type of a file with several.

    Attributes:
        type: The text that marks its lines.
        role: `person` lines make the persons; `joined` lines add columns to them by `on`.
        fields: Fixed width: name = [first position from 1, length]. Delimited: name = position.
        on: Of a joined record: own field = "record.field" of the person or an earlier record.
        orphan: What becomes of a joined line that finds no person.
        size: Least and greatest line width in characters, or number of fields.
        counts: Record name = own field that tells how many lines of that record there are.
    """

    type: NonEmpty
    role: Role
    fields: Mapping[str, tuple[int, int] | int] = {}
    on: Mapping[str, str] = {}
    orphan: Literal["quarantine", "ignore"] = "ignore"
    size: tuple[int, int] | None = None
    counts: Mapping[str, str] = {}


class TypeMark(Strict):
    """Where a line tells its record type: a position and length, or the number of a field."""

    start: Annotated[int, Field(ge=1)] = 1
    length: Annotated[int, Field(ge=1)] = 2
    field: Annotated[int, Field(ge=1)] | None = None


class IgnoredRows(Strict):
    """Rows that are no person of their own: left out unless `unless_mapped` has a value."""

    when: When
    unless_mapped: NonEmpty | None = None


class Reading(Strict):
    """How the bytes are read; a declaration may override each.

    Attributes:
        delimiter, quote: One character each; an empty quote switches quoting off.
        header: Whether the first line names the columns; if not, `columns` does.
        date_format: A strptime pattern, needed only for dates that standardise cannot tell.
        final_newline: `required` refuses a file whose last line has no line end.
    """

    encoding: Encoding = Encoding.UTF_8
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    header: bool = True
    columns: tuple[NonEmpty, ...] = ()
    date_format: NonEmpty | None = None
    final_newline: Literal["required", "optional"] = "optional"


class Layout(Strict):
    """A kind of file: cutting, meaning, codes, and what must never be stored.

    Attributes:
        required: Canonical columns whose source columns a header must name.
        ignored_types: Marks of record types that are known and not read.
        first_record, last_record: What a file must begin and end with, if anything.
        scope: `source`, or the source column whose value is the scope of a record.
        ignored_rows: Rows that are no person of their own.
    """

    name: NonEmpty
    title: str = ""
    kind: Kind
    reading: Reading = Reading()
    required: tuple[NonEmpty, ...] = ("local_id",)
    record_type: TypeMark | None = None
    records: Mapping[str, RecordType] = {}
    ignored_types: tuple[NonEmpty, ...] = ()
    first_record: NonEmpty | None = None
    last_record: NonEmpty | None = None
    mapping: Mapping[str, Rule] = {}
    code_maps: Mapping[str, Mapping[str, str]] = {}
    scope: NonEmpty = PER_SOURCE
    never_store: tuple[NonEmpty, ...] = ()
    ignored_rows: tuple[IgnoredRows, ...] = ()

    @field_validator("mapping", "code_maps")
    @classmethod
    def _canonical_columns(cls, value: Mapping[str, object]) -> Mapping[str, object]:
        unknown = sorted(set(value) - set(CANONICAL))
        if unknown:
            msg = f"no canonical column: {', '.join(unknown)}"
            raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _records_fit(self) -> Self:
        errors = list(self._record_errors()) if self.kind.by_line else []
        if self.records and not self.kind.by_line:
            errors.append("records belong to fixed-width and delimited-records only")
        if errors:
            raise ValueError("; ".join(errors))
        return self

    def _record_errors(self) -> list[str]:
        errors: list[str] = []
        people = [name for name, record in self.records.items() if record.role is Role.PERSON]
        if len(people) != 1:
            errors.append("exactly one record type has role person")
        if self.record_type is None:
            errors.append("record_type is missing")
        types = [record.type for record in self.records.values()] + list(self.ignored_types)
        errors.extend(f"record type {mark} twice" for mark in set(types) if types.count(mark) > 1)
        ends = {self.first_record, self.last_record} - {None, *self.records}
        errors.extend(f"first_record, last_record: no record {name}" for name in ends)
        wants_pair = self.kind is Kind.FIXED_WIDTH
        for name, record in self.records.items():
            for field, place in record.fields.items():
                if isinstance(place, tuple) is not wants_pair:
                    errors.append(f"{name}.{field}: wrong form of position")
                elif min(place if isinstance(place, tuple) else (place,)) < 1:
                    errors.append(f"{name}.{field}: positions count from 1")
            errors.extend(self._join_errors(name, record))
        known = self.columns() or frozenset()
        for target, rule in self.mapping.items():
            missing = sorted(set(columns_of(rule)) - known)
            errors.extend(f"{target}: no field {column}" for column in missing)
        return errors

    def _join_errors(self, name: str, record: RecordType) -> list[str]:
        if record.role is Role.JOINED and not record.on:
            return [f"{name}: a joined record needs `on`"]
        known = self.columns() or frozenset()
        errors = [
            f"{name}: `on` names no field {own}" for own in record.on if own not in record.fields
        ]
        errors += [
            f"{name}: `on` names no field {far}" for far in record.on.values() if far not in known
        ]
        errors += [
            f"{name}: counts names no record {counted}"
            for counted in record.counts
            if counted not in self.records
        ]
        return errors

    def columns(self) -> frozenset[str] | None:
        """The source columns that this layout fixes; None when the file's header tells."""
        if not self.kind.by_line:
            return frozenset(self.reading.columns) or None
        return frozenset(
            f"{name}.{field}" for name, record in self.records.items() for field in record.fields
        )


CANONICAL_LAYOUT = Layout(
    name="canonical",
    title="columns already named as in docs/canonical.md",
    kind=Kind.DELIMITED,
    mapping={name: name for name in CANONICAL},
)
_PLAIN = {
    "canonical": CANONICAL_LAYOUT,
    "delimited": Layout(name="delimited", kind=Kind.DELIMITED),
    "parquet": Layout(name="parquet", kind=Kind.PARQUET),
}


def bundled_layouts() -> tuple[str, ...]:
    """Names of the layout files that come with the package."""
    folder = resources.files("mdm.ingest") / "layouts"
    return tuple(
        sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def _bundled(name: str) -> str | None:
    """The bundled layout of that name; without a version the newest one."""
    names = bundled_layouts()
    if name in names:
        return name
    versions = [other for other in names if re.fullmatch(f"{re.escape(name)}-v?[0-9]+", other)]
    return max(versions, key=lambda other: int(re.sub(r".*?([0-9]+)$", r"\1", other)), default=None)


def load_layout(name: str, *, folder: Path | None = None) -> Layout:
    """The layout of that name, or of that file.

    Args:
        name: `canonical`, `delimited`, `parquet`, a bundled layout (`cadunico-v7`; `cadunico` is
            its newest version), or a path ending in `.toml`.
        folder: What a relative path is relative to.

    Raises:
        SourceDeclarationError: There is no such layout, or it has errors; all are listed.
    """
    if name in _PLAIN:
        return _PLAIN[name]
    bundled = _bundled(name)
    if bundled is not None:
        text = (resources.files("mdm.ingest") / "layouts" / f"{bundled}.toml").read_text("utf-8")
    elif name.endswith(".toml"):
        path = (folder or Path()) / name
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise SourceDeclarationError("the layout file cannot be read", where=name) from None
    else:
        known = ", ".join((*_PLAIN, *bundled_layouts()))
        raise SourceDeclarationError(f"no layout {name}; known: {known}", where=name)
    return parse_layout(text, where=name)


def parse_layout(text: str, *, where: str | None = None) -> Layout:
    """A layout from TOML text.

    Raises:
        SourceDeclarationError: All errors of the file at once.
    """
    try:
        return Layout.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SourceDeclarationError(f"not TOML: {error}", where=where) from None
    except ValidationError as error:
        raise SourceDeclarationError(told(error), where=where) from None


def told(error: ValidationError) -> str:
    """All errors of a validation in one line, each with its key."""
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in item["loc"])
        lines.append(f"{place}: {item['msg']}" if place else item["msg"])
    return "; ".join(dict.fromkeys(lines))
