"""Write `docs/canonical.md` from the definition of the canonical columns.

`python -m mdm.ingest.canonical_doc [FILE]` writes the file; without FILE it prints.
"""

import sys
from pathlib import Path

from mdm.domain.canonical import CANONICAL_FIELDS, SEVERAL, CanonicalField, Group

_HEAD = f"""\
# The canonical layout

A source whose columns already have these names needs no mapping:
`mdm source add NAME --layout canonical --sector SECTOR`. Any other source maps its columns to them
([sources](sources.md)).

- A file is UTF-8 (a byte order mark is tolerated), comma between fields, `"` around a field that
  holds a comma, a quote (doubled) or a line break; the first line names the columns.
- Any subset in any order; `local_id` and one more column are needed. Other columns are dropped
  before anything is written.
- Empty means unknown. A value that cannot be used becomes missing and is listed as an issue; the
  record stays.
- Where several values may stand in one cell they are separated by `{SEVERAL}`.
- Numbers such as CPF keep their leading zeros; punctuation is ignored.

All examples are invented.

"""
_TITLES = {
    Group.KEY: "Key",
    Group.NAME: "Names",
    Group.BIRTH: "Birth",
    Group.IDENTIFIER: "Identifiers",
    Group.CONTACT: "Contact",
    Group.ADDRESS: "Address",
    Group.FAMILY: "Family",
    Group.SERVICE: "Service",
    Group.STATUS: "Status",
}


def canonical_doc() -> str:
    """The text of `docs/canonical.md`."""
    parts = [_HEAD]
    for group in Group:
        fields = [field for field in CANONICAL_FIELDS if field.group is group]
        rows = "".join(map(_row, fields))
        parts.append(f"## {_TITLES[group]}\n\n{_TABLE}{rows}\n")
    return "".join(parts).rstrip("\n") + "\n"


_TABLE = "| column | type | example | several | note |\n|---|---|---|---|---|\n"


def _row(field: CanonicalField) -> str:
    several = "yes" if field.many else ""
    return (
        f"| `{field.name}` | {field.kind.value} | `{field.example}` | {several} | {field.note} |\n"
    )


def main(arguments: list[str]) -> None:
    """Write to the file named, or print."""
    if arguments:
        Path(arguments[0]).write_text(canonical_doc(), "utf-8")
    else:
        sys.stdout.write(canonical_doc())


if __name__ == "__main__":
    main(sys.argv[1:])
