"""Sessions of people in a browser, and how often somebody may try to log in.

A session ends after 15 minutes without a request and after 8 hours in any case. Failed logins
are counted by account, by address, and by both together, so that a stranger cannot lock somebody
out from elsewhere within a few tries.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mdm.domain.access import Purpose
from mdm.errors import OverBudgetError
from mdm.ports import ServiceSession, ServiceStore

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=8)
ATTENDANCE = timedelta(minutes=60)
"""How long a stated purpose opens a citizen and their declared family."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the last request is known: noting each one would write for every page."""
WINDOW = timedelta(minutes=15)
TRIES = {"both": 5, "address": 20, "account": 50}
"""Failed logins within the window, after which the next is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A session in force.

    Attributes:
        account: Who logged in.
        csrf: What forms of this session carry.
        purpose: What the person said they read for.
        attends: Municipal IDs that are open under that purpose, the one that it was stated for
            first; none once the hour is over.
        attends_until: When it is over; None where none are open.
    """

    account: str
    csrf: str
    purpose: Purpose | None
    attends: tuple[str, ...] = ()
    attends_until: datetime | None = None


def token_hash(token: str) -> str:
    """What is stored of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_session(
    store: ServiceStore,
    now: datetime,
    *,
    token: str,
    account: str,
    csrf: str,
    purpose: Purpose | None,
) -> None:
    """Begin a session; sessions that have ended are forgotten."""
    with store.writing() as session:
        session.execute(
            "DELETE FROM web_session WHERE seen_at < :idle OR created_at < :old",
            {"idle": _text(now - IDLE), "old": _text(now - LONGEST)},
        )
        session.execute(
            "INSERT INTO web_session (token_hash, account, csrf, purpose, created_at, seen_at) "
            "VALUES (:token, :account, :csrf, :purpose, :now, :now)",
            {
                "token": token_hash(token),
                "account": account,
                "csrf": csrf,
                "purpose": purpose,
                "now": _text(now),
            },
        )


def find_session(store: ServiceStore, now: datetime, token: str) -> SessionRow | None:
    """The session of a token, if it is in force; it was used now."""
    key = token_hash(token)
    with store.reading() as session:
        row = session.row(
            "SELECT account, csrf, purpose, attends, attends_until, created_at, seen_at "
            "FROM web_session "
            "WHERE token_hash = :token",
            {"token": key},
        )
    if row is None:
        return None
    created, seen = _moment(row["created_at"]), _moment(row["seen_at"])
    if now - seen >= IDLE or now - created >= LONGEST:
        return None
    if now - seen >= SEEN_EVERY:
        with store.writing() as session:
            session.execute(
                "UPDATE web_session SET seen_at = :now WHERE token_hash = :token",
                {"now": _text(now), "token": key},
            )
    purpose = row["purpose"]
    until = None if row["attends_until"] is None else _moment(row["attends_until"])
    attending = until is not None and now < until
    return SessionRow(
        account=str(row["account"]),
        csrf=str(row["csrf"]),
        purpose=None if purpose is None else Purpose(str(purpose)),
        attends=tuple(str(row["attends"]).split()) if attending else (),
        attends_until=until if attending else None,
    )


def set_purpose(store: ServiceStore, token: str, purpose: Purpose) -> None:
    """Note what the person reads for from now on; another purpose ends the attendance."""
    with store.writing() as session:
        session.execute(
            "UPDATE web_session SET purpose = :purpose, "
            "attends_until = CASE WHEN purpose = :purpose THEN attends_until END "
            "WHERE token_hash = :token",
            {"purpose": purpose, "token": token_hash(token)},
        )


def attend(
    store: ServiceStore,
    token: str,
    purpose: Purpose,
    municipal_ids: Sequence[str],
    until: datetime,
) -> None:
    """Open citizens under a purpose; those of the attendance before are closed."""
    with store.writing() as session:
        session.execute(
            "UPDATE web_session SET purpose = :purpose, attends = :ids, attends_until = :until "
            "WHERE token_hash = :token",
            {
                "purpose": purpose,
                "ids": " ".join(municipal_ids),
                "until": _text(until),
                "token": token_hash(token),
            },
        )


def close_session(store: ServiceStore, token: str) -> None:
    """End a session."""
    with store.writing() as session:
        session.execute(
            "DELETE FROM web_session WHERE token_hash = :token", {"token": token_hash(token)}
        )


def close_sessions_of(store: ServiceStore, account: str) -> None:
    """End all sessions of an account."""
    with store.writing() as session:
        session.execute("DELETE FROM web_session WHERE account = :account", {"account": account})


def check_tries(store: ServiceStore, now: datetime, account: str, address: str) -> None:
    """Refuse a login after too many that failed.

    Raises:
        OverBudgetError: Too many failed within the window.
    """
    with store.reading() as session:
        for kind, subject in _subjects(account, address).items():
            row = _failures(session, subject, now)
            if row is not None and int(str(row["failures"])) >= TRIES[kind]:
                raise OverBudgetError("too many failed logins: try again in a quarter of an hour")


def count_failure(store: ServiceStore, now: datetime, account: str, address: str) -> None:
    """Note that a login failed."""
    with store.writing() as session:
        session.execute(
            "DELETE FROM login_failure WHERE first_at < :old", {"old": _text(now - WINDOW)}
        )
        for subject in _subjects(account, address).values():
            session.execute(
                "INSERT INTO login_failure (subject, failures, first_at) VALUES (:s, 1, :now) "
                "ON CONFLICT (subject) DO UPDATE SET failures = login_failure.failures + 1",
                {"s": subject, "now": _text(now)},
            )


def forget_failures(store: ServiceStore, account: str, address: str) -> None:
    """A login succeeded: those that failed from the same address count no more."""
    with store.writing() as session:
        session.execute(
            "DELETE FROM login_failure WHERE subject = :s",
            {"s": _subjects(account, address)["both"]},
        )


def _subjects(account: str, address: str) -> dict[str, str]:
    """Hashes: people type passwords and document numbers in the place of names."""
    texts = {"both": f"{account}\n{address}", "address": address, "account": account}
    return {
        kind: hashlib.sha256(f"{kind}\n{text}".encode()).hexdigest() for kind, text in texts.items()
    }


def _failures(session: ServiceSession, subject: str, now: datetime) -> dict[str, object] | None:
    return session.row(
        "SELECT failures FROM login_failure WHERE subject = :s AND first_at >= :old",
        {"s": subject, "old": _text(now - WINDOW)},
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _moment(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
