"""Accounts, clients, tokens and sessions on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mdm.bootstrap import Application
from mdm.bootstrap.access import CHECKED_EVERY, Access
from mdm.bootstrap.serving import new_client, service_store
from mdm.domain.access import Purpose, Role
from mdm.errors import (
    AccountError,
    LoginRefusedError,
    NotFoundError,
    OverBudgetError,
    UnauthenticatedError,
    UnknownSourceError,
    UsageError,
)
from mdm.security.passwords import password_hash
from mdm.services.accounts import (
    ACTIVE,
    DISABLED,
    Account,
    add_account,
    list_accounts,
    list_clients,
    set_account_state,
    set_client_state,
    set_password,
)
from mdm.services.web_sessions import (
    IDLE,
    LONGEST,
    TRIES,
    WINDOW,
    check_tries,
    close_sessions_of,
    count_failure,
)
from mdm.storage.service_store import ServiceStore
from mdm.storage.verify import verify
from support.intake import declare

PASSWORD = "correct horse battery"
HASH = password_hash(PASSWORD)
HERE, ELSEWHERE = "10.0.0.1", "10.0.0.2"


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def wait(self, by: timedelta) -> None:
        self.now += by


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def beside(application: Application) -> Iterator[ServiceStore]:
    store = service_store(application)
    yield store
    store.close()


@pytest.fixture
def access(application: Application, beside: ServiceStore, watch: Watch) -> Access:
    return Access(replace(application, clock=watch), beside, now=watch.seconds)


def account(name: str = "ana", role: Role = Role.CASEWORKER) -> Account:
    return Account(name=name, role=role, sector="social", unit=None, display_name="Ana")


def add(application: Application, name: str = "ana", role: Role = Role.CASEWORKER) -> None:
    add_account(application.store, application.header("account"), account(name, role), HASH)


def client(application: Application, name: str = "pec") -> tuple[str, str]:
    if name == "pec":
        declare(application)
    made = new_client(application, name=name, sector="health", sources=["clinic"])
    return str(made["client_id"]), str(made["client_secret"])


def test_an_account_is_kept_with_its_password_hashed(application: Application) -> None:
    add(application)

    with application.store.reading() as session:
        assert [row["name"] for row in list_accounts(session)] == ["ana"]
        assert PASSWORD not in str(session.rows("SELECT * FROM account"))
    assert all(check.ok for check in verify(application.store))


@pytest.mark.parametrize("name", ["", "a", "Ana", "ana maria", "1ana", "ana/../x", "a" * 64])
def test_a_name_is_plain(application: Application, name: str) -> None:
    with pytest.raises(UsageError):
        add(application, name)


def test_one_name_is_one_actor(application: Application) -> None:
    add(application)
    client(application)

    with pytest.raises(AccountError):
        add(application)
    with pytest.raises(AccountError):
        add(application, "pec")
    with pytest.raises(AccountError):
        client(application, "ana")


def test_systems_are_no_accounts(application: Application) -> None:
    with pytest.raises(UsageError):
        add(application, role=Role.SYSTEM)


def test_a_client_speaks_for_declared_sources_alone(application: Application) -> None:
    with pytest.raises(UnknownSourceError):
        new_client(application, name="pec", sector="health", sources=["clinic"])
    with pytest.raises(UsageError):
        new_client(application, name="pec", sector="health", sources=[])


def test_a_secret_is_not_stored(application: Application) -> None:
    _, secret = client(application)

    with application.store.reading() as session:
        assert secret not in str(session.rows("SELECT * FROM client"))
        assert list_clients(session)[0]["sources"] == ["clinic"]


@pytest.mark.parametrize("set_state", [set_account_state, set_client_state])
def test_nobody_unknown_is_disabled(application: Application, set_state: object) -> None:
    assert callable(set_state)
    with pytest.raises(NotFoundError):
        set_state(application.store, application.header("account"), "nobody", DISABLED)


def test_client_and_secret_give_a_token_that_names_the_client(
    application: Application, access: Access
) -> None:
    token, seconds = access.issue_token(*client(application))

    found = access.client_of(token)
    assert (found.name, found.sector, found.sources) == ("pec", "health", frozenset({"clinic"}))
    assert seconds == 600
    reader = found.reader(purpose=Purpose.INTEGRATION, request_id="r")
    assert (reader.role, reader.holder) == (Role.SYSTEM, "pec")


def test_a_wrong_secret_and_an_unknown_client_are_refused_alike(
    application: Application, access: Access
) -> None:
    client_id, secret = client(application)
    said = set()
    for given in ((client_id, secret + "x"), (client_id, ""), ("nobody", secret), ("nobody", "")):
        with pytest.raises(LoginRefusedError) as refused:
            access.issue_token(*given)
        said.add(refused.value.message)

    assert len(said) == 1


def test_a_disabled_client_is_refused_within_seconds(
    application: Application, access: Access, watch: Watch
) -> None:
    client_id, secret = client(application)
    token, _ = access.issue_token(client_id, secret)
    access.client_of(token)
    set_client_state(application.store, application.header("client"), "pec", DISABLED)
    watch.wait(timedelta(seconds=CHECKED_EVERY))

    with pytest.raises(UnauthenticatedError):
        access.client_of(token)
    with pytest.raises(LoginRefusedError):
        access.issue_token(client_id, secret)
    set_client_state(application.store, application.header("client"), "pec", ACTIVE)
    assert access.client_of(token).client_id == client_id


def test_a_remembered_token_expires(application: Application, access: Access, watch: Watch) -> None:
    token, seconds = access.issue_token(*client(application))
    access.client_of(token)
    watch.wait(timedelta(seconds=seconds + 31))

    with pytest.raises(UnauthenticatedError):
        access.client_of(token)


def test_a_registry_does_not_take_the_tokens_of_another(
    application: Application, access: Access, watch: Watch
) -> None:
    token, _ = access.issue_token(*client(application))
    (application.home.folder / "keys" / "token.pem").unlink()
    beside = service_store(application)
    other = Access(application, beside, now=watch.seconds)

    with pytest.raises(UnauthenticatedError):
        other.client_of(token)
    beside.close()


def test_a_login_opens_a_session(application: Application, access: Access) -> None:
    add(application, role=Role.STEWARD)
    made = access.log_in("ana", PASSWORD, HERE, purpose=Purpose.STEWARDSHIP)

    found = access.session_of(made.token)
    assert found == made
    reader = found.reader(request_id="r")
    assert (reader.actor, reader.role, reader.purpose) == (
        "ana",
        Role.STEWARD,
        Purpose.STEWARDSHIP,
    )


def test_each_login_has_a_session_of_its_own(application: Application, access: Access) -> None:
    add(application)
    first, second = (access.log_in("ana", PASSWORD, HERE) for _ in range(2))

    assert len({first.token, second.token, first.csrf, second.csrf}) == 4
    access.log_out(first.token)
    with pytest.raises(UnauthenticatedError):
        access.session_of(first.token)
    assert access.session_of(second.token).account.name == "ana"


def test_the_token_of_a_session_is_not_stored(
    application: Application, access: Access, beside: ServiceStore
) -> None:
    add(application)
    made = access.log_in("ana", PASSWORD, HERE)

    with beside.reading() as session:
        assert made.token not in str(session.rows("SELECT * FROM web_session"))


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_request(
    application: Application, access: Access, watch: Watch
) -> None:
    add(application)
    token = access.log_in("ana", PASSWORD, HERE).token
    for _ in range(4):
        watch.wait(IDLE - timedelta(seconds=61))
        access.session_of(token)
    watch.wait(IDLE)

    with pytest.raises(UnauthenticatedError):
        access.session_of(token)


def test_a_session_ends_after_eight_hours_in_any_case(
    application: Application, access: Access, watch: Watch
) -> None:
    add(application)
    token = access.log_in("ana", PASSWORD, HERE).token
    began = watch.now
    while watch.now - began < LONGEST - timedelta(minutes=10):
        access.session_of(token)
        watch.wait(timedelta(minutes=10))
    access.session_of(token)
    watch.wait(timedelta(minutes=10))

    with pytest.raises(UnauthenticatedError):
        access.session_of(token)


def test_a_disabled_account_is_out_at_once(application: Application, access: Access) -> None:
    add(application)
    token = access.log_in("ana", PASSWORD, HERE).token
    set_account_state(application.store, application.header("account"), "ana", DISABLED)

    with pytest.raises(UnauthenticatedError):
        access.session_of(token)
    with pytest.raises(LoginRefusedError):
        access.log_in("ana", PASSWORD, HERE)


def test_another_password_ends_the_sessions(
    application: Application, access: Access, beside: ServiceStore
) -> None:
    add(application)
    token = access.log_in("ana", PASSWORD, HERE).token
    changed = password_hash("another password")
    set_password(application.store, application.header("account"), "ana", changed)
    close_sessions_of(beside, "ana")

    with pytest.raises(UnauthenticatedError):
        access.session_of(token)
    with pytest.raises(LoginRefusedError):
        access.log_in("ana", PASSWORD, HERE)
    assert access.log_in("ana", "another password", HERE).account.name == "ana"


def fail(access: Access, name: str, address: str) -> None:
    with pytest.raises(LoginRefusedError):
        access.log_in(name, "wrong", address)


def test_a_guesser_is_stopped_and_the_person_elsewhere_is_not(
    application: Application, access: Access, watch: Watch
) -> None:
    add(application)
    for _ in range(TRIES["both"]):
        fail(access, "ana", HERE)

    with pytest.raises(OverBudgetError):
        access.log_in("ana", PASSWORD, HERE)
    assert access.log_in("ana", PASSWORD, ELSEWHERE).account.name == "ana"
    watch.wait(WINDOW + timedelta(seconds=1))
    assert access.log_in("ana", PASSWORD, HERE).account.name == "ana"


@pytest.mark.parametrize("kind", ["address", "account"])
def test_spraying_many_accounts_or_one_from_many_addresses_is_stopped(
    beside: ServiceStore, watch: Watch, kind: str
) -> None:
    for n in range(TRIES[kind]):
        names = (f"a{n}", HERE) if kind == "address" else ("ana", f"10.0.1.{n}")
        check_tries(beside, watch(), *names)
        count_failure(beside, watch(), *names)

    with pytest.raises(OverBudgetError):
        check_tries(beside, watch(), *(("new", HERE) if kind == "address" else ("ana", "10.9.9.9")))


def test_what_is_typed_in_the_place_of_a_name_is_not_stored(
    application: Application, access: Access, beside: ServiceStore
) -> None:
    add(application)
    fail(access, "52998224725", HERE)

    with beside.reading() as session:
        rows = str(session.rows("SELECT * FROM login_failure"))
    assert "52998224725" not in rows
    assert rows.count("failures") == 3
