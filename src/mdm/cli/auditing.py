"""`mdm audit`: the trace of reads, for the auditor."""

from itertools import islice
from typing import Annotated

import typer

from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows
from mdm.cli.refusals import REFUSED


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    audit = typer.Typer(help="The trace of reads.", no_args_is_help=True)
    audit.command("verify")(verify)
    audit.command("list")(listed)
    audit.command("sign")(sign)
    app.add_typer(audit, name="audit")


def verify(
    context: typer.Context,
    known_root: Annotated[
        str | None, typer.Option("--root", help="Hash of a root that was kept outside.")
    ] = None,
) -> None:
    """Check every entry of every chain; exit 1 and name what was changed, removed or inserted."""
    from mdm.bootstrap.auditing import verify_trail

    invocation = invocation_of(context)
    with invocation.application() as application:
        found = verify_trail(application, known_root=known_root)
    checks = [
        {"name": check.name, "ok": check.ok, "rows": check.rows, "first": check.first}
        for check in found.checks
    ]
    ok = not found.faults
    result = {
        "ok": ok,
        "checks": checks,
        "faults": list(found.faults),
        "newest_root": found.newest_root,
        "unsigned": found.unsigned,
    }

    def human() -> None:
        show_rows(checks, empty="")
        show_rows([{"fault": fault} for fault in found.faults], empty="Nothing is wrong.")
        show_fields({"newest root": found.newest_root, "entries since": found.unsigned})

    invocation.emit(result, human)
    if not ok:
        raise typer.Exit(REFUSED)


def listed(
    context: typer.Context,
    citizen: Annotated[
        str | None, typer.Option("--citizen", help="Only what concerns a municipal ID.")
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Only what one did.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="From this day or time on (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 1000,
) -> None:
    """Who read what, the newest first."""
    from mdm.bootstrap.auditing import AuditQuestion, entries

    invocation = invocation_of(context)
    question = AuditQuestion(citizen=citizen, actor=actor, since=since)
    with invocation.application() as application:
        found = list(islice(entries(application, question), limit))
    names = ("at", "actor", "purpose", "action", "outcome", "municipal_ids", "request_id")
    shown = [{name: entry.get(name) for name in names} for entry in found]
    invocation.emit({"entries": found}, lambda: show_rows(shown, empty="Nothing was read."))


def sign(context: typer.Context) -> None:
    """Sign a root over all chains now, and show the newest: keep its hash outside."""
    from mdm.bootstrap.auditing import newest_root

    invocation = invocation_of(context)
    with invocation.application() as application:
        result = newest_root(application)
    invocation.emit(result, lambda: show_fields(result))
