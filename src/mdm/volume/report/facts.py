"""What the run report tells. Counts, shares and IDs only: never a value of a person."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """Totals of one source over the loads of the run; `present` is the state after it."""

    name: str
    title: str
    read: int
    new: int
    changed: int
    unchanged: int
    reinstated: int
    withdrawn: int
    quarantined: int
    issues: int
    present: int


@dataclass(frozen=True, slots=True)
class IssueCount:
    """Values of one canonical column of a source that could not be used, for one reason."""

    source: str
    field: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class NamedCount:
    """How often something with a code happened."""

    code: str
    count: int


@dataclass(frozen=True, slots=True)
class SizeCount:
    """How many citizens have `size` records (or sources)."""

    size: int
    citizens: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many citizens are known to exactly these sources."""

    sources: tuple[str, ...]
    citizens: int


@dataclass(frozen=True, slots=True)
class WeightBin:
    """Pairs whose match weight in bits is at least `low` and below `high`."""

    low: float
    high: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Filled:
    """Share, 0 to 1, of a source's records that hold a usable value of the field."""

    source: str
    field: str
    share: float


@dataclass(frozen=True, slots=True)
class LargeCitizen:
    """One of the citizens with the most records; `weakest` is its weakest link in bits."""

    municipal_id: str
    records: int
    sources: int
    weakest: float | None


@dataclass(frozen=True, slots=True)
class Timing:
    """Wall-clock seconds of one step."""

    step: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The model that weighed the pairs; thresholds in bits; `tolerated` wrong links of all."""

    name: str
    digest: str
    link_threshold: float
    review_threshold: float
    tolerated: float | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the model expects of a link threshold for the pairs of this run.

    Attributes:
        link: Bits.
        precision, recall: 0 to 1, of the pairs compared.
        questions: For stewards.
        chosen: Whether it is the threshold of the run.
    """

    link: float
    precision: float
    recall: float
    questions: int
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class PairAccuracy:
    """Precision, recall and F1 (0 to 1) of one way of counting (`pairs`, `cluster`, ...)."""

    measure: str
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class GoldenAccuracy:
    """Share of right golden values of an attribute, of `compared` citizens with a true one."""

    attribute: str
    right: float
    compared: int


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a truth file told."""

    measures: tuple[PairAccuracy, ...]
    golden: tuple[GoldenAccuracy, ...]
    review_per_1000: float | None = None
    candidate_recall: float | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything the page shows.

    Attributes:
        made_at: Time of the run, UTC, as ISO text.
        plan_id: The plan reported on, if there is one.
        records: Present records. citizens: Citizens that hold them.
        weights: Histogram of the scored pairs, ascending.
        expectations: Of link thresholds, ascending.
        accuracy: None where no truth was given.
        peak_memory_bytes: Of the process, if known.
    """

    made_at: str
    plan_id: int | None
    model: ModelFacts
    records: int
    citizens: int
    sources: tuple[SourceFacts, ...] = ()
    issues: tuple[IssueCount, ...] = ()
    by_records: tuple[SizeCount, ...] = ()
    by_sources: tuple[SizeCount, ...] = ()
    overlap: tuple[Overlap, ...] = ()
    links: tuple[NamedCount, ...] = ()
    review: tuple[NamedCount, ...] = ()
    weights: tuple[WeightBin, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    completeness: tuple[Filled, ...] = ()
    largest: tuple[LargeCitizen, ...] = ()
    timings: tuple[Timing, ...] = ()
    accuracy: Accuracy | None = None
    peak_memory_bytes: int | None = None

    def as_dict(self) -> dict[str, object]:
        """The report as JSON-able values."""
        return asdict(self)
