"""Educacenso files: one school a file, `|` between fields, ISO-8859-1, no accents.

Lines 00 school, 20 classes, 30 people, 60 enrolments, 99 end.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mdm.synth import lists
from mdm.synth.layout_text import EDUCACENSO_RACE, constant, day_first, recoded
from mdm.synth.received import Received
from mdm.synth.tables import join_present

FIELDS = {"00": 56, "20": 70, "30": 108, "60": 32}
FOLDER = "educacenso"
_STAMP = "2805_1030"
_BRAZIL = "76"


def write_educacenso(out: Path, source: Received) -> list[str]:
    """Write one file for each school, in place of those of a former city.

    Returns:
        The paths below `out`.
    """
    table = source.table
    codes = np.asarray(table["unit_code"].to_pylist(), dtype=object)
    order = np.argsort(codes, kind="stable")
    ordered = table.take(pa.array(order)).combine_chunks()
    column = {name: ordered[name].combine_chunks() for name in ordered.column_names}
    people, enrolments = _people(column).to_pylist(), _enrolments(column).to_pylist()
    schools, classes = column["unit_code"].to_pylist(), column["class_code"].to_pylist()
    names = column["unit_name"].to_pylist()
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    # Schools of a city that was here before would be read as schools of this one.
    for former in (out / FOLDER).glob(f"*_{_STAMP}.txt"):
        former.unlink()
    starts = [k for k in range(len(schools)) if k == 0 or schools[k] != schools[k - 1]]
    files = []
    for low, high in zip(starts, [*starts[1:], len(schools)], strict=True):
        school = schools[low]
        lines = [_school(school, names[low])]
        lines += [_class(school, code) for code in sorted(set(classes[low:high]))]
        lines += people[low:high]
        lines += enrolments[low:high]
        lines.append("99|")
        name = f"{FOLDER}/{school}_{_STAMP}.txt"
        (out / name).write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
        files.append(name)
    return files


def _row(record: str, values: dict[int, str]) -> str:
    """One line; `values` by field number from 1."""
    return "|".join(values.get(place, "") for place in range(1, FIELDS[record] + 1))


def _school(code: str, name: str) -> str:
    values = {1: "00", 2: code, 3: "1", 4: "18/02/2026", 5: "18/12/2026", 6: name}
    return _row("00", values | {8: str(lists.PORTO_ALEGRE)})


def _class(school: str, code: str) -> str:
    return _row("20", {1: "20", 2: school, 3: code, 5: f"TURMA {code.partition('-')[0]}", 6: "1"})


def _lines(record: str, fields: dict[int, Any], count: int) -> Any:
    empty = constant("", count)
    pieces = [pc.fill_null(fields.get(k, empty), "") for k in range(1, FIELDS[record] + 1)]
    return join_present(pieces, "|")


def _people(column: dict[str, Any]) -> Any:
    count = len(column["local_id"])
    mother, father = column["mother_name"], column["father_name"]
    declared = pc.or_(pc.is_valid(mother), pc.is_valid(father))
    foreign = pc.is_null(column["birth_municipality"])
    fields = {
        1: constant("30", count),
        2: column["unit_code"],
        3: column["local_id"],
        4: column["inep_id"],
        5: column["cpf"],
        6: column["full_name"],
        7: day_first(column["birth_date"], "/"),
        8: pc.if_else(declared, "1", "0"),
        9: mother,
        10: father,
        11: recoded(column["sex"], {"M": "1", "F": "2"}),
        12: recoded(column["race"], EDUCACENSO_RACE, "0"),
        13: pc.if_else(foreign, "3", "1"),
        14: constant(_BRAZIL, count),
        15: column["birth_municipality"],
        16: constant("0", count),
        40: column["birth_certificate"],
        41: constant(_BRAZIL, count),
        42: column["postal_code"],
        43: column["municipality"],
        44: constant("1", count),
        45: constant("7", count),
    }
    return _lines("30", fields, count)


def _enrolments(column: dict[str, Any]) -> Any:
    count = len(column["local_id"])
    fields = {
        1: constant("60", count),
        2: column["unit_code"],
        3: column["local_id"],
        4: column["inep_id"],
        5: column["class_code"],
        8: constant("14", count),
    }
    return _lines("60", fields, count)
