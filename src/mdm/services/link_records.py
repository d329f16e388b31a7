"""Link: score, cluster and reconcile into a plan; nothing changes until the plan is applied."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from mdm.domain.ledger import TxHeader
from mdm.domain.tolerance import Tolerance, tolerated
from mdm.errors import (
    ModelChangeError,
    ModelMismatchError,
    NotFoundError,
    NothingToLinkError,
    ToleranceError,
)
from mdm.ports import Clock, Linking, ReadSession, Store
from mdm.services.apply_plan import (
    PlanDraft,
    apply_draft,
    contract_counts,
    draft_of,
    plan_counts,
    refuse_many,
    store_plan,
)
from mdm.services.golden_due import content_state
from mdm.services.told_holders import told_holders

AMBIGUOUS_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkContext:
    """What a link run works with.

    Attributes:
        store: The registry.
        linking: The volume plane's side.
        header: Who links, and why.
        clock: Gives the present time.
    """

    store: Store
    linking: Linking
    header: TxHeader
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """How to link.

    Attributes:
        apply: Apply the plan at once.
        fresh: Decide without hysteresis, as a first build would.
        accept_changes: Present IDs that may change, beyond the allowed share.
        accept_model: Use the model although the data are unlike those it was trained on, or it is
            another one than that in force.
        model: The model's folder, told with the plan.
        tolerate: Share of wrong links that the link threshold is chosen for; 0: the model's own
            threshold; None: as the last applied plan.
    """

    apply: bool = False
    fresh: bool = False
    accept_changes: int = 0
    accept_model: bool = False
    model: str | None = None
    tolerate: float | None = None


def link_records(context: LinkContext, options: LinkOptions) -> dict[str, object]:
    """Make a plan, and apply it if asked.

    Returns:
        plan_id, state and the counts of the contract.

    Raises:
        NothingToLinkError: No record is loaded.
        ModelMismatchError: The data are unlike the model's, and it was not accepted.
        ModelChangeError: The model is another one than that in force, and it was not accepted.
        ToleranceError: The model cannot state the tolerated error for these data.
        TooManyChangesError: Too many present IDs would change without `accept_changes`.
    """
    linking = context.linking
    with context.store.reading() as session:
        if session.value("SELECT 1 FROM record LIMIT 1") is None:
            raise NothingToLinkError("no record is loaded; load a source first")
        base_seq = session.number("SELECT MAX(seq) FROM ledger_event")
        base_tx = session.number("SELECT MAX(tx_id) FROM ledger_tx")
        content = content_state(session)
        linking.read_registry(session)
        score = linking.score()
        if options.apply and not options.accept_model:
            refuse_unlike(score.unlike, linking.model_version)
            refuse_other_model(session, linking.model_version)
        if options.tolerate and not options.accept_model:
            refuse_unstated(score.unlike, linking.model_version)
        until = (context.clock() + AMBIGUOUS_FOR).date().isoformat()
        size = linking.decide(
            lambda ids: told_holders(session, ids), fresh=options.fresh, ambiguous_until=until
        )
        if options.apply:
            refuse_many(session, size.changed_ids, options.accept_changes)
    draft = PlanDraft(
        base_seq=base_seq,
        base_tx=base_tx,
        model_version=linking.model_version,
        inputs_digest=linking.inputs_digest,
        fresh=options.fresh,
        ambiguous_until=until,
        counts={
            "records": score.records,
            "candidate_pairs": score.candidate_pairs,
            "scored_pairs": score.scored_pairs,
            "population": score.population,
            "content": content,
            "model": options.model,
            "link_threshold": linking.link_threshold,
            "tolerate": linking.tolerated,
            "unlike": [] if options.accept_model else list(score.unlike),
            **plan_counts(size),
        },
    )
    if options.apply:
        plan_id = apply_draft(
            context.store, linking, context.header, draft, accepted=options.accept_changes
        )
    else:
        plan_id = store_plan(context.store, linking, context.header, draft)
    state = "applied" if options.apply else "proposed"
    return {"plan_id": plan_id, "state": state, **contract_counts(draft.counts)}


def refuse_unlike(unlike: Sequence[str], model_version: str) -> None:
    """Refuse weights of a model on data that it was not made for.

    Raises:
        ModelMismatchError: The data differ in the ways listed.
    """
    if unlike:
        raise ModelMismatchError(
            "the data are unlike what the model was trained on "
            f"({'; '.join(unlike)}): train, or --accept-model",
            where=model_version,
        )


def refuse_unstated(unlike: Sequence[str], model_version: str) -> None:
    """Refuse to promise an error by probabilities that were learned from other data.

    Raises:
        ToleranceError: The data differ in the ways listed.
    """
    if unlike:
        raise ToleranceError(
            "the model cannot state an error for data unlike what it was trained on "
            f"({'; '.join(unlike)}): train, or --accept-model",
            where=model_version,
        )


def refuse_other_model(session: ReadSession, model_version: str) -> None:
    """Refuse to bring in another model at once: its plan is looked at first, then applied.

    Raises:
        ModelChangeError: The last applied plan was made with another model.
    """
    in_force = session.value(
        "SELECT model_version FROM plan WHERE state = 'applied' ORDER BY plan_id DESC LIMIT 1"
    )
    if in_force is not None and in_force != model_version:
        raise ModelChangeError(
            f"the links in force were made with model {in_force}: plan without --apply, look at "
            "the plan (mdm plan show), apply it (mdm apply), or --accept-model",
            where=model_version,
        )


def check_stored_plan(
    session: ReadSession, plan_id: int, accepted: int, *, accept_model: bool = False
) -> tuple[str | None, Tolerance | None]:
    """Check a stored plan before it is applied.

    Returns:
        The model folder that it was made with, and what error it tolerates.

    Raises:
        NotFoundError: There is no such plan.
        TooManyChangesError, ModelMismatchError: See `link_records`.
    """
    row = session.row(
        "SELECT counts, base_seq, model_version, inputs_digest FROM plan WHERE plan_id = :id",
        {"id": plan_id},
    )
    if row is None:
        raise NotFoundError("there is no such plan", where=str(plan_id))
    draft = draft_of(row)
    if not accept_model:
        unlike = draft.counts.get("unlike", [])
        refuse_unlike(
            [str(one) for one in unlike] if isinstance(unlike, list) else [], draft.model_version
        )
    refuse_many(session, int(str(draft.counts["changed_ids"])), accepted)
    model = draft.counts.get("model")
    return None if model is None else str(model), tolerated(draft.counts, draft.model_version)
