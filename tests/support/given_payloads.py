"""The real comparison of a delivery with the registry; its payloads come from outside."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from mdm.bootstrap.intake import DuckIntake
from mdm.duck import write_batches
from mdm.ingest.layout import PER_SOURCE
from mdm.ingest.stage import StagedLoad
from mdm.ingest.tables import create_stage
from mdm.ports import ProgressStep
from support.registry_under_test import is_restricted

_STAGED = pa.schema(
    [
        ("local_id", pa.string()),
        ("scope", pa.string()),
        ("payload", pa.string()),
        ("content_hash", pa.string()),
        ("merged_into", pa.string()),
        ("restricted", pa.bool_()),
    ]
)


class GivenPayloads(DuckIntake):
    """The real comparison of a delivery with the registry, whose records are given as payloads.

    Record numbers are those of the machine, whatever the order of loads.
    """

    payloads: Mapping[int, str]

    def stage(
        self, declaration: str, files: Sequence[Path], *, progress: ProgressStep
    ) -> StagedLoad:
        """Fill the staging tables, as a load that was held would."""
        del declaration, files, progress
        create_stage(self._con)
        rows = [
            {
                "local_id": str(record),
                "scope": PER_SOURCE,
                "payload": payload,
                "content_hash": _md5(payload),
                "merged_into": json.loads(payload).get("merged_into"),
                "restricted": is_restricted(record),
            }
            for record, payload in self.payloads.items()
        ]
        batches = pa.Table.from_pylist(rows, schema=_STAGED).to_batches()
        write_batches(self._con, "stage_record", batches, _STAGED)
        return StagedLoad(
            read=len(rows),
            quarantined=0,
            issues=0,
            ignored=0,
            scopes=frozenset({PER_SOURCE}),
            files=(),
            held_reason=None,
            held_detail=None,
            content_digest=_md5("".join(sorted(self.payloads.values()))),
        )

    def number(self, *, source: str, load_id: int, first_record: int) -> None:
        """Number new records as the machine does."""
        super().number(source=source, load_id=load_id, first_record=first_record)
        self._con.execute("UPDATE delivery SET record_id = local_id::BIGINT WHERE outcome = 'new'")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
