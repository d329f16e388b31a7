"""Declarations of sources between files, the registry and `mdm.ingest`."""

import hashlib
import json
from pathlib import Path

from mdm.errors import SourceDeclarationError
from mdm.ingest.declaration import (
    SourceDeclaration,
    canonical_declaration,
    load_declaration,
    parse_declaration,
)
from mdm.ingest.layout import PER_SOURCE
from mdm.services.sources import DeclaredSource, split_declaration, stored_declaration


def declared_file(path: Path) -> DeclaredSource:
    """A declaration file, checked, with the layout file it names.

    Raises:
        SourceDeclarationError: It cannot be read or has errors.
    """
    declaration = load_declaration(path)
    text = path.read_text("utf-8")
    layout_text = None
    if declaration.layout.endswith(".toml"):
        try:
            layout_text = (path.parent / declaration.layout).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise SourceDeclarationError(
                "the layout file cannot be read", where=path.name
            ) from None
    return _declared(declaration, text, layout_text)


def declared_canonical(name: str, sector: str) -> DeclaredSource:
    """A source that delivers the canonical layout, with the stated defaults.

    Raises:
        SourceDeclarationError: The name is no slug, or there is no such sector.
    """
    text = canonical_declaration(name, sector)
    return _declared(parse_declaration(text), text, None)


def read_stored(stored: str) -> SourceDeclaration:
    """A declaration as the registry keeps it."""
    text, layout_text = split_declaration(stored)
    return parse_declaration(text, layout_text=layout_text)


def for_corrected_rows(declaration: SourceDeclaration) -> SourceDeclaration:
    """How rows of a source that a person mended are read: canonical columns, not a snapshot.

    Their codes are canonical already, so no code map applies. Where the source's snapshots cover
    units, the unit is the scope.
    """
    plain = parse_declaration(canonical_declaration(declaration.name, declaration.sector))
    changed = {
        "snapshot": "delta",
        "local_id_is": declaration.local_id_is,
        "scope": PER_SOURCE if declaration.read_as.scope == PER_SOURCE else "unit_code",
    }
    return plain.model_copy(update=changed).with_layout(plain.read_as)


def _declared(declaration: SourceDeclaration, text: str, layout_text: str | None) -> DeclaredSource:
    said = json.dumps(
        [declaration.model_dump(mode="json"), layout_text], sort_keys=True, ensure_ascii=False
    )
    return DeclaredSource(
        name=declaration.name,
        sector=declaration.sector,
        layout=declaration.layout,
        text=stored_declaration(text, layout_text),
        digest=hashlib.sha256(said.encode()).hexdigest(),
    )
