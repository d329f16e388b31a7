"""The volume plane's side of a link run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from mdm.domain.plan_size import PlanSize
from mdm.domain.told_sets import Holders
from mdm.ports.sessions import ReadSession


class PlanScore(Protocol):
    """What scoring found; see `mdm.linkage.engine.Scored`."""

    @property
    def records(self) -> int:
        """Records compared."""
        ...

    @property
    def candidate_pairs(self) -> int:
        """Pairs that blocking gave."""
        ...

    @property
    def scored_pairs(self) -> int:
        """Pairs at or above the review threshold."""
        ...

    @property
    def population(self) -> int:
        """Population class of the weights."""
        ...

    @property
    def unlike(self) -> tuple[str, ...]:
        """Where the data are unlike what the model was trained on."""
        ...


class Linking(Protocol):
    """The volume plane's side of a link run; see `mdm.bootstrap.linking`."""

    @property
    def model_version(self) -> str:
        """Short name of the model in use."""
        ...

    @property
    def link_threshold(self) -> float:
        """Bits from which on two records are linked; of a tolerance it is known once scored."""
        ...

    @property
    def tolerated(self) -> float | None:
        """The share of wrong links that the threshold was chosen for; None: the model's own."""
        ...

    @property
    def inputs_digest(self) -> str:
        """Hash of what the plan is decided from: content, model, judgements."""
        ...

    @property
    def golden_rules(self) -> str:
        """Hash of what golden records follow from besides the records."""
        ...

    def read_registry(self, session: ReadSession) -> None:
        """Bring the cache level and read memberships, IDs, sources and judgements."""
        ...

    def score(self) -> PlanScore:
        """Score all candidate pairs, or keep those that still hold."""
        ...

    def decide(
        self,
        told: Callable[[Sequence[str]], Holders],
        *,
        fresh: bool,
        ambiguous_until: str,
    ) -> PlanSize:
        """Cluster and reconcile; leaves the plan's tables."""
        ...

    def pack(self) -> tuple[bytes, str]:
        """The plan as bytes, and their SHA-256."""
        ...

    def unpack(self, items: bytes) -> None:
        """Take up a stored plan."""
        ...

    def is_told_otherwise(self, told: Callable[[Sequence[str]], Holders]) -> bool:
        """Whether somebody was told an ID since on which the plan's decisions depend."""
        ...

    def events(self) -> pa.Table:
        """The plan's events with drawn IDs."""
        ...

    def applied(self, events: pa.Table, numbers: range) -> None:
        """Bring memberships and IDs level with the plan's events, which have these numbers."""
        ...

    def pairs(self, session: ReadSession) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Scored pairs to write, keys to delete, and those stored that give way to both.

        `session` shows what is stored before the plan.
        """
        ...

    def review_rows(self) -> pa.Table:
        """Questions of the plan."""
        ...

    def ownership_rows(self) -> pa.Table:
        """Identifiers that are not plainly their records' own: record_id, field, reason."""
        ...

    def golden(self, session: ReadSession, changed: pa.Table | None) -> Iterator[pa.RecordBatch]:
        """Golden records of the citizens given (`municipal_id`), or of all.

        The session is read before this returns; ask for nothing else while rows are taken.
        """
        ...

    def registry_state(self, session: ReadSession) -> dict[str, str]:
        """What the registry states of the tables that the cache follows."""
        ...

    def follow(self, *, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Bring the cache's record states level after the commit."""
        ...
