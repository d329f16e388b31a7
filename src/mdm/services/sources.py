"""Declared sources: add, replace, list."""

from dataclasses import dataclass

from mdm.domain.ledger import TxHeader
from mdm.errors import SourceDeclarationError, SourceExistsError, UnknownSourceError
from mdm.ports import Rows, Store
from mdm.services.seals import unsealed

RESERVED_NAMES = frozenset({"accept", "municipal"})
"""Words of the command line (`mdm load accept ID`, `mdm resolve municipal ID`) that no source can
be called."""

_LAYOUT_MARK = "\n#:layout\n"


@dataclass(frozen=True, slots=True)
class DeclaredSource:
    """A declaration, checked, as the registry keeps it.

    Attributes:
        text: `stored_declaration` of its TOML.
        digest: Equal for declarations that say the same, whatever their spelling.
    """

    name: str
    sector: str
    layout: str
    text: str
    digest: str


def stored_declaration(text: str, layout_text: str | None) -> str:
    """A declaration's TOML and, where it names a layout file, that file: one text to keep."""
    return text if layout_text is None else f"{text}{_LAYOUT_MARK}{layout_text}"


def split_declaration(stored: str) -> tuple[str, str | None]:
    """The TOML and the layout's text that `stored_declaration` put together."""
    text, mark, layout_text = stored.partition(_LAYOUT_MARK)
    return text, layout_text if mark != "" else None


def add_source(
    store: Store, declared: DeclaredSource, *, header: TxHeader, replace: bool
) -> dict[str, object]:
    """Declare a source; to declare it again in the same words changes nothing.

    Raises:
        SourceExistsError: It is declared differently, and `replace` was not asked for.
        SourceDeclarationError: The name is a word of the command line.
    """
    if declared.name in RESERVED_NAMES:
        raise SourceDeclarationError("name: a word of the command line", where=declared.name)
    with store.reading() as session:
        found = session.row(
            "SELECT declaration_hash FROM source WHERE name = :name", {"name": declared.name}
        )
    state = "added" if found is None else "replaced"
    if found is not None and found["declaration_hash"] == declared.digest:
        state = "unchanged"
    if state == "replaced" and not replace:
        raise SourceExistsError("declared differently before: say --replace", where=declared.name)
    if state != "unchanged":
        with store.writing(header) as session:
            row = {
                "name": declared.name,
                "sector": declared.sector,
                "layout": declared.layout,
                "declaration": declared.text,
                "declaration_hash": declared.digest,
                "tx_id": session.tx_id,
            }
            session.upsert_rows("source", [row])
    return {
        "source": declared.name,
        "sector": declared.sector,
        "layout": declared.layout,
        "state": state,
    }


def source_declaration(store: Store, name: str) -> str:
    """The stored declaration of a source.

    Raises:
        UnknownSourceError: No source of that name is declared.
    """
    with store.reading() as session:
        found = session.value("SELECT declaration FROM source WHERE name = :name", {"name": name})
    if found is None:
        raise UnknownSourceError("no such source: `mdm source list` names them", where=name)
    return str(found)


def list_sources(store: Store) -> Rows:
    """Every source with the number of its loads and of its records by state."""
    with store.reading() as session:
        sources = session.rows("SELECT name, sector, layout FROM source ORDER BY name")
        loads = session.rows(
            "SELECT source, COUNT(*) AS loads, MAX(load_id) AS last FROM load"
            " WHERE state = 'applied' GROUP BY source"
        )
        states = session.rows(
            "SELECT r.source, r.state, COUNT(*) AS records FROM record r "
            f"WHERE {unsealed('r')} GROUP BY r.source, r.state"
        )
    of_load = {row["source"]: row for row in loads}
    counts: dict[tuple[object, object], object] = {
        (row["source"], row["state"]): row["records"] for row in states
    }
    listed: Rows = []
    for source in sources:
        load = of_load.get(source["name"], {"loads": 0, "last": None})
        listed.append(
            {
                "source": source["name"],
                "sector": source["sector"],
                "layout": source["layout"],
                "loads": load["loads"],
                "last_load_id": load["last"],
                **{
                    state: counts.get((source["name"], state), 0)
                    for state in ("pending", "present", "withdrawn", "superseded", "erased")
                },
            }
        )
    return listed
