"""Short ways to write decision inputs."""

from collections.abc import Iterable, Mapping
from datetime import date

from mdm.clustering.decision import Thresholds
from mdm.domain.judgement import Judgement, JudgementState, Verdict
from mdm.domain.record_facts import RecordFacts
from mdm.domain.scored_pair import Guard, ScoredPair

LIMITS = Thresholds(review=4.0, link=10.0, fracture=6.0, margin=3.0)
BORN = date(2015, 3, 21)


def record(
    record_id: int = 1,
    name: str = "",
    *,
    mother: str = "",
    born: date | None = BORN,
    phonetic: str = "",
    cpf: str | None = None,
    cpf_by: Iterable[str] = (),
    papers: Iterable[tuple[str, str]] = (),
    social: str = "",
    family: str | None = None,
    school_class: str | None = None,
    twin: int | None = None,
    died: date | None = None,
    seen: date | None = None,
    restricted: bool = False,
    into: int | None = None,
    active: bool = True,
) -> RecordFacts:
    """Facts of one record, names as text."""
    return RecordFacts(
        record_id=record_id,
        source="school",
        household_key=family,
        class_key=school_class,
        own_cpf=cpf,
        own_cpf_by=frozenset(cpf_by),
        documents=frozenset(papers),
        social=tuple(social.split()),
        name=tuple(name.split()),
        name_phonetic=tuple(phonetic.split()),
        twin_order=twin,
        mother=tuple(mother.split()),
        birth_date=born,
        deceased_on=died,
        last_activity=seen,
        restricted=restricted,
        superseded_by=into,
        active=active,
    )


def by_id(records: Iterable[RecordFacts]) -> dict[int, RecordFacts]:
    """Records by their numbers."""
    return {facts.record_id: facts for facts in records}


def plain(*record_ids: int) -> dict[int, RecordFacts]:
    """Records about which nothing is known."""
    return by_id(record(record_id) for record_id in record_ids)


def pairs(weights: Mapping[tuple[int, int], float]) -> list[ScoredPair]:
    """Scored pairs from weights in bits."""
    return [ScoredPair(*pair, weight) for pair, weight in weights.items()]


def guarded(left: int, right: int, weight: float, guard: Guard) -> ScoredPair:
    """A scored pair with a guard found when it was scored."""
    return ScoredPair(left, right, weight, 0, guard)


def judged(
    number: int,
    verdict: str,
    left: int,
    right: int,
    state: JudgementState = JudgementState.ACTIVE,
) -> Judgement:
    """A judgement."""
    return Judgement(number, Verdict(verdict), left, right, state)
