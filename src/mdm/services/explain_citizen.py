"""Why a citizen's records are one person: the path that holds them together."""

from datetime import date
from functools import partial

from mdm.domain.ledger import TxHeader
from mdm.domain.municipal_id import shown
from mdm.ports import Clock, ReadSession, Store
from mdm.services.citizen_path import citizen_path, path_sentences
from mdm.services.refresh_golden import GoldenRules
from mdm.services.show_citizen import Look, answered, state_and_keys


def explain_citizen(
    store: Store,
    clock: Clock,
    rules: GoldenRules,
    header: TxHeader,
    look: Look,
    *,
    fracture: float,
) -> dict[str, object]:
    """Explain the citizen that an ID names now.

    Args:
        store: The registry.
        clock: Says which day it is.
        rules: Survivorship, and the standing of the sources.
        header: Who asks.
        look: How they look.
        fracture: Bits down to which a pair holds an existing citizen together.

    Returns:
        municipal_id, shown, requested, records, path, sentences. Of each link of the path: its
        records, match_weight, basis, whether it is the weakest, whether it is a bridge.

    Raises:
        InvalidMunicipalIdError, NotFoundError, IdWithdrawnError, IdTombstoneError,
        AmbiguousIdError: See `mdm.services.resolve.resolve`.
    """
    read = partial(_read, rules=rules, look=look, fracture=fracture)
    return answered(store, clock, header, look, read)


def _read(
    session: ReadSession, today: date, *, rules: GoldenRules, look: Look, fracture: float
) -> dict[str, object]:
    state, keys = state_and_keys(session, today, rules, look)
    path = citizen_path(session, keys.keys(), fracture)
    links = []
    for link in path.tree:
        left, right = keys[link.record_l], keys[link.record_r]
        links.append(
            {
                "source_l": left["source"],
                "local_id_l": left["local_id"],
                "source_r": right["source"],
                "local_id_r": right["local_id"],
                "match_weight": link.match_weight,
                "basis": link.basis,
                "weakest": link == path.weakest,
                "bridge": (link.record_l, link.record_r) in path.bridges,
            }
        )
    return {
        "municipal_id": state.municipal_id,
        "shown": shown(state.municipal_id),
        "requested": state.requested,
        "records": len(keys),
        "path": links,
        "sentences": list(path_sentences(path, len(keys))),
    }
