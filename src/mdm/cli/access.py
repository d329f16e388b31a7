"""`mdm user`, `mdm client`: who may ask."""

import sys
from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.domain.access import Role
from mdm.errors import UsageError

Name = Annotated[str, typer.Argument(help="Letters a-z, digits, dots, hyphens, underscores.")]
Sector = Annotated[str, typer.Option("--sector", help="As the sources name it.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    user = typer.Typer(help="Accounts of people.", no_args_is_help=True)
    user.command("add")(user_add)
    user.command("list")(user_list)
    user.command("password")(user_password)
    user.command("disable")(user_disable)
    app.add_typer(user, name="user")
    client = typer.Typer(help="Clients: systems that ask.", no_args_is_help=True)
    client.command("add")(client_add)
    client.command("list")(client_list)
    client.command("disable")(client_disable)
    app.add_typer(client, name="client")


def user_add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option("--role")],
    sector: Sector,
    unit: Annotated[str | None, typer.Option("--unit", help="Unit within the sector.")] = None,
    display_name: Annotated[
        str | None, typer.Option("--display-name", help="As colleagues read it.")
    ] = None,
) -> None:
    """Make an account; the password is asked for, or read from standard input."""
    from mdm.security.passwords import password_hash
    from mdm.services.accounts import Account, add_account

    invocation = invocation_of(context)
    account = Account(
        name=name,
        role=role,
        sector=sector,
        unit=unit,
        display_name=name if display_name is None else display_name,
    )
    with invocation.application() as application:
        hashed = password_hash(_password())
        add_account(application.store, application.header("account"), account, hashed)
    result = {"user": name, "role": str(role), "sector": sector, "unit": unit, "state": "active"}
    invocation.emit(result, lambda: show_fields(result))


def user_list(context: typer.Context) -> None:
    """All accounts."""
    from mdm.services.accounts import list_accounts

    invocation = invocation_of(context)
    with invocation.application() as application, application.store.reading() as session:
        rows = list_accounts(session)
    invocation.emit({"users": rows}, lambda: show_rows(rows, empty="There is no account."))


def user_password(context: typer.Context, name: Name) -> None:
    """Give an account another password; its sessions end."""
    from mdm.bootstrap.serving import service_store
    from mdm.security.passwords import password_hash
    from mdm.services.accounts import set_password
    from mdm.services.web_sessions import close_sessions_of

    invocation = invocation_of(context)
    with invocation.application() as application:
        hashed = password_hash(_password())
        set_password(application.store, application.header("account"), name, hashed)
        beside = service_store(application)
        close_sessions_of(beside, name)
        beside.close()
    result = {"user": name, "state": "changed"}
    invocation.emit(result, lambda: show_fields(result))


def user_disable(context: typer.Context, name: Name) -> None:
    """Let an account log in no longer; its sessions end at once."""
    from mdm.services.accounts import DISABLED, set_account_state

    invocation = invocation_of(context)
    with invocation.application() as application:
        header = application.header("account")
        set_account_state(application.store, header, name, DISABLED)
    result = {"user": name, "state": DISABLED}
    invocation.emit(result, lambda: show_fields(result))


def client_add(
    context: typer.Context,
    name: Name,
    sector: Sector,
    source: Annotated[
        list[str], typer.Option("--source", help="A source that it may speak for; repeatable.")
    ],
) -> None:
    """Make a client; its secret is shown this once."""
    from mdm.bootstrap.serving import new_client

    invocation = invocation_of(context)
    with invocation.application() as application:
        result = new_client(application, name=name, sector=sector, sources=source)
    invocation.emit(result, lambda: show_fields(result))


def client_list(context: typer.Context) -> None:
    """All clients."""
    from mdm.services.accounts import list_clients

    invocation = invocation_of(context)
    with invocation.application() as application, application.store.reading() as session:
        rows = list_clients(session)
    invocation.emit({"clients": rows}, lambda: show_rows(rows, empty="There is no client."))


def client_disable(context: typer.Context, name: Name) -> None:
    """Let a client ask no longer; its tokens are refused within seconds."""
    from mdm.services.accounts import DISABLED, set_client_state

    invocation = invocation_of(context)
    with invocation.application() as application:
        header = application.header("client")
        set_client_state(application.store, header, name, DISABLED)
    result = {"client": name, "state": DISABLED}
    invocation.emit(result, lambda: show_fields(result))


def _password() -> str:
    """A password from the terminal, asked for twice, or the first line of standard input.

    Never an argument: other users of the machine can read those.
    """
    from mdm.security.passwords import LONGEST, SHORTEST

    if sys.stdin.isatty():
        given = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    text = str(given)
    if not SHORTEST <= len(text) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    return text
