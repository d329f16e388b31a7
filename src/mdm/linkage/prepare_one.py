"""One standard record to the columns that comparisons read: the twin of `mdm.linkage.prepare`.

Every column of `link_record` is made here by the same rule for a single record; a test holds both
to the same values over a synthetic city.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from mdm.domain.standard_record import StandardRecord
from mdm.linkage.person_model import MARKED, UNMARKED

_FIRST_MONTHS = 12
_COMPOUND = 3
NEWBORN = "newborn"


@dataclass(frozen=True, slots=True)
class Decided:
    """What is decided about a record by looking at others, before it is compared.

    Attributes:
        not_own: Which of "cpf", "cns" and "nis" are not plainly the record's own.
        phones: Those of its phones that few enough records share, sorted.
        is_crowded: So many records share its dwelling that it speaks for none of them.
    """

    not_own: frozenset[str] = frozenset()
    phones: tuple[str, ...] = ()
    is_crowded: bool = False


def prepare_one(
    record: StandardRecord,
    *,
    record_id: int,
    source: str,
    decided: Decided,
    given_tokens: AbstractSet[str],
) -> dict[str, object]:
    """The columns of `link_record` for one record.

    Args:
        record: The record in standard form.
        record_id: Its number.
        source: Its source; a declared family is one within its source.
        decided: What other records say about its identifiers and phones.
        given_tokens: The model's given names: usual in first place, and names in second.
    """
    name = _Split.of(record.name, record.name_phonetic, given_tokens)
    return {
        "unique_id": record_id,
        "source": source,
        **_name(name),
        "social1": None if record.social_name is None else record.social_name.split(" ")[0],
        "suffix": record.suffix,
        **_parents(record, name, given_tokens),
        **_birth(record),
        "sex": record.sex,
        **_numbers(record, decided.not_own),
        "phones": list(decided.phones) if len(decided.phones) > 0 else None,
        "email": record.emails[0] if len(record.emails) > 0 else None,
        **_dwelling(record, decided),
        "household": None if record.household_id is None else f"{source}:{record.household_id}",
        "twin_mark": _twin_mark(record),
    }


def _twin_mark(record: StandardRecord) -> str | None:
    """Whether the text of a newborn's name says that there is a twin; others say nothing."""
    if record.twin_order is not None:
        return MARKED
    return UNMARKED if record.name_kind == NEWBORN else None


@dataclass(frozen=True, slots=True)
class _Split:
    """A name in tokens, without initials after the first, and how many of them are given names.

    `is_usual`: the first of them is one of the model's given names.
    """

    tokens: tuple[str, ...]
    keys: tuple[str, ...] | None
    given: int
    is_usual: bool

    @classmethod
    def of(cls, name: str | None, phonetic: str | None, given: AbstractSet[str]) -> "_Split | None":
        if name is None:
            return None
        tokens = name.split(" ")
        kept = [n for n, token in enumerate(tokens) if n == 0 or len(token) > 1]
        keys = None if phonetic is None else phonetic.split(" ")
        names = tuple(tokens[n] for n in kept)
        return cls(
            names,
            None if keys is None else tuple(keys[n] for n in kept),
            2 if len(names) >= _COMPOUND and names[1] in given else 1,
            names[0] in given,
        )

    def key(self, place: int) -> str | None:
        """Phonetic key of the token at a place; None beyond the last."""
        if self.keys is None or place >= len(self.keys):
            return None
        return self.keys[place]

    def given_key(self) -> str | None:
        return None if self.keys is None else " ".join(self.keys[: self.given])

    def surname_key(self) -> str | None:
        return None if self.keys is None else _or_none(" ".join(self.keys[self.given :]))

    def surname_keys(self, number: int) -> list[str | None]:
        return [self.key(self.given + n) for n in range(number)]


_NAME_COLUMNS = (
    "given1", "given1_start", "given1_end", "given1_key", "given1_usual", "given2_key", "given",
    "given_key", "name_set_key", "surname", "surname_key", "surname1_key", "surname2_key",
    "surname3_key", "surname4_key", "surname_start",
    "surname_last", "surname_last_start", "surname_last_end", "surname_last_key",
)  # fmt: skip


def _name(split: _Split | None) -> dict[str, object]:
    if split is None:
        return dict.fromkeys(_NAME_COLUMNS)
    first = split.tokens[0]
    last = split.tokens[-1] if len(split.tokens) > split.given else None
    surname = _or_none(" ".join(split.tokens[split.given :]))
    surnames = split.surname_keys(4)
    return {
        "given1": first,
        "given1_start": first[:2],
        "given1_end": first[-2:],
        "given1_key": split.key(0),
        "given1_usual": 1 if split.is_usual else None,
        "given2_key": split.key(1) if split.given > 1 else None,
        "given": " ".join(split.tokens[: split.given]),
        "given_key": split.given_key(),
        "name_set_key": None if split.keys is None else " ".join(sorted(split.keys)),
        "surname": surname,
        "surname_key": split.surname_key(),
        **{f"surname{n + 1}_key": key for n, key in enumerate(surnames)},
        "surname_start": None if surname is None else surname[:2],
        "surname_last": last,
        "surname_last_start": None if last is None else last[:2],
        "surname_last_end": None if last is None else last[-2:],
        "surname_last_key": None if last is None else split.key(len(split.tokens) - 1),
    }


def _parents(
    record: StandardRecord, name: _Split | None, given_tokens: AbstractSet[str]
) -> dict[str, object]:
    split = _Split.of(record.mother, record.mother_phonetic, given_tokens)
    surnames = [None, None, None] if split is None else split.surname_keys(3)
    father = None if record.father is None else record.father.split(" ")
    return {
        "mother": record.mother,
        "mother_rest": None if split is None else _rest_of_mother(split, name),
        "mother_key": record.mother_phonetic,
        "mother_given1_key": None if split is None else split.key(0),
        "mother_last_key": None if split is None else split.key(len(split.tokens) - 1),
        "mother_given_key": None if split is None else split.given_key(),
        **{f"mother_surname{n + 1}_key": key for n, key in enumerate(surnames)},
        "father": record.father,
        "father_given1": None if father is None else father[0],
        "father_last": None if father is None else father[-1],
    }


def _rest_of_mother(mother: _Split, child: _Split | None) -> str:
    """The mother's name with a star for each surname that her child bears."""
    borne = set() if child is None else set(child.surname_keys(4)) - {None}
    surnames = mother.tokens[mother.given : mother.given + 3]
    keys = mother.surname_keys(len(surnames))
    starred = ("*" if key in borne else token for key, token in zip(keys, surnames, strict=True))
    return " ".join((*mother.tokens[: mother.given], *starred))


def _birth(record: StandardRecord) -> dict[str, object]:
    born = record.birth_date
    typed = record.birth_mistyped
    if born is not None:
        typed = f"{born.year:04}{born.month:02}{born.day:02}"
    return {
        "birth": typed,
        "birth_exact": None if record.birth_date_default else 1,
        "birth_swapped": None if born is None else _swapped(born),
        "birth_day_month": None if typed is None else typed[4:],
        "birth_year_month": None if typed is None else typed[:6],
        "birth_year": None if typed is None else int(typed[:4]),
    }


def _swapped(born: date) -> str | None:
    if born.day > _FIRST_MONTHS or born.day == born.month:
        return None
    return f"{born.year:04}{born.day:02}{born.month:02}"


def _numbers(record: StandardRecord, not_own: frozenset[str]) -> dict[str, object]:
    cpf = None if "cpf" in not_own else record.cpf
    nis = None if "nis" in not_own else record.nis
    certificate = record.birth_certificate
    return {
        "cpf": cpf,
        "cns": list(record.cns) if len(record.cns) > 0 and "cns" not in not_own else None,
        "nis": nis,
        "birth_certificate": certificate,
        "certificate_head": None if certificate is None else certificate[:16],
        "certificate_tail": None if certificate is None else certificate[16:],
        "dnv": record.dnv,
        "inep_id": record.inep_id,
        "rg": record.rg,
        "cpf_head": None if cpf is None else cpf[:5],
        "cpf_tail": None if cpf is None else cpf[5:],
        "nis_head": None if nis is None else nis[:5],
        "nis_tail": None if nis is None else nis[5:],
    }


def _dwelling(record: StandardRecord, decided: Decided) -> dict[str, object]:
    known = record.street is not None and record.street_number is not None
    known = known and not decided.is_crowded
    return {
        "street": record.street,
        "street_text": record.street,
        "dwelling": f"{record.street} {record.street_number}" if known else None,
        "street_number": record.street_number,
        "postal_code": record.postal_code,
        "district": record.district,
    }


def _or_none(text: str) -> str | None:
    return None if text == "" else text
