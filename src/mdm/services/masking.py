"""What identifies a person, with most of it hidden."""

from dataclasses import replace

from mdm.domain.golden_record import Address

_CPF_DIGITS = 11
_SEEN = 3
_PHONE_SEEN = 4
_DOT = "•"


def masked_cpf(digits: str) -> str:
    """`•••.•••.789-••`: the middle three of the last six, enough to tell two CPFs apart."""
    if len(digits) != _CPF_DIGITS:
        return masked(digits)
    return f"{_DOT * 3}.{_DOT * 3}.{digits[6:9]}-{_DOT * 2}"


def masked(text: str) -> str:
    """Everything hidden but the last three characters; a short text is hidden whole."""
    seen = _SEEN if len(text) > 2 * _SEEN else 0
    return _DOT * (len(text) - seen) + text[len(text) - seen :]


def masked_phone(digits: str) -> str:
    """The last four digits."""
    seen = _PHONE_SEEN if len(digits) > _PHONE_SEEN else 0
    return _DOT * (len(digits) - seen) + digits[len(digits) - seen :]


def masked_email(text: str) -> str:
    """The first letter: domains of employers and families tell a person, too."""
    return f"{text[:1]}{_DOT * 3}@{_DOT * 3}"


def masked_name(text: str) -> str:
    """The first name."""
    first, _, rest = text.partition(" ")
    return first if rest == "" else f"{first} {_DOT * 3}"


def masked_address(address: Address) -> Address:
    """The street, without number and postal code."""
    return replace(address, street_number=None, postal_code=None, district=None)
