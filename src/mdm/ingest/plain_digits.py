"""Numbers written as their digits alone, checked many at once.

Each function gives the rows whose text is a good number as it stands; see
`mdm.standardise.national_ids` and `mdm.standardise.contacts` for what the checks mean.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mdm.standardise.addresses import CEP_FILLERS
from mdm.standardise.contacts import AREAS
from mdm.standardise.national_ids import CNS_FILLERS, CPF_FILLERS, NIS_FILLERS, VOTER_STATES

Rows = npt.NDArray[np.int64]
Digits = npt.NDArray[np.int64]
Good = npt.NDArray[np.bool_]

_CPF_FIRST = np.array([10, 9, 8, 7, 6, 5, 4, 3, 2])
_CPF_SECOND = np.array([11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
_NIS = np.array([3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
_CNS = np.arange(15, 0, -1)
_VOTER = np.arange(2, 10)
_CERTIFICATE_FIRST = (np.arange(30) + 2) % 11
_CERTIFICATE_SECOND = (np.arange(31) + 1) % 11
_ONE_DIGIT = "^(" + "|".join(f"{digit}+" for digit in "0123456789") + ")$"
_AREAS = np.zeros(100, bool)
_AREAS[[int(area) for area in AREAS]] = True


def characters(texts: pa.StringArray, length: int) -> tuple[Rows, npt.NDArray[np.uint8]]:
    """The rows whose text has so many bytes, and those bytes, a row each."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    present = texts.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero((np.diff(offsets) == length) & present)
    if len(rows) == 0:
        return rows, np.empty((0, length), np.uint8)
    data = np.frombuffer(texts.buffers()[2], np.uint8)
    return rows, data[offsets[rows][:, None] + np.arange(length)]


def _digits(texts: pa.StringArray, length: int) -> tuple[Rows, Digits]:
    """The rows that hold so many digits and nothing else, with the digits."""
    rows, found = characters(texts, length)
    digits = found - np.uint8(ord("0"))
    plain = (digits <= 9).all(axis=1)  # noqa: PLR2004 - a digit; smaller characters wrap around
    return rows[plain], digits[plain].astype(np.int64)


def _eleventh(weighted: Digits) -> Digits:
    """Check digit of modulo 11: what lacks to the next multiple, 10 and 11 written 0."""
    rest = weighted % 11
    return np.where(rest < 2, 0, 11 - rest)  # noqa: PLR2004 - modulo 11


def _varied(digits: Digits) -> Good:
    varied: Good = (digits != digits[:, :1]).any(axis=1)
    return varied


def _not_among(digits: Digits, fillers: frozenset[str]) -> Good:
    good = np.ones(len(digits), bool)
    for filler in fillers:
        good &= (digits != np.array([int(digit) for digit in filler])).any(axis=1)
    return good


def _chosen(rows: Rows, good: Good) -> Rows:
    chosen: Rows = rows[good]
    return chosen


def good_cpf(texts: pa.StringArray) -> Rows:
    """Rows whose text is a CPF of 11 digits."""
    rows, digits = _digits(texts, 11)
    good = _eleventh(digits[:, :9] @ _CPF_FIRST) == digits[:, 9]
    good &= _eleventh(digits[:, :10] @ _CPF_SECOND) == digits[:, 10]
    return _chosen(rows, good & _varied(digits) & _not_among(digits, CPF_FILLERS))


def good_nis(texts: pa.StringArray) -> Rows:
    """Rows whose text is a NIS of 11 digits."""
    rows, digits = _digits(texts, 11)
    good = _eleventh(digits[:, :10] @ _NIS) == digits[:, 10]
    return _chosen(rows, good & _varied(digits) & _not_among(digits, NIS_FILLERS))


def good_cns(texts: pa.StringArray) -> Rows:
    """Rows whose text is one CNS of 15 digits."""
    rows, digits = _digits(texts, 15)
    first = digits[:, 0]
    definitive = (first == 1) | (first == 2)  # noqa: PLR2004 - what definitive numbers begin with
    good = definitive | (first >= 7)  # noqa: PLR2004 - 7, 8 and 9 are provisional
    good &= (digits @ _CNS) % 11 == 0
    good &= ~definitive | ((digits[:, 11] == 0) & (digits[:, 12] == 0) & (digits[:, 13] <= 1))
    return _chosen(rows, good & _not_among(digits, CNS_FILLERS))


def good_birth_certificate(texts: pa.StringArray) -> Rows:
    """Rows whose text is the matrícula of a birth, of 32 digits."""
    rows, digits = _digits(texts, 32)
    first = digits[:, :30] @ _CERTIFICATE_FIRST % 11
    good = np.where(first == 10, 1, first) == digits[:, 30]  # noqa: PLR2004 - ten is written 1
    second = digits[:, :31] @ _CERTIFICATE_SECOND % 11
    good &= np.where(second == 10, 1, second) == digits[:, 31]  # noqa: PLR2004 - as above
    book = digits[:, 14]
    good &= (book < 2) | (book > 6)  # noqa: PLR2004 - books 2 to 6 are of other events
    return _chosen(rows, good & _varied(digits))


def good_voter_id(texts: pa.StringArray) -> Rows:
    """Rows whose text is a título de eleitor of 12 digits, by today's reading of its checks."""
    rows, digits = _digits(texts, 12)
    first = digits[:, :8] @ _VOTER % 11 % 10
    second = (digits[:, 8] * 7 + digits[:, 9] * 8 + first * 9) % 11 % 10
    good = (first == digits[:, 10]) & (second == digits[:, 11])
    state = digits[:, 8] * 10 + digits[:, 9]
    return _chosen(rows, good & (state >= 1) & (state <= VOTER_STATES) & _varied(digits))


def good_inep_id(texts: pa.StringArray) -> Rows:
    """Rows whose text is an INEP pupil ID: 12 digits."""
    rows, digits = _digits(texts, 12)
    return _chosen(rows, _varied(digits))


def good_dnv(texts: pa.StringArray) -> Rows:
    """Rows whose text is a declaração de nascido vivo: 11 digits."""
    rows, digits = _digits(texts, 11)
    return _chosen(rows, _varied(digits))


def good_postal_code(texts: pa.StringArray) -> Rows:
    """Rows whose text is a CEP of 8 digits."""
    rows, digits = _digits(texts, 8)
    used = digits[:, :2].any(axis=1)  # the lowest codes begin with 01
    return _chosen(rows, used & _varied(digits) & _not_among(digits, CEP_FILLERS))


def good_rg(texts: pa.StringArray) -> Rows:
    """Rows whose text is an RG of digits alone, without leading zeros."""
    return _formed(texts, "^[1-9][0-9]{3,13}$")


def good_street_number(texts: pa.StringArray) -> Rows:
    """Rows whose text is a house number of digits alone, without leading zeros."""
    return _formed(texts, "^[1-9]([0-9]{0,5})$", one_digit=True)


def _formed(texts: pa.StringArray, pattern: str, *, one_digit: bool = False) -> Rows:
    """Rows whose text is of a form, and not one digit over and over unless that is allowed."""
    found = pc.match_substring_regex(texts, pattern)
    if not one_digit:
        found = pc.and_not(found, pc.match_substring_regex(texts, _ONE_DIGIT))
    rows: Rows = np.flatnonzero(pc.fill_null(found, False).to_numpy(zero_copy_only=False))  # noqa: FBT003 - what Arrow takes
    return rows


def good_phone(texts: pa.StringArray) -> Rows:
    """Rows whose text is one number with its area code, mobile or fixed, without a pattern."""
    return np.sort(np.concatenate([_good_mobile(texts), _good_fixed(texts)]))


def _good_mobile(texts: pa.StringArray) -> Rows:
    """Area code, 9, eight digits."""
    rows, digits = _digits(texts, 11)
    good = (digits[:, 2] == 9) & (digits[:, 3] > 0)  # noqa: PLR2004 - what mobiles begin with
    return _chosen(rows, good & _in_area(digits) & _patternless(digits[:, 3:]))


def _good_fixed(texts: pa.StringArray) -> Rows:
    """Area code, eight digits that begin with 2 to 5 and are no number of a service."""
    rows, digits = _digits(texts, 10)
    good = (digits[:, 2] >= 2) & (digits[:, 2] <= 5)  # noqa: PLR2004 - what fixed lines begin with
    for service in ([4, 0, 0], [3, 0, 0, 3]):
        good &= (digits[:, 2 : 2 + len(service)] != np.array(service)).any(axis=1)
    return _chosen(rows, good & _in_area(digits) & _patternless(digits[:, 2:]))


def _in_area(digits: Digits) -> Good:
    found: Good = (digits[:, 0] > 0) & _AREAS[digits[:, 0] * 10 + digits[:, 1]]
    return found


def _patternless(last: Digits) -> Good:
    """Whether the last eight digits of a phone number are not what stands for none."""
    steps = np.diff(last, axis=1) % 10
    good: Good = (steps != steps[:, :1]).any(axis=1)  # one digit over and over, or a sequence
    good &= _varied(last[:, 1:])
    good &= (last[:, 2:] != last[:, :-2]).any(axis=1)  # two digits in turn
    good &= (last[:, :-1] != 9).any(axis=1)  # noqa: PLR2004 - nines up to the last digit
    good &= ~((last == 9) | (last == 0)).all(axis=1)  # noqa: PLR2004 - nines and zeros
    return good
