"""A file of answers: all of its lines are taken, or none and every refused line is named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mdm.domain.judgement import Verdict
from mdm.domain.ledger import TxHeader
from mdm.errors import (
    JudgementConflictError,
    NotFoundError,
    ReviewFileError,
    UnknownSourceError,
)
from mdm.ports import ReadSession, Store
from mdm.services.csv_rows import csv_rows
from mdm.services.lists import as_int, rows_of_texts
from mdm.services.redecide import DecisionRules
from mdm.services.seals import unsealed
from mdm.services.take_answers import NEEDS_SECOND, Answer, Taken, take_answers

KEY_COLUMNS = ("source_l", "local_id_l", "source_r", "local_id_r")
COLUMNS = (*KEY_COLUMNS, "verdict", "reason")
_NAMED = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds an answer.

    Attributes:
        number: Of the line in the file, the header being 1.
        values: Its cells by column.
        is_whole: Whether it names two records and has no cell too many.
    """

    number: int
    values: Mapping[str, str]
    is_whole: bool = True

    @property
    def keys(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Source and local ID of the two records."""
        source_l, local_id_l, source_r, local_id_r = (self.values[name] for name in KEY_COLUMNS)
        return (source_l, local_id_l), (source_r, local_id_r)


def read_answers(path: Path) -> list[Line]:
    """The lines of a CSV file that hold a verdict; lines without one are still open.

    Raises:
        FileRefusedError: The file cannot be read, or lacks a column.
    """
    return list(_lines(path))


def _lines(path: Path) -> Iterator[Line]:
    for number, row in csv_rows(path, COLUMNS):
        values = {column: (row[column] or "").strip() for column in COLUMNS}
        is_whole = None not in row and all(row[column] is not None for column in KEY_COLUMNS)
        if values["verdict"] != "" or not is_whole:
            yield Line(number, values, is_whole=is_whole)


def import_review(
    store: Store, rules: DecisionRules, header: TxHeader, path: Path
) -> dict[str, object]:
    """Take the answers of a file; to import it again changes nothing.

    Args:
        store: The registry.
        rules: Thresholds and survivorship.
        header: Its actor is the steward who answered.
        path: CSV with `COLUMNS`; verdicts are same, different, unsure.

    Returns:
        lines, taken, unchanged, needs_second, merged, split, moved.

    Raises:
        FileRefusedError: The file cannot be read.
        ReviewFileError: Lines cannot be taken; the message names each with a code.
    """
    lines = read_answers(path)
    with store.writing(header) as session:
        answers, refused = _answers(session, lines, header.actor)
        taken, changed = ([], None) if refused else take_answers(session, rules, answers)
        for line, one in zip(lines, taken, strict=False):
            if isinstance(one, JudgementConflictError):
                refused.append((line.number, one.code))
        if refused:
            raise _refusal(refused, path)
    assert changed is not None
    done = [one for one in taken if isinstance(one, Taken)]
    return {
        "lines": len(lines),
        "taken": sum(one.is_new for one in done),
        "unchanged": sum(not one.is_new for one in done),
        "needs_second": sum(one.state == NEEDS_SECOND for one in done),
        "merged": changed.merged,
        "split": changed.split,
        "moved": changed.moved,
    }


def _answers(
    session: ReadSession, lines: list[Line], actor: str
) -> tuple[list[Answer], list[tuple[int, str]]]:
    numbers = _record_numbers(session, lines)
    sources = {str(row["name"]) for row in session.rows("SELECT name FROM source")}
    answers: list[Answer] = []
    refused: list[tuple[int, str]] = []
    said: dict[tuple[int, int], Verdict] = {}
    for line in lines:
        code = _code(line, sources, numbers)
        if code is None:
            left, right = sorted(numbers[key] for key in line.keys)
            verdict = Verdict(line.values["verdict"].lower())
            if said.setdefault((left, right), verdict) is verdict:
                reason = line.values["reason"]
                answers.append(
                    Answer(verdict=verdict, pair=(left, right), actor=actor, reason=reason)
                )
                continue
            code = JudgementConflictError.code
        refused.append((line.number, code))
    return answers, refused


def _code(line: Line, sources: set[str], numbers: Mapping[tuple[str, str], int]) -> str | None:
    """Why a line cannot be taken; None if nothing in itself speaks against it."""
    if not line.is_whole:
        return "broken_line"
    if line.values["verdict"].lower() not in {verdict.value for verdict in Verdict}:
        return "verdict"
    if any(source not in sources for source, _ in line.keys):
        return UnknownSourceError.code
    if any(key not in numbers for key in line.keys):
        return NotFoundError.code
    return "same_record" if line.keys[0] == line.keys[1] else None


def _record_numbers(session: ReadSession, lines: list[Line]) -> dict[tuple[str, str], int]:
    wanted: dict[str, set[str]] = {}
    for line in lines:
        for source, local_id in line.keys:
            wanted.setdefault(source, set()).add(local_id)
    return {
        (source, str(row["local_id"])): as_int(row["record_id"])
        for source, local_ids in wanted.items()
        for row in rows_of_texts(
            session,
            "SELECT r.record_id, r.local_id FROM record r WHERE r.source = :source "
            f"AND r.state <> 'erased' AND {unsealed('r')} AND r.local_id IN ({{keys}})",
            local_ids,
            {"source": source},
        )
    }


def _refusal(refused: list[tuple[int, str]], path: Path) -> ReviewFileError:
    named = "; ".join(f"line {number}: {code}" for number, code in sorted(refused)[:_NAMED])
    more = "" if len(refused) <= _NAMED else f"; and {len(refused) - _NAMED} more"
    return ReviewFileError(f"nothing was taken: {named}{more}", where=path.name)
