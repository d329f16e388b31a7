"""What erasing a record takes with it besides its own rows: traces in rows that nobody could name.

A row in quarantine may be the erased person's although its local ID could not be read. It is
taken for theirs where it holds one of their numbers or their name: better that another person's
broken row loses its text, which its source still has, than that an erased person's stays.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CONCEALED: Final = "erased:"
"""What the local ID of an erased record begins with where its local ID is a person's number."""

_NUMBERS: Final = (
    "local_id", "cpf", "cns", "nis", "inep_id", "voter_id", "rg", "birth_certificate", "dnv",
    "foreign_document",
)  # fmt: skip
_NAMES: Final = ("full_name", "social_name")
_SHORTEST_NUMBER: Final = 6
_FEWEST_NAMES: Final = 2


class ErasureReason(StrEnum):
    """Why a record is erased; the ledger names it and tells nothing else of it."""

    CITIZEN_REQUEST = "citizen_request"
    COURT_ORDER = "court_order"
    AUTHORITY_ORDER = "authority_order"
    LEGAL_BASIS_ENDED = "legal_basis_ended"
    UNLAWFUL = "unlawful"
    RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Traces:
    """By what an erased person's unnamed rows are known.

    Attributes:
        numbers: Their numbers as received, and their digits alone.
        names: Their names as received, folded.
    """

    numbers: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def are_in(self, content: str) -> bool:
        """Whether a row's text speaks of them."""
        folded = content.casefold()
        return any(n in content for n in self.numbers) or any(n in folded for n in self.names)


def traces_of(payloads: Iterable[str]) -> Traces:
    """What the contents of erased records are known by.

    Args:
        payloads: JSON objects of canonical values; empty ones say nothing.
    """
    numbers: set[str] = set()
    names: set[str] = set()
    for payload in payloads:
        values: Mapping[str, object] = json.loads(payload) if payload else {}
        for column in _NUMBERS:
            for part in str(values.get(column, "")).split(";"):
                numbers |= {part.strip(), "".join(c for c in part if c.isdigit())}
        whole = f"{values.get('given_name', '')} {values.get('family_name', '')}"
        for name in (*(str(values.get(column, "")) for column in _NAMES), whole):
            if len(name.split()) >= _FEWEST_NAMES:
                names.add(name.strip().casefold())
    return Traces(frozenset(n for n in numbers if len(n) >= _SHORTEST_NUMBER), frozenset(names))


def concealed_local_id(key: str, source: str, local_id: str) -> str:
    """What stands for a local ID that is itself a CPF, CNS or NIS once its record is erased.

    The source's next delivery is known by it and stays out. `mdm.volume.delivery` computes the
    same in SQL.

    Args:
        key: The registry's secret for this: without it every number could be tried.
        source: The source.
        local_id: The number.
    """
    told = f"{key}|{source}|{local_id}"
    return CONCEALED + hashlib.sha256(told.encode()).hexdigest()
