"""Numbers that identify a person, with most of their digits hidden."""

_CPF_DIGITS = 11
_SEEN = 3
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
