"""Streets by their names: one source writes RUA before it, another leaves it out."""

STREET_KINDS = (
    "ACESSO", "ALAMEDA", "AVENIDA", "BECO", "ESCADARIA", "ESTRADA", "LARGO", "PASSAGEM", "PRACA",
    "RODOVIA", "RUA", "SERVIDAO", "TRAVESSA",
)  # fmt: skip
"""What a standardised street may begin with; not VILA or JARDIM, which are parts of names."""


def without_kind(street: str) -> str:
    """A standardised street without its kind, where a name follows it.

    >>> without_kind("RUA DOS ANDRADAS")
    'DOS ANDRADAS'
    >>> without_kind("RUA")
    'RUA'
    """
    kind, _, name = street.partition(" ")
    return name if name and kind in STREET_KINDS else street
