"""`mdm judge`, `mdm review`: what stewards decide."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from mdm.cli.invocation import LARGEST_KEY, Invocation, JudgementKey, invocation_of
from mdm.cli.output import show_fields, show_rows

Source = Annotated[str, typer.Argument(metavar="SOURCE")]
LocalId = Annotated[str, typer.Argument(metavar="ID")]
Steward = Annotated[str, typer.Option("--as", help="The steward who answers.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in the steward's words.")]
Kept = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--keep",
        metavar="SOURCE ID",
        help="Where a citizen is split: the part of this record keeps the municipal ID.",
    ),
]
KeptByNobody = Annotated[
    bool,
    typer.Option("--keep-none", help="Where a citizen is split: nobody keeps the municipal ID."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    judge = typer.Typer(help="Judge two records, or a number of one.", rich_markup_mode=None)
    judge.command("same")(same)
    judge.command("different")(different)
    judge.command("unsure")(unsure)
    judge.command("identifier")(identifier)
    judge.command("list")(judge_list)
    judge.command("undo")(undo)
    app.add_typer(judge, name="judge")
    review = typer.Typer(help="Open questions for stewards.", rich_markup_mode=None)
    review.command("list")(review_list)
    review.command("import")(review_import)
    app.add_typer(review, name="review")


def same(
    context: typer.Context,
    source_l: Source,
    id_l: LocalId,
    source_r: Source,
    id_r: LocalId,
    steward: Steward,
    reason: Reason,
    keep: Kept = None,
    keep_none: KeptByNobody = False,
) -> None:
    """Answer that two records are one person.

    Across a guard (two CPFs, twins, activity after death) two stewards must say so.
    """
    keys = ((source_l, id_l), (source_r, id_r))
    said = _Said("same", steward, reason, keep, keep_none)
    _judge(invocation_of(context), keys, said)


def different(
    context: typer.Context,
    source_l: Source,
    id_l: LocalId,
    source_r: Source,
    id_r: LocalId,
    steward: Steward,
    reason: Reason,
    keep: Kept = None,
    keep_none: KeptByNobody = False,
) -> None:
    """Answer that two records are two people.

    Where that splits a citizen, the part that most systems were told the ID for keeps it, if it
    is also the larger one; otherwise --keep or --keep-none must say, as they may in any case.
    """
    keys = ((source_l, id_l), (source_r, id_r))
    said = _Said("different", steward, reason, keep, keep_none)
    _judge(invocation_of(context), keys, said)


def unsure(
    context: typer.Context,
    source_l: Source,
    id_l: LocalId,
    source_r: Source,
    id_r: LocalId,
    steward: Steward,
    reason: Reason,
    keep: Kept = None,
    keep_none: KeptByNobody = False,
) -> None:
    """Answer that nobody can tell; it is not asked again until a value changes."""
    keys = ((source_l, id_l), (source_r, id_r))
    said = _Said("unsure", steward, reason, keep, keep_none)
    _judge(invocation_of(context), keys, said)


class _Said(NamedTuple):
    verdict: str
    steward: str
    reason: str
    keep: tuple[str, str] | None
    keep_none: bool


def _judge(
    invocation: Invocation, keys: tuple[tuple[str, str], tuple[str, str]], said: _Said
) -> None:
    from mdm.bootstrap.stewarding import decision_rules
    from mdm.domain.judgement import Verdict
    from mdm.services.judge_pair import judge_pair
    from mdm.services.keep_ids import Keep

    with invocation.application() as application:
        result = judge_pair(
            application.store,
            decision_rules(application),
            replace(application.header("judge"), actor=said.steward),
            keys,
            (Verdict(said.verdict), said.reason),
            keep=Keep(records=() if said.keep is None else (said.keep,), nobody=said.keep_none),
        )
    invocation.emit(result, lambda: show_fields(result))


class IdentifierAnswer(StrEnum):
    """What may be said of a number."""

    OWN = "own"
    NOT_THEIRS = "not-theirs"


class Identifier(StrEnum):
    """Numbers that may be another person's."""

    CPF = "cpf"
    CNS = "cns"
    NIS = "nis"


def identifier(
    context: typer.Context,
    answer: IdentifierAnswer,
    source: Source,
    local_id: LocalId,
    kind: Annotated[Identifier, typer.Argument(metavar="cpf|cns|nis")],
    steward: Steward,
    reason: Reason,
    number: Annotated[
        str | None, typer.Option("--number", help="Which one, of several CNS.")
    ] = None,
) -> None:
    """Answer whether a number is the record's own or another person's.

    The golden record follows at once, pairs with the next link run. Where two stewards call two
    CPFs own, both may be one person's.
    """
    from mdm.bootstrap.stewarding import golden_rules
    from mdm.domain.ownership import Ownership
    from mdm.services.judge_identifier import Said, judge_identifier

    invocation = invocation_of(context)
    said = Said(
        verdict=Ownership.OWN if answer is IdentifierAnswer.OWN else Ownership.NOT_THEIRS,
        key=(source, local_id),
        identifier=kind.value,
        number=number,
        reason=reason,
    )
    with invocation.application() as application:
        header = replace(application.header("judge_identifier"), actor=steward)
        result = judge_identifier(application.store, golden_rules(application), header, said)
    invocation.emit(result, lambda: show_fields(result))


def judge_list(context: typer.Context) -> None:
    """List the judgements about numbers, those to be asked again first."""
    from mdm.services.judge_identifier import list_identifiers

    invocation = invocation_of(context)
    with invocation.application() as application, application.store.reading() as session:
        items = list_identifiers(session)
    invocation.emit({"items": items}, lambda: show_rows(items, empty="No number was judged."))


def undo(
    context: typer.Context,
    judgement_id: JudgementKey,
    steward: Annotated[
        str | None, typer.Option("--as", help="Who takes it back (default: the actor).")
    ] = None,
) -> None:
    """Take a judgement back; its records are grouped as if it had never been given."""
    from mdm.bootstrap.stewarding import decision_rules
    from mdm.services.judge_pair import undo_judgement

    invocation = invocation_of(context)
    with invocation.application() as application:
        header = application.header("judge_undo")
        if steward is not None:
            header = replace(header, actor=steward)
        rules = decision_rules(application)
        result = undo_judgement(application.store, rules, header, judgement_id)
    invocation.emit(result, lambda: show_fields(result))


def review_list(
    context: typer.Context,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, max=LARGEST_KEY, help="Show only the first ones."),
    ] = None,
) -> None:
    """List the open questions, the most harmful doubt first."""
    from mdm.services.review_queue import list_questions

    invocation = invocation_of(context)
    with invocation.application() as application, application.store.reading() as session:
        items = list_questions(session, limit)
    invocation.emit({"items": items}, lambda: show_rows(items, empty="No question is open."))


def review_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv")],
    steward: Steward,
) -> None:
    """Take the answers of a file: all of its lines, or none.

    Columns: source_l, local_id_l, source_r, local_id_r, verdict, reason; lines without a verdict
    stay open.
    """
    from mdm.bootstrap.stewarding import decision_rules
    from mdm.services.review_file import import_review

    invocation = invocation_of(context)
    with invocation.application() as application:
        header = replace(application.header("review_import"), actor=steward)
        result = import_review(application.store, decision_rules(application), header, file)
    invocation.emit(result, lambda: show_fields(result))
