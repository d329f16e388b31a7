"""What a transaction leaves behind: rows and checksums per table, chained over transactions."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from mdm.storage.row_check import P

FIRST_CHAIN = "0" * 64


@dataclass(frozen=True, slots=True)
class Digest:
    """Rows of a table and the two checksums added over them, modulo P."""

    rows: int = 0
    sum_a: int = 0
    sum_b: int = 0

    def plus(self, other: "Digest") -> "Digest":
        """With the rows of another digest added."""
        return Digest(
            self.rows + other.rows, (self.sum_a + other.sum_a) % P, (self.sum_b + other.sum_b) % P
        )

    def minus(self, other: "Digest") -> "Digest":
        """With the rows of another digest taken away."""
        return Digest(
            self.rows - other.rows, (self.sum_a - other.sum_a) % P, (self.sum_b - other.sum_b) % P
        )

    def as_list(self) -> list[int]:
        """Rows, A and B, as the ledger states them."""
        return [self.rows, self.sum_a, self.sum_b]


def content_digest(
    previous: str | None, header: Mapping[str, object], tables: Mapping[str, Digest]
) -> str:
    """The JSON text of `ledger_tx.content_digest`.

    Args:
        previous: `content_digest` of the transaction before; None for the first.
        header: Columns of the transaction, without the digest and the row check.
        tables: State of each table that the transaction touched, as it left it.
    """
    stated = {name: tables[name].as_list() for name in sorted(tables)}
    chain = FIRST_CHAIN if previous is None else str(json.loads(previous)["chain"])
    content = json.dumps([chain, dict(sorted(header.items())), stated], ensure_ascii=False)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return json.dumps({"chain": digest, "tables": stated}, separators=(",", ":"))
