"""Seal citizens, and take seals off, in an open registry."""

from collections.abc import Sequence
from dataclasses import replace

from mdm.bootstrap.application import Application
from mdm.bootstrap.stewarding import golden_rules
from mdm.domain.ledger import TxHeader
from mdm.domain.seal import SealReason
from mdm.services.keys import Key
from mdm.services.seal_citizen import seal_citizen, unseal_citizen, what_is_sealed


def seal(
    application: Application,
    key: Key,
    reason: SealReason,
    *,
    second: str,
    anew: Sequence[Key] = (),
    actor: str | None = None,
    dry_run: bool = False,
) -> dict[str, object]:
    """Seal the citizen of a record or of a municipal ID.

    Args:
        application: The registry.
        key: Source and local ID; or `municipal` and a municipal ID.
        reason: On what ground.
        second: The second person who answers for it.
        anew: Records of the citizen whose local ID the source uses for who begins anew.
        actor: Who seals; None for the actor of the process.
        dry_run: Only say what would be sealed.

    Returns:
        dry_run, seal_id (None in a dry run), reason, municipal_id, records, freed (records whose
        local ID is free again), told (systems that were told an ID, and must forget it).

    Raises:
        InvalidMunicipalIdError, UnknownSourceError, NotFoundError, SealError: See
        `what_is_sealed` and `seal_citizen`.
    """
    header = _header(application, "seal", actor, reason.value)
    seal_id = None
    if dry_run:
        with application.store.reading() as session:
            sealing = what_is_sealed(session, key, anew)
    else:
        rules = golden_rules(application)
        with application.store.writing(header) as writing:
            sealing = what_is_sealed(writing, key, anew)
            seal_id = seal_citizen(writing, rules, sealing, reason, (header.actor, second))
    return {"dry_run": dry_run, "seal_id": seal_id, "reason": reason.value, **sealing.as_dict()}


def unseal(
    application: Application, key: Key, *, second: str, actor: str | None = None
) -> dict[str, object]:
    """Take the seal off a citizen.

    Returns:
        seal_id, municipal_id, records.

    Raises:
        InvalidMunicipalIdError, UnknownSourceError, NotFoundError, SealError: See
        `unseal_citizen`.
    """
    header = _header(application, "unseal", actor, f"second {second}")
    rules = golden_rules(application)
    with application.store.writing(header) as writing:
        return unseal_citizen(writing, rules, key, (header.actor, second))


def _header(application: Application, kind: str, actor: str | None, cause: str) -> TxHeader:
    header = application.header(kind, cause=cause)
    return header if actor is None else replace(header, actor=actor)
