"""Who may ask: accounts of people and clients of systems.

Both are state of the registry: checked, digested and backed up like the rest, so that a role
raised behind the program's back is named by `mdm verify`. Sessions and failed logins are not:
they lie beside the registry (`storage.service_store`).
"""

from mdm.domain.access import Role
from mdm.storage.tables.base import STRICT, Registry, maybe_txt, num, one_of, txt

_STATES = ("active", "disabled")


class Account(Registry, table=True):
    """A person who logs in; `password_hash` is argon2id in its own notation."""

    __table_args__ = (one_of("role", Role), one_of("state", _STATES), STRICT)

    name: str = txt(key=True)
    password_hash: str = txt()
    role: str = txt()
    sector: str = txt()
    unit: str | None = maybe_txt()
    display_name: str = txt()
    state: str = txt()
    at: str = txt()
    row_check: int = num()


class Client(Registry, table=True):
    """A system that asks; `secret_hash` is SHA-256: the secret is drawn, with 256 bits."""

    __table_args__ = (one_of("state", _STATES), STRICT)

    client_id: str = txt(key=True)
    name: str = txt()
    secret_hash: str = txt()
    sector: str = txt()
    sources: str = txt()
    state: str = txt()
    at: str = txt()
    row_check: int = num()
