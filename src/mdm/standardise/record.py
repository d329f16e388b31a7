"""One record: received canonical values to a `StandardRecord`, composed of the column functions."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from mdm.domain.standard_record import STANDARD_COLUMNS, StandardRecord, ValueIssue
from mdm.standardise.columns import COMBINERS, READERS, given, missing


def standardise_record(
    values: Mapping[str, str | None], *, today: date
) -> tuple[StandardRecord, tuple[ValueIssue, ...]]:
    """Standardise the canonical values of one record.

    Args:
        values: Received text by canonical column; absent, None and blank are all missing.
            Other keys are ignored.
        today: Reference date of the load; later births are impossible.

    Returns:
        The record in comparable form, and one issue for each value that could not be used.
        Never raises, whatever the texts.
    """
    standard: dict[str, Any] = {}
    issues: list[ValueIssue] = []
    for reader in READERS:
        received = [values.get(column) for column in reader.inputs]
        received = [value if given(value) else None for value in received]
        if all(value is None for value in received):
            standard.update((column, missing(column)) for column in reader.outputs)
            continue
        outputs, found = reader.function(*received, today=today)
        standard.update(zip(reader.outputs, outputs, strict=True))
        issues.extend(found)
    for combiner in COMBINERS:
        inputs = [standard[column] for column in combiner.inputs]
        if inputs[0] is None:
            continue
        outputs, found = combiner.function(*inputs, today=today)
        standard.update(zip(combiner.outputs, outputs, strict=True))
        issues.extend(found)
    return StandardRecord(**{name: standard[name] for name in STANDARD_COLUMNS}), tuple(issues)
