"""Which citizens of a list count as children, although their golden date of birth says otherwise.

A golden record shows one date of birth. Lists are made of golden records, so of the few citizens
that are shown the dates of all common records are looked at: see `mdm.domain.minority`.
"""

import json
from collections.abc import Iterable
from datetime import date

from mdm.domain.minority import is_child, latest_birth
from mdm.ports import ReadSession
from mdm.services.lists import rows_of_texts
from mdm.standardise.record import standardise_record

_COLUMNS = ("birth_date", "service_since", "restricted")
_PAYLOADS = """
SELECT m.municipal_id, v.payload FROM membership m
JOIN record r ON r.record_id = m.record_id
JOIN record_version v ON v.record_id = r.record_id AND v.version = r.version
WHERE r.state IN ('present', 'withdrawn', 'superseded') AND NOT r.restricted
  AND m.municipal_id IN ({keys})
"""
_SETTLED = """
SELECT m.municipal_id FROM golden_override o JOIN membership m ON m.record_id = o.record_id
WHERE o.state = 'active' AND o.attribute = 'birth_date' AND m.municipal_id IN ({keys})
"""


def minors(session: ReadSession, citizens: Iterable[str], today: date) -> set[str]:
    """Of some citizens those who are under 18 by the latest plausible date of any common record.

    Those whose date of birth a steward set are not among them: theirs is the golden one.
    """
    asked = set(citizens)
    asked -= {str(row["municipal_id"]) for row in rows_of_texts(session, _SETTLED, asked)}
    dates: dict[str, set[date]] = {}
    served: dict[str, date] = {}
    for row in rows_of_texts(session, _PAYLOADS, asked):
        name, payload = str(row["municipal_id"]), json.loads(str(row["payload"]))
        said = {column: payload[column] for column in _COLUMNS if column in payload}
        record, _ = standardise_record(said, today=today)
        if record.restricted:
            continue
        if record.birth_date is not None:
            dates.setdefault(name, set()).add(record.birth_date)
        if record.service_since is not None:
            served[name] = min(served.get(name, record.service_since), record.service_since)
    latest = {name: latest_birth(found, served.get(name)) for name, found in dates.items()}
    return {name for name, born in latest.items() if born is not None and is_child(born, today)}
