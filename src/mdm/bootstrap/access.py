"""Who asks: tokens of clients and sessions of people, over the registry's accounts."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from mdm.bootstrap.application import Application
from mdm.domain.access import Purpose, Reader
from mdm.errors import LoginRefusedError, UnauthenticatedError
from mdm.ports import ServiceStore
from mdm.security import passwords
from mdm.security.keys import load_or_make_key
from mdm.security.tokens import LIFETIME_SECONDS, Tokens
from mdm.services import web_sessions
from mdm.services.accounts import Account, Client, active_account, active_client

TOKEN_KEY = "token.pem"  # noqa: S105 - a file's name
CHECKED_EVERY = 2.0
"""Seconds after which a client is looked up again: so long a disabled one is still answered."""
REMEMBERED = 4096
"""Tokens that a process keeps in mind; verifying one takes longer than answering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A person's session.

    Attributes:
        token: What the cookie holds.
        account: Who logged in.
        csrf: What forms of this session carry.
        purpose: What the person said they read for; None until they did.
        attends: Municipal IDs that are open under that purpose, the attended one first.
        attends_until: Until when; None where none are open.
    """

    token: str
    account: Account
    csrf: str
    purpose: Purpose | None
    attends: tuple[str, ...] = ()
    attends_until: datetime | None = None

    def reader(self, *, request_id: str) -> Reader:
        """The person as the reader of a request."""
        return self.account.reader(purpose=self.purpose, request_id=request_id)


@dataclass(slots=True)
class _Known:
    """A verified token: its client, until when, and when the client was last looked up."""

    client: Client
    expires: float
    checked: float


class Access:
    """Answers who asks; safe to share between threads.

    Args:
        application: The registry.
        beside: Where sessions lie.
        now: Seconds since 1970, for tokens.
    """

    def __init__(
        self,
        application: Application,
        beside: ServiceStore,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._application = application
        self._beside = beside
        self._now = now
        key = load_or_make_key(application.home.folder / "keys" / TOKEN_KEY)
        self._tokens = Tokens(key, now=now)
        self._known: dict[str, _Known] = {}

    # ------------------------------------------------------------------ systems

    def issue_token(self, client_id: str, secret: str) -> tuple[str, int]:
        """A token for client and secret, and its lifetime in seconds.

        Raises:
            LoginRefusedError: They do not belong together, or the client is disabled.
        """
        with self._application.store.reading() as session:
            found = active_client(session, client_id)
        stored = passwords.secret_hash("") if found is None else found[1]
        matches = passwords.same_secret(passwords.secret_hash(secret), stored)
        if found is None or not matches:
            raise LoginRefusedError("client and secret do not belong together")
        return self._tokens.issue(client_id), LIFETIME_SECONDS

    def client_of(self, token: str) -> Client:
        """The client that a token names.

        Raises:
            UnauthenticatedError: The token is not valid, or the client was disabled.
        """
        now = self._now()
        known = self._known.get(token)
        if known is not None and now < known.checked + CHECKED_EVERY and now < known.expires:
            return known.client
        verified = self._tokens.verify_access_token(token)
        with self._application.store.reading() as session:
            found = active_client(session, verified.client_id)
        if found is None:
            self._known.pop(token, None)
            raise UnauthenticatedError("the client may no longer ask")
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[token] = _Known(found[0], verified.expires, now)
        return found[0]

    # ------------------------------------------------------------------ people

    def log_in(
        self, name: str, password: str, address: str, *, purpose: Purpose | None = None
    ) -> WebSession:
        """Begin a session.

        Args:
            name: The account.
            password: Its password.
            address: Where the request comes from.
            purpose: What the person reads for, if they said.

        Raises:
            LoginRefusedError: Name and password do not belong together, or the account is
                disabled.
            OverBudgetError: Too many logins failed; this one was not looked at.
        """
        clock, beside = self._application.clock, self._beside
        web_sessions.check_tries(beside, clock(), name, address)
        with self._application.store.reading() as session:
            found = active_account(session, name)
        given = password[: passwords.LONGEST]
        if not passwords.password_matches(None if found is None else found[1], given):
            web_sessions.count_failure(beside, clock(), name, address)
            raise LoginRefusedError("name and password do not belong together")
        assert found is not None
        web_sessions.forget_failures(beside, name, address)
        made = WebSession(
            token=passwords.new_secret(),
            account=found[0],
            csrf=passwords.new_secret(),
            purpose=purpose,
        )
        web_sessions.open_session(
            beside, clock(), token=made.token, account=name, csrf=made.csrf, purpose=purpose
        )
        return made

    def session_of(self, token: str) -> WebSession:
        """The session of a cookie.

        Raises:
            UnauthenticatedError: It has ended, or its account was disabled.
        """
        found = web_sessions.find_session(self._beside, self._application.clock(), token)
        if found is None:
            raise UnauthenticatedError("the session has ended: log in again")
        with self._application.store.reading() as session:
            account = active_account(session, found.account)
        if account is None:
            raise UnauthenticatedError("the account may no longer log in")
        return WebSession(
            token=token,
            account=account[0],
            csrf=found.csrf,
            purpose=found.purpose,
            attends=found.attends,
            attends_until=found.attends_until,
        )

    def set_purpose(self, session: WebSession, purpose: Purpose) -> None:
        """Note what the person reads for from now on."""
        web_sessions.set_purpose(self._beside, session.token, purpose)

    def attend(self, session: WebSession, purpose: Purpose, municipal_id: str) -> None:
        """Open a citizen under a purpose, for an hour; another attendance ends."""
        until = self._application.clock() + web_sessions.ATTENDANCE
        web_sessions.attend(self._beside, session.token, purpose, [municipal_id], until)

    def widen(self, session: WebSession, municipal_ids: Iterable[str]) -> None:
        """Open the declared family of the attended citizen with them, for what is left of it."""
        if session.purpose is None or session.attends_until is None:
            return
        ids = list(dict.fromkeys([*session.attends[:1], *municipal_ids]))
        if set(ids) != set(session.attends):
            web_sessions.attend(
                self._beside, session.token, session.purpose, ids, session.attends_until
            )

    def log_out(self, token: str) -> None:
        """End a session."""
        web_sessions.close_session(self._beside, token)

    @staticmethod
    def same_secret(given: str, known: str) -> bool:
        """Compare in constant time."""
        return passwords.same_secret(given, known)
