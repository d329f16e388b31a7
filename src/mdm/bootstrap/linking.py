"""The port `Linking`, made of `mdm.linkage` (pairs) and `mdm.volume` (clusters, plan, golden)."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from mdm.__about__ import __version__
from mdm.bootstrap.identity_state import IDENTITY, PAIRS, identity_state, pair_state
from mdm.bootstrap.load_order import read_load_order
from mdm.bootstrap.stored_pairs import changed_pairs
from mdm.clustering.decision import Thresholds
from mdm.clustering.reconcile import reconcile
from mdm.clustering.splits import Held
from mdm.domain.judgement import Judgement, close
from mdm.domain.plan_size import PlanSize
from mdm.domain.told_sets import Holders, holders_by_id
from mdm.domain.tolerance import Tolerance, link_threshold
from mdm.duck import write_batches
from mdm.errors import ToleranceError
from mdm.linkage import engine
from mdm.linkage.model import PersonModel, with_link
from mdm.linkage.ownership import decide_ownership
from mdm.ports import ProgressStep, ReadSession
from mdm.services.apply_events import event_table
from mdm.services.judged_identifiers import standing_identifiers
from mdm.services.judgements import standing_judgements
from mdm.services.overrides import by_citizen, standing_overrides
from mdm.services.source_merges import homes_before_merges
from mdm.survivorship.build import Override
from mdm.survivorship.policy import Policy
from mdm.survivorship.version import golden_rules
from mdm.volume import plan_tables
from mdm.volume.database import MEMORY_BESIDE_WRITING
from mdm.volume.decide import decide_clusters
from mdm.volume.expected import weighed_pairs
from mdm.volume.golden import GoldenScope, golden_rows
from mdm.volume.golden_members import GoldenInputs
from mdm.volume.identity import add_events, contested_groups, reconcile_uncontested
from mdm.volume.outcomes import are_pairs_kept, keep_pairs, write_outcomes
from mdm.volume.plan_rows import ask_held, ownership_issues, review_table
from mdm.volume.plan_tables import ID_FACT, PLACED
from mdm.volume.reopened import (
    APPLIED,
    DECIDED,
    PART,
    SETTLED,
    WHOLE,
    advance_decided,
    is_packed,
    is_settled,
    keep_decided,
    mark_decided,
    mark_packed,
    reopen_clusters,
)
from mdm.volume.standard import CONTENT, follow_apply, state_digests

if TYPE_CHECKING:
    from mdm.domain.events import Event
    from mdm.domain.identifier_judgement import IdentifierJudgement

_SOURCES = pa.schema(
    [("name", pa.string()), ("trust", pa.int64()), ("authoritative", pa.list_(pa.string()))]
)
_CHANGED = pa.schema([("municipal_id", pa.string())])


class DuckLinking:
    """One link run in a volume database.

    Args:
        con: The volume database.
        model: The person model; None where nothing is scored (a revert).
        policy: The survivorship policy.
        sources: Name, trust and authoritative groups of each source.
        sync: Brings the cache of standard records level with a snapshot.
        progress: Told a step and its share done.
        tolerance: What error the link threshold is chosen for; None: the model's own threshold.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        *,
        model: PersonModel | None,
        policy: Policy,
        sources: Sequence[tuple[str, int, list[str]]],
        sync: Callable[[duckdb.DuckDBPyConnection, ReadSession], object],
        progress: ProgressStep,
        tolerance: Tolerance | None = None,
    ) -> None:
        self._con = con
        self._given_model = model
        self._tolerance = tolerance
        if model is not None and tolerance is not None and tolerance.link is not None:
            if tolerance.model_version == model.version:
                self._given_model = with_link(model, tolerance.link)
            else:
                self._tolerance = Tolerance(tolerance.share)
        self._policy = policy
        self._sources = sources
        self._sync = sync
        self._progress = progress
        self._content = ""
        self._judgements: tuple[Judgement, ...] = ()
        self._apart: dict[int, str] = {}
        self._identifiers: tuple[IdentifierJudgement, ...] = ()
        self._owners_known = False
        self._pairs_told = False
        self._part_only = False

    @property
    def _model(self) -> PersonModel:
        assert self._given_model is not None, "nothing is scored without a model"
        return self._given_model

    @property
    def model_version(self) -> str:
        """Short name of the model in use."""
        return self._model.version

    @property
    def link_threshold(self) -> float:
        """Bits from which on two records are linked; of a tolerance it is known once scored."""
        return self._model.thresholds.link

    @property
    def tolerated(self) -> float | None:
        """The share of wrong links that the threshold was chosen for; None: the model's own."""
        return None if self._tolerance is None else self._tolerance.share

    @property
    def inputs_digest(self) -> str:
        """Hash of what the plan is decided from: content, model, judgements."""
        judged = ";".join(
            f"{j.judgement_id},{j.verdict},{j.record_l},{j.record_r},{j.state}"
            for j in self._judgements
        )
        judged += "".join(f";{one}" for one in self._identifiers)
        text = f"{self._content}|{self._model.digest}|{self._model.thresholds}|{judged}"
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def golden_rules(self) -> str:
        """Hash of what golden records follow from besides the records: policy and sources."""
        return golden_rules(self._policy, self._sources)

    def read_registry(self, session: ReadSession) -> None:
        """Bring the cache level and read memberships, IDs and judgements."""
        self._progress("read the registry", 0.0)
        self._sync(self._con, session)
        self._content = state_digests(session)[CONTENT]
        stated = identity_state(session)
        if not plan_tables.is_identity_level(self._con, stated):
            if not plan_tables.is_identity_known(self._con):
                mark_decided(self._con, None)
            plan_tables.mark_identity(self._con, None)
            self._read_identity(session)
            plan_tables.mark_identity(self._con, stated)
        self._judgements = standing_judgements(session)
        self._apart = homes_before_merges(session)
        self._identifiers = standing_identifiers(session)
        self._progress("read the registry", 1.0)

    def _read_identity(self, session: ReadSession) -> None:
        plan_tables.read_identity(
            self._con,
            session.read_arrow(
                "SELECT record_id, municipal_id, link_status FROM membership", schema=PLACED
            ),
            session.read_arrow(
                f"SELECT {', '.join(ID_FACT.names)} FROM municipal_id", schema=ID_FACT
            ),
        )

    def score(self) -> engine.Scored:
        """Score all candidate pairs, or keep those that still hold."""
        scored = engine.score(
            self._con, self._model, self._content, self._progress, self._identifiers
        )
        self._owners_known = True
        self._choose_threshold()
        return scored

    def _choose_threshold(self) -> None:
        """Choose the link threshold of a tolerance, once.

        Raises:
            ToleranceError: The model was learned from too few records to state so small an error,
                or no threshold keeps it.
        """
        asked = self._tolerance
        if asked is None or asked.link is not None:
            return
        learned_from = int(self._model.fingerprint.get("records", 0))
        if asked.share * learned_from < 1:
            raise ToleranceError(
                f"the model was learned from {learned_from} records and cannot state that fewer "
                "than one link in so many is wrong: tolerate more, or train on more records",
                where=self.model_version,
            )
        lowest = self._model.thresholds.review
        link = link_threshold(weighed_pairs(self._con), asked.share, lowest)
        if link is None:
            raise ToleranceError(
                "no threshold links a pair and keeps the expected error at or under "
                f"{asked.share:g}: tolerate more",
                where=self.model_version,
            )
        self._tolerance = Tolerance(asked.share, link, self.model_version)
        self._given_model = with_link(self._model, link)

    def decide_owners(self) -> None:
        """Decide whose identifiers are, where nothing is scored; to be called once level."""
        decide_ownership(self._con, self._identifiers)
        self._owners_known = True

    def decide(
        self,
        told: Callable[[Sequence[str]], Holders],
        *,
        fresh: bool,
        ambiguous_until: str,
    ) -> PlanSize:
        """Cluster and reconcile; leaves the plan's tables.

        Args:
            told: Gives who was told IDs.
            fresh: Without hysteresis, as a first build would decide.
            ambiguous_until: ISO day until which an ID told to both parts of a split is ambiguous.
        """
        t = self._model.thresholds
        thresholds = Thresholds(
            link=t.link,
            review=t.review,
            fracture=t.link if fresh else t.fracture,
            margin=t.margin,
        )
        step = self._progress
        step("cluster", 0.0)
        # Another release may decide otherwise; the model and content are seen to in scoring.
        key = f"{__version__} {thresholds} {fresh}"
        reopened_only = is_settled(self._con, key)
        mark_decided(self._con, None)
        decide_clusters(
            self._con,
            thresholds,
            self._judgements,
            lambda share: step("cluster", share),
            reopened_only=reopened_only,
            apart=self._apart,
        )
        step("reconcile", 0.0)
        if reopened_only:
            reopen_clusters(self._con)
        reconcile_uncontested(self._con, PART if reopened_only else WHOLE)
        held = self._reconcile_contested(told, ambiguous_until)
        ask_held(self._con, held)
        write_outcomes(self._con, t.link, looked_at_only=reopened_only)
        self._part_only = reopened_only
        keep_decided(self._con, self._judgements)
        mark_decided(self._con, DECIDED, key)
        step("reconcile", 1.0)
        return plan_tables.count_plan(self._con)

    def _reconcile_contested(
        self, told: Callable[[Sequence[str]], Holders], ambiguous_until: str
    ) -> list[Held]:
        must = close(self._judgements).groups
        groups = contested_groups(self._con, must)
        asked = sorted({i for g in groups for i in g.touched.ids})
        holders = told(asked) if asked else {}
        plan_tables.write_told(self._con, asked, holders)
        by_id = holders_by_id(holders)
        held: list[Held] = []
        events: list[Event] = []
        for group in groups:
            changes = reconcile(
                group.clusters,
                group.with_told(by_id),
                ambiguous_until=ambiguous_until,
                links=group.links,
            )
            events += [*changes.events, *group.relinks(changes)]
            held += changes.held
        if events:
            add_events(self._con, event_table(events))
        return held

    def pack(self) -> tuple[bytes, str]:
        """The plan as bytes, and their SHA-256."""
        items, digest = plan_tables.pack_plan(self._con)
        mark_packed(self._con, digest)
        return items, digest

    def unpack(self, items: bytes) -> None:
        """Take up a stored plan; who owns which number is decided again, as it holds no value."""
        if not is_packed(self._con, hashlib.sha256(items).hexdigest()):
            mark_decided(self._con, None)
        plan_tables.unpack_plan(self._con, items)
        self._part_only = False
        self.decide_owners()

    def is_told_otherwise(self, told: Callable[[Sequence[str]], Holders]) -> bool:
        """Whether somebody was told an ID since on which the plan's decisions depend."""
        asked = plan_tables.told_digests(self._con)
        return bool(asked) and plan_tables.digests_of(asked, told(sorted(asked))) != asked

    def events(self) -> pa.Table:
        """The plan's events with drawn IDs."""
        return plan_tables.drawn_events(self._con)

    def pairs(self, session: ReadSession) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Scored pairs to write, keys to delete, and those stored that give way to both."""
        self._pairs_told = True
        self._part_only &= (kept := are_pairs_kept(self._con, pair_state(session)))
        return changed_pairs(self._con, session, are_kept=kept, part_only=self._part_only)

    def review_rows(self) -> pa.Table:
        """Questions of the plan."""
        return review_table(self._con)

    def ownership_rows(self) -> pa.Table:
        """Identifiers that are not plainly their records' own: record_id, field, reason."""
        return ownership_issues(self._con)

    def applied(self, events: pa.Table, numbers: range) -> None:
        """Bring memberships and IDs here to what they are after events with given numbers."""
        plan_tables.mark_identity(self._con, None)
        advance_decided(self._con, DECIDED, APPLIED)
        numbered = events.append_column("seq", pa.array(np.arange(numbers.start, numbers.stop)))
        plan_tables.follow_events(self._con, numbered)

    def golden(self, session: ReadSession, changed: pa.Table | None) -> Iterator[pa.RecordBatch]:
        """Golden records of the citizens given (`municipal_id`), or of all.

        The session is read before this returns; the rows are computed while they are taken.
        """
        self._progress("golden records", 0.0)
        if not self._owners_known:
            # A revert scores nothing, and what an earlier run left may be of other content.
            self.decide_owners()
        con = self._con
        if changed is None:
            con.execute(f"SET memory_limit = '{MEMORY_BESIDE_WRITING}'")
        write_batches(con, "golden_source", self._source_batches(), _SOURCES)
        scope = GoldenScope()
        members = "placed"
        if changed is not None:
            write_batches(con, "golden_changed", changed.to_batches(), _CHANGED)
            scope = GoldenScope(municipal_ids="golden_changed")
            members = "(FROM placed SEMI JOIN golden_changed USING (municipal_id))"
        read_load_order(con, session, None if changed is None else members)
        con.execute(
            "CREATE OR REPLACE TABLE golden_membership AS SELECT p.record_id, p.municipal_id, "
            "CASE r.state WHEN 'pending' THEN 'present' ELSE r.state END AS state, "
            "l.load_order, r.restricted "
            f"FROM {members} p JOIN record_state r USING (record_id) "
            "JOIN golden_load l USING (record_id)"
        )
        scope = replace(scope, overrides=self._overrides(session))
        inputs = GoldenInputs(membership="golden_membership", not_theirs="ownership")
        return self._golden_rows(inputs, scope)

    def _golden_rows(self, inputs: GoldenInputs, scope: GoldenScope) -> Iterator[pa.RecordBatch]:
        yield from golden_rows(self._con, inputs, self._policy, scope)

    def _overrides(self, session: ReadSession) -> dict[str, list[Override]]:
        """The values that stewards set, by the citizen that has their record here now."""
        found = standing_overrides(session)
        if not found:
            return {}
        homes = self._con.execute(
            "SELECT record_id, municipal_id FROM golden_membership "
            "WHERE record_id IN (SELECT unnest(?))",
            [[override.record_id for override in found]],
        )
        return by_citizen(found, dict(homes.fetchall()))

    def _source_batches(self) -> list[pa.RecordBatch]:
        names, trust, groups = ([source[n] for source in self._sources] for n in range(3))
        return list(pa.table([names, trust, groups], schema=_SOURCES).to_batches())

    def registry_state(self, session: ReadSession) -> dict[str, str]:
        """What the registry states of the tables that the cache follows."""
        stated = {IDENTITY: identity_state(session), PAIRS: pair_state(session)}
        return {**state_digests(session), **stated}

    def follow(self, *, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Bring the cache's record states level after the commit."""
        follow_apply(self._con, before=before, after=after)
        plan_tables.mark_identity(self._con, after[IDENTITY])
        advance_decided(self._con, APPLIED, SETTLED)
        if self._pairs_told:
            keep_pairs(self._con, after[PAIRS], exchange_only=self._part_only)
