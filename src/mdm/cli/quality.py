"""`mdm quality`: how good the running system is, from what stewards answered."""

from typing import Annotated, Any

import typer

from mdm.cli.invocation import LARGEST_KEY, invocation_of
from mdm.cli.output import show_fields, show_rows


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    quality = typer.Typer(help="Precision and recall of the running system, estimated.")
    quality.callback(invoke_without_command=True)(estimate)
    quality.command("sample")(sample)
    app.add_typer(quality, name="quality")


def estimate(context: typer.Context) -> None:
    """Precision and recall of the running system, estimated from what stewards answered.

    From the blind control sample drawn last (`mdm quality sample`), with 95 % intervals, by
    stratum, subgroup and source.
    """
    if context.invoked_subcommand is not None:
        return
    from mdm.bootstrap.quality import estimate_quality

    invocation = invocation_of(context)
    with invocation.application() as application, invocation.progress() as progress:
        result = estimate_quality(application, progress)
    invocation.emit(result, lambda: _show(result))


def sample(
    context: typer.Context,
    size: Annotated[int, typer.Option("--size", min=20, max=100_000, help="Pairs to draw.")] = 400,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, max=LARGEST_KEY, help="The same seed draws the same pairs."),
    ] = None,
) -> None:
    """Draw a control sample: stewards judge its pairs without knowing what the machine did.

    Its questions stand among the others and look like them. Those of an earlier sample that
    still wait fall away.
    """
    import secrets

    from mdm.bootstrap.quality import draw_sample

    invocation = invocation_of(context)
    drawn_with = secrets.randbelow(2**31) if seed is None else seed
    with invocation.application() as application, invocation.progress() as progress:
        result = draw_sample(application, progress, size=size, seed=drawn_with)
    result["seed"] = drawn_with
    strata: Any = result["strata"]
    invocation.emit(result, lambda: show_rows(strata, empty="There is no pair to draw."))


def _show(result: dict[str, Any]) -> None:
    if result["sample"] is None:
        print("No control sample was drawn yet: mdm quality sample --size N")
    else:
        show_fields(
            {
                **result["sample"],
                "precision of automatic links": _interval(result["precision"]),
                "were every unsure wrong": _interval(result["pessimistic"]),
                "recall among candidates": _interval(result["recall"]),
            }
        )
        for name in ("strata", "groups"):
            print()
            rows = [
                {
                    key: _interval(cell) if isinstance(cell, dict) else cell
                    for key, cell in row.items()
                }
                for row in result[name]
            ]
            show_rows(rows, empty=f"No {name}.")
    shows = result["shows"]
    print()
    print(
        f"{shows['judged_links']} judgements on links, all of them right and drawn from all alike, "
        f"would show {shows['at_best']:.4f} at best; {shows['aim']} takes {shows['needed']}."
    )
    print("Recall is that among pairs which blocking compares; see candidate_recall on test data.")
    print()
    show_rows(result["decisions"], empty="Stewards have decided no ordinary question yet.")


def _interval(found: dict[str, float] | None) -> str:
    if found is None:
        return "-"
    return f"{found['estimate']:.4f} ({found['low']:.4f} to {found['high']:.4f})"
