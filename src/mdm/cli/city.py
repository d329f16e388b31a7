"""`mdm synth`, `mdm demo`: a synthetic city, its year, and the whole way through on a small one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mdm.cli.evaluating import flat
from mdm.cli.invocation import invocation_of
from mdm.cli.output import show_fields, show_rows

_DEMO_HOME = Path("demo")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    synth = typer.Typer(help="Synthetic people with known truth.", no_args_is_help=True)
    synth.callback()(_synth)
    synth.command("city")(city)
    synth.command("year")(year)
    app.add_typer(synth, name="synth")
    app.command("demo")(demo)


def _synth() -> None:
    """Synthetic people with known truth."""


def city(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    people: Annotated[int, typer.Option("--people", min=1)] = 5000,
    seed: Annotated[int, typer.Option("--seed")] = 2026,
    layouts: Annotated[
        bool, typer.Option("--layouts/--no-layouts", help="Also write the three real layouts.")
    ] = True,
    borrowed_cpf: Annotated[
        float | None,
        typer.Option(
            "--borrowed-cpf",
            min=0.0,
            max=1.0,
            help="Share of children who go by a relative's CPF (default: each source's own rate).",
        ),
    ] = None,
) -> None:
    """Write a synthetic city: three sources in their real layouts and canonically, with truth.

    OUT/sources holds their declarations.
    """
    from mdm.services.export_file import check_target_folder
    from mdm.synth.city import generate
    from mdm.synth.rates import CityRates

    invocation = invocation_of(context)
    check_target_folder(out)
    rates = CityRates(borrowing_children=borrowed_cpf)
    with invocation.progress() as progress:
        summary = generate(out, people, seed, progress, rates=rates, layouts=layouts)
    result = {
        "out": str(out),
        "people": summary.people,
        "seed": seed,
        "records": summary.records,
        "sources": [name for name in summary.files if name.startswith("sources/")],
    }
    invocation.emit(result, lambda: _show_city(result, out))


def _show_city(result: dict[str, Any], out: Path) -> None:
    show_fields(flat({name: value for name, value in result.items() if name != "sources"}))
    print("\nDeclared, for `mdm source add`:")
    for name in result["sources"]:
        print(out / name)


def year(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="CITY", help="What `mdm synth city` wrote.")],
) -> None:
    """Write twelve monthly deliveries of a synthetic city, with the truth of each month.

    CITY/year/year.json tells what to deliver in which order.
    """
    from mdm.synth.year import generate_year

    invocation = invocation_of(context)
    with invocation.progress() as progress:
        summary = generate_year(folder, progress)
    result = {
        "city": str(folder),
        "people": summary.people,
        "seed": summary.seed,
        "months": summary.months,
        "events": summary.events,
        "plan": summary.files[-1],
    }
    invocation.emit(result, lambda: show_fields(flat(result)))


def demo(
    context: typer.Context,
    samples: Annotated[
        Path | None, typer.Option("--samples", help="A folder laid out as data/samples.")
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave the service running in the background.")
    ] = False,
) -> None:
    """Load, link and apply the sample city, and write a report to look at."""
    from mdm.bootstrap.demo import run_demo
    from mdm.resources import samples_folder

    invocation = invocation_of(context)
    home = _DEMO_HOME if invocation.home is None else invocation.home
    with invocation.progress() as progress:
        chosen = samples_folder() if samples is None else samples
        result = run_demo(chosen, home, progress, serve=serve)
    invocation.emit(result, lambda: _show(result))


def _show(result: dict[str, Any]) -> None:
    columns = ("source", "read", "new", "quarantined", "issues")
    show_rows([{name: load[name] for name in columns} for load in result["loads"]], empty="")
    print()
    show_fields(result["link"], title="link")
    print()
    show_fields(
        {
            "citizens": result["citizens"],
            **flat({"links": result["links"]}),
            **flat({"review": result["review"]}),
        },
        title="registry",
    )
    print()
    show_fields(flat(result["evaluation"]), title="against the truth")
    print()
    show_fields(flat(result["seconds"]), title="seconds")
    print(f"\nReport: {result['report']}\nRegistry: {result['home']}")
    print(f"Look up a record: mdm --home {result['home']} resolve saude LOCAL_ID")
    if result["service"] is not None:
        _show_service(result["service"])


def _show_service(service: dict[str, Any]) -> None:
    """Where it is, and who may log in: the passwords are shown this once."""
    print()
    show_rows(service["accounts"], empty="", title="accounts, with passwords shown this once")
    print()
    show_fields(flat({"client": service["client"]}), title="client")
    print(f"\nThe service runs at {service['address']}; `make demo-stop` ends it.")
