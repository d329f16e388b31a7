"""Writes that a caller may send again under the same key, and are done once."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta

from mdm.errors import IdempotencyKeyError
from mdm.ports import ServiceStore

KEPT = timedelta(hours=24)
"""How long an answer is kept for who sends the request again."""

_TAKE = (
    "INSERT INTO repeatable (actor, key, request_hash, answer, at) "
    "VALUES (:actor, :key, :hash, NULL, :at) ON CONFLICT (actor, key) DO NOTHING"
)
_READ = "SELECT request_hash, answer FROM repeatable WHERE actor = :actor AND key = :key"
_DONE = "UPDATE repeatable SET answer = :answer WHERE actor = :actor AND key = :key"
_DROP = "DELETE FROM repeatable WHERE actor = :actor AND key = :key"
_FORGET = "DELETE FROM repeatable WHERE at < :oldest"

Answer = dict[str, object]


def once(
    beside: ServiceStore,
    act: Callable[[], Answer],
    *,
    moment: datetime,
    actor: str,
    key: str,
    request: object,
) -> Answer:
    """Act, or give the answer that the same request got before.

    A refused request may be sent again under its key. One whose answer was lost with its process
    is done again: the commands behind it change nothing when they are repeated.

    Args:
        beside: Where answers are kept.
        act: Does it.
        moment: Now.
        actor: Who asks; keys of different callers are different.
        key: The caller's `Idempotency-Key`.
        request: What is asked, as JSON can hold it.

    Raises:
        IdempotencyKeyError: The key was used for another request.
    """
    text = json.dumps(request, sort_keys=True, default=str)
    asked = {"actor": actor, "key": key}
    hashed = hashlib.sha256(text.encode()).hexdigest()
    with beside.writing() as session:
        session.execute(_FORGET, {"oldest": (moment - KEPT).isoformat()})
        session.execute(_TAKE, {**asked, "hash": hashed, "at": moment.isoformat()})
        row = session.row(_READ, asked)
    assert row is not None
    if row["request_hash"] != hashed:
        raise IdempotencyKeyError("the Idempotency-Key was used for another request")
    if row["answer"] is not None:
        known: Answer = json.loads(str(row["answer"]))
        return known
    try:
        answer = act()
    except Exception:
        with beside.writing() as session:
            session.execute(_DROP, asked)
        raise
    with beside.writing() as session:
        session.execute(_DONE, {**asked, "answer": json.dumps(answer)})
    return answer
