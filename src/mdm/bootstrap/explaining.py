"""Why two records are one person, two, or a question: the evidence weighed anew, in full."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from mdm.bootstrap.application import Application
from mdm.bootstrap.stewarding import golden_rules, used_model
from mdm.clustering.guards import pair_guards
from mdm.domain.scored_pair import Guard
from mdm.linkage.explain import MISSING, Explanation, explain_pattern
from mdm.linkage.model import PersonModel, population_class
from mdm.linkage.pair_scorer import PairScorer, PairWeight
from mdm.linkage.person_model import CONFLICTS
from mdm.linkage.plain_words import NAMES, Evidence, clause, findings_of, two_sentences
from mdm.linkage.prepare import is_crowded_dwelling, usable_phones
from mdm.linkage.prepare_one import Decided, prepare_one
from mdm.linkage.settling import REVIEW, would_settle
from mdm.linkage.waterfall import Step, svg, waterfall
from mdm.ports import ProgressStep, ReadSession
from mdm.services.citizen_facts import KnownRecord, facts_of, read_records
from mdm.services.citizen_parts import shown_local_id
from mdm.services.keys import Key
from mdm.services.lists import as_text
from mdm.services.pair_state import PairState, pair_state
from mdm.services.review_desk import ReviewItem

_RECORDS: Final = "SELECT COUNT(*) FROM record WHERE NOT restricted"
_STORED: Final = """
SELECT s.match_weight, s.pattern, p.counts FROM scored_pair s
LEFT JOIN plan p ON p.plan_id = s.plan_id WHERE s.record_l = :l AND s.record_r = :r
"""


def explain_pair(
    application: Application,
    keys: tuple[Key, Key],
    *,
    restricted: bool,
    progress: ProgressStep,
) -> dict[str, object]:
    """Weigh two records as they are now, and say what speaks for and against one person.

    Args:
        application: The registry.
        keys: Source and local ID of both.
        restricted: Whether restricted records may be asked about.
        progress: Told what is done.

    Returns:
        Keys as in `docs/commands.json`, `explain pair`. No value of the records is told.

    Raises:
        UnknownSourceError, NotFoundError, UsageError: See `pair_state`.
        LaneBusyError: A phone must be looked up and another process loads or links.
    """
    model, rules = used_model(application), golden_rules(application)
    with application.store.reading() as session:
        state = pair_state(session, keys, restricted=restricted)
        known = read_records(session, state.pair, today=application.today())
        facts = facts_of(session, known)
        population = _population(state.counts, session.number(_RECORDS))
    both = [known[number] for number in state.pair]
    phones, is_crowded = _usable(application, both, progress)
    weight = _weigh(model, population, both, phones, is_crowded=is_crowded)
    guards = pair_guards(*(facts[number] for number in state.pair))
    not_theirs = _not_theirs(both)
    settling = would_settle(model, population, weight.pattern, weight.total)
    evidence = Evidence(
        outcome=state.outcome,
        findings=findings_of(weight),
        relatives=weight.relatives,
        guards=_telling(guards, state),
        settling=settling,
        not_theirs=not_theirs,
    )
    told: dict[str, object] = {}
    for end, one in zip("lr", both, strict=True):
        told[f"source_{end}"] = one.source
        told[f"local_id_{end}"] = shown_local_id(one.source, one.local_id, rules, whole=False)
    return {
        **told,
        "outcome": state.outcome,
        "match_weight": weight.total,
        "stored_weight": state.match_weight,
        "model_version": model.version,
        "link": model.thresholds.link,
        "review": model.thresholds.review,
        "prior": weight.prior,
        "relatives": weight.relatives,
        "contributions": [
            {
                "comparison": said.comparison,
                "level": said.level,
                "bits": said.bits,
                "frequency_bits": said.frequency_bits,
            }
            for said in weight.contributions
        ],
        "conflicts": [c.comparison for c in weight.contributions if c.level in CONFLICTS],
        "missing": [c.comparison for c in weight.contributions if c.level == MISSING],
        "not_theirs": not_theirs,
        "guards": [guard.value for guard in guards],
        "verdict": state.verdict,
        "would_settle": [
            {
                "comparison": one.comparison,
                "if_equal": one.if_equal,
                "if_different": one.if_different,
                "then_equal": one.then_equal,
                "then_different": one.then_different,
            }
            for one in settling
        ],
        "sentences": list(two_sentences(evidence)),
    }


def stored_evidence(
    session: ReadSession, model: PersonModel, item: ReviewItem, *, today: date
) -> tuple[Explanation, tuple[str, str]] | None:
    """The stored weight of a question in steps, and in two sentences; None if it was not scored."""
    left, right = item.pair
    row = session.row(_STORED, {"l": left, "r": right})
    if row is None:
        return None
    population = _population(as_text(row["counts"]), session.number(_RECORDS))
    pattern, weight = int(str(row["pattern"])), float(str(row["match_weight"]))
    explanation = explain_pattern(model, population, pattern, weight)
    known = read_records(session, item.pair, today=today)
    facts = facts_of(session, known)
    asked = () if item.guard is None else (Guard(item.guard),)
    evidence = Evidence(
        outcome=REVIEW,
        findings=explanation.findings,
        relatives=explanation.relatives,
        guards=asked or pair_guards(facts[left], facts[right]),
        settling=would_settle(model, population, pattern, weight),
        not_theirs=_not_theirs(known.values()),
    )
    return explanation, two_sentences(evidence)


def pair_svg(told: dict[str, object]) -> str:
    """The waterfall of what `explain_pair` told."""
    contributions = told["contributions"]
    assert isinstance(contributions, list)
    bits = {name: float(str(told[name])) for name in ("prior", "relatives", "match_weight", "link")}
    steps = [
        Step(label="Ponto de partida", text="Antes de comparar", bits=bits["prior"], kind="start")
    ]
    for said in sorted(contributions, key=lambda c: -abs(c["bits"] + c["frequency_bits"])):
        name = said["comparison"]
        text = clause(name, said["level"])
        steps.append(Step(label=NAMES[name], text=text, bits=said["bits"] + said["frequency_bits"]))
    family = "Parentes próximos também coincidem"
    steps.append(Step(label="Parentes", text=family, bits=bits["relatives"], kind="family"))
    total = Step(label="Soma", text="O que resta", bits=bits["match_weight"], kind="total")
    drawn = waterfall(steps, total=total, marks=[(bits["link"], "une")])
    return svg(drawn, title="Evidência passo a passo")


def _telling(guards: tuple[Guard, ...], state: PairState) -> tuple[Guard, ...]:
    """What keeps the two apart, a person's word first."""
    if state.outcome == "linked":
        return ()
    return (Guard.DIFFERENT_JUDGEMENT, *guards) if state.verdict == "different" else guards


def _population(counts: str | None, records: int) -> int:
    """The class that the stored weight was given for, else that of the registry now."""
    stored = {} if counts is None else json.loads(counts)
    return int(stored.get("population") or population_class(records))


def _not_theirs(both: Iterable[KnownRecord]) -> list[str]:
    return sorted(frozenset[str]().union(*(one.not_own for one in both)))


def _usable(
    application: Application, both: Sequence[KnownRecord], progress: ProgressStep
) -> tuple[frozenset[str], bool]:
    """Phones of the two that few enough records share, and whether too many share their dwelling.

    Only what stands on both sides can agree, so nothing else is looked up.
    """
    phones = sorted({phone for one in both for phone in one.record.phones})
    left, right = ((one.record.street, one.record.street_number) for one in both)
    in_one = left == right and None not in left
    if not in_one and not all(one.record.phones for one in both):
        return frozenset(phones), False
    with application.synced_volume(progress) as con:
        is_crowded = in_one and is_crowded_dwelling(con, str(left[0]), str(left[1]))
        return usable_phones(con, phones), is_crowded


def _weigh(
    model: PersonModel,
    population: int,
    both: Sequence[KnownRecord],
    phones: frozenset[str],
    *,
    is_crowded: bool,
) -> PairWeight:
    given = frozenset(model.given_tokens)
    left, right = (
        prepare_one(
            one.record,
            record_id=one.record_id,
            source=one.source,
            decided=Decided(
                one.not_own, tuple(sorted(phones.intersection(one.record.phones))), is_crowded
            ),
            given_tokens=given,
        )
        for one in both
    )
    return PairScorer(model, population).weight(left, right)
