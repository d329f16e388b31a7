"""What the trail of reads notes of the review desk."""

from collections.abc import Mapping, Sequence

from mdm.domain.access import Reader
from mdm.domain.audit import AuditAction, AuditEntry, entry_of
from mdm.services.review_desk import ReviewItem
from mdm.services.told import WITHOUT_RECORD


def review_entry(
    reader: Reader, action: AuditAction, items: Sequence[ReviewItem], fields: tuple[str, ...] = ()
) -> AuditEntry:
    """The entry of questions that left."""
    ids = sorted({i for item in items for i in item.read_ids if i is not None})
    told = {
        (municipal_id, record_id)
        for item in items
        for municipal_id, record_id in zip(item.municipal_ids, item.pair, strict=True)
        if municipal_id is not None
    }
    return entry_of(
        reader,
        action,
        municipal_ids=tuple(ids),
        records=tuple(sorted({record for item in items for record in item.pair})),
        fields=fields,
        told=tuple(sorted(told)),
    )


def outcome_entry(reader: Reader, outcome: Mapping[str, object]) -> AuditEntry:
    """The entry of an answer that was given or taken back, with its outcome."""
    ids = outcome["municipal_ids"]
    assert isinstance(ids, list)
    return entry_of(
        reader,
        AuditAction.REVIEW_WRITE,
        municipal_ids=tuple(ids),
        told=tuple((municipal_id, WITHOUT_RECORD) for municipal_id in ids),
    )
