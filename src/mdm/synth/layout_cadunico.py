"""The CadÚnico V7 municipal base: fixed width, one record type a line, ISO-8859-1.

Positions count from 1. Every line starts with the family's key, the family's code and the
member's number; the record type stands in 38-39: 00 header, 01 family, 04 person, 05 documents,
99 trailer with the counts.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import lists
from mdm.synth.layout_text import (
    ESUS_RACE,
    constant,
    date_part,
    day_first,
    fixed_lines,
    numbered,
    recoded,
)
from mdm.synth.numbers import complete_cpf
from mdm.synth.population import REFERENCE
from mdm.synth.received import Received
from mdm.synth.streams import Ints

WIDTHS = {"00": 100, "01": 1129, "04": 547, "05": 342, "99": 100}
LAYOUT_VERSION = "0609"
FILE = f"cadunico/CADUNICO_D{REFERENCE:%y%m%d}.txt"
_FAMILIES_AT_ONCE = 15_000
_STREET_KINDS = "^(RUA|R|AVENIDA|AV|TRAVESSA|TV|BECO|BC) "


def write_cadunico(out: Path, source: Received) -> list[str]:
    """Write the base; gives the path below `out`."""
    table = source.table.combine_chunks()
    codes = pc.dictionary_encode(table["household_id"].combine_chunks())
    family = np.asarray(codes.indices)
    order = np.argsort(family, kind="stable")
    ordered = table.take(pa.array(order))
    family = family[order]
    path = out / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    families = int(family[-1]) + 1 if len(family) else 0
    with path.open("wb") as file:
        file.write(_line(_header()))
        for start in range(0, families, _FAMILIES_AT_ONCE):
            low, high = np.searchsorted(family, [start, start + _FAMILIES_AT_ONCE]).tolist()
            file.write(_chunk(ordered.slice(low, high - low), family[low:high]))
        file.write(_line(_trailer(families, len(table))))
    return [FILE]


def _line(text: str) -> bytes:
    return (text + "\n").encode("latin-1")


def _header() -> str:
    body = f"{LAYOUT_VERSION}{lists.PORTO_ALEGRE}{REFERENCE:%d%m%Y}CADASTRO UNICO BASE MUNICIPAL"
    return f"{'0' * 35}  00{body}".ljust(WIDTHS["00"])


def _trailer(families: int, people: int) -> str:
    """Lines of records 01, 04 and 05, then all lines with header and trailer, 11 digits each."""
    counts = (families, people, people, families + 2 * people + 2)
    body = "".join(f"{count:011d}" for count in counts)
    return f"{'9' * 35}  99{body}".ljust(WIDTHS["99"])


def _chunk(table: pa.Table, family: Ints) -> bytes:
    column = {name: table[name].combine_chunks() for name in table.column_names}
    first = np.flatnonzero(np.r_[True, family[1:] != family[:-1]])
    reference = {name: values.take(pa.array(first)) for name, values in column.items()}
    families = _families(reference).to_pylist()
    people, documents = _people(column, family).to_pylist(), _documents(column).to_pylist()
    lines: list[str] = []
    starts = [*first.tolist(), len(family)]
    for head, low, high in zip(families, starts[:-1], starts[1:], strict=True):
        lines.append(head)
        for row in range(low, high):
            lines += (people[row], documents[row])
    return ("\n".join(lines) + "\n").encode("latin-1")


def _key(column: dict[str, Any], record: str, *, member: bool) -> dict[int, tuple[int, Any]]:
    count = len(column["local_id"])
    code = column["household_id"]
    number = pc.utf8_slice_codeunits(column["local_id"], 2, 13)
    return {
        1: (13, pc.binary_join_element_wise(constant("43", count), code, "")),
        14: (11, code),
        25: (11, number if member else constant("0" * 11, count)),
        38: (2, constant(record, count)),
    }


def _families(column: dict[str, Any]) -> Any:
    count = len(column["local_id"])
    kind = pc.extract_regex(column["street"], _STREET_KINDS.replace("(", "(?P<kind>"))
    name = pc.replace_substring_regex(column["street"], _STREET_KINDS, "")
    municipality = column["municipality"]
    interviewer = np.arange(count) % 40
    # Third-party data, as the real file has them: a loader must drop these two fields.
    base = complete_cpf(700_000_000 + interviewer * 1_001)
    fields = _key(column, "01", member=False) | {
        40: (8, day_first(column["service_since"], "")),
        48: (8, day_first(date_part(column["updated_at"]), "")),
        56: (1, constant("3", count)),
        59: (9, numbered(np.asarray(interviewer * 3_500 % 60_000), 9)),
        69: (2, pc.utf8_slice_codeunits(municipality, 0, 2)),
        71: (5, pc.utf8_slice_codeunits(municipality, 2, 7)),
        76: (2, constant("05", count)),
        84: (1, constant("1", count)),
        85: (1, constant("1", count)),
        91: (8, day_first(date_part(column["updated_at"]), "")),
        99: (76, column["district"]),
        175: (38, pc.struct_field(kind, "kind")),
        251: (76, name),
        327: (16, column["street_number"]),
        440: (8, column["postal_code"]),
        742: (70, pa.array([f"ENTREVISTADOR {n:02d}" for n in interviewer.tolist()], pa.string())),
        812: (11, numbered(base, 11)),
        1120: (10, column["unit_code"]),
    }
    return fixed_lines(fields, WIDTHS["01"], count)


def _people(column: dict[str, Any], family: Ints) -> Any:
    count = len(family)
    start = np.r_[True, family[1:] != family[:-1]]
    order = np.arange(count) - np.maximum.accumulate(np.where(start, np.arange(count), 0)) + 1
    birthplace = column["birth_municipality"]
    here = pc.equal(birthplace, str(lists.PORTO_ALEGRE))
    names = {str(code): name for code, name in lists.MUNICIPALITY_NAMES.items()}
    fields = _key(column, "04", member=True) | {
        40: (8, day_first(column["service_since"], "")),
        48: (8, day_first(date_part(column["updated_at"]), "")),
        56: (1, constant("3", count)),
        57: (1, constant("2", count)),
        58: (2, numbered(order, 2)),
        60: (70, column["full_name"]),
        130: (11, column["nis"]),
        141: (34, column["nickname"]),
        175: (1, recoded(column["sex"], {"M": "1", "F": "2"})),
        176: (8, day_first(column["birth_date"], "")),
        184: (2, column["household_role"]),
        186: (1, recoded(column["race"], ESUS_RACE)),
        187: (70, column["mother_name"]),
        257: (1, pc.if_else(pc.is_null(column["mother_name"]), "1", "0")),
        258: (70, column["father_name"]),
        328: (1, pc.if_else(pc.is_null(column["father_name"]), "1", "0")),
        329: (1, pc.if_else(pc.fill_null(here, fill_value=False), "1", "2")),
        330: (2, pc.if_else(pc.is_null(birthplace), "", "RS")),
        333: (35, recoded(birthplace, names)),
        368: (7, birthplace),
        505: (13, column["local_id"]),
        518: (13, column["local_id"]),
        531: (11, column["nis"]),
    }
    return fixed_lines(fields, WIDTHS["04"], count)


def _documents(column: dict[str, Any]) -> Any:
    count = len(column["local_id"])
    voter, number = column["voter_id"], column["rg"]
    state = pc.if_else(pc.is_null(number), "", "RS")
    fields = _key(column, "05", member=True) | {
        40: (1, pc.if_else(pc.is_null(column["birth_certificate"]), "", "1")),
        198: (11, column["cpf"]),
        238: (2, state),
        240: (8, pc.if_else(pc.is_null(number), "", "SSP")),
        270: (13, pc.if_else(pc.is_null(voter), "", pc.utf8_lpad(voter, 13, "0"))),
        291: (32, column["birth_certificate"]),
        323: (20, number),
    }
    return fixed_lines(fields, WIDTHS["05"], count)
