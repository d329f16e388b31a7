"""What the registry states of the tables that the volume plane follows while plans are applied."""

from mdm.ports import ReadSession

IDENTITY, PAIRS = "identity", "pairs"
"""Names of the two states."""


def identity_state(session: ReadSession) -> str:
    """What the registry states of memberships and IDs."""
    return _stated(session, "name IN ('membership', 'municipal_id')")


def pair_state(session: ReadSession) -> str:
    """What the registry states of the scored pairs that it stores."""
    return _stated(session, "name = 'scored_pair'")


def _stated(session: ReadSession, tables: str) -> str:
    rows = session.rows(
        f"SELECT name, rows, sum_a, sum_b FROM state_digest WHERE {tables} ORDER BY name"
    )
    return ";".join(f"{r['name']}:{r['rows']}-{r['sum_a']}-{r['sum_b']}" for r in rows)
