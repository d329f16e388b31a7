"""What a registry must answer, told as simply as it can be: IDs are numbered by age."""

from collections.abc import Iterable, Mapping
from copy import deepcopy

from support.clustering_oracle import Case, Partition, consistent, ordinary
from support.oracle_state import Identity, Issued, Judged, Kept
from support.registry_under_test import Content, Pair, Stated, Weights, parted


class Oracle:
    """The rules of the ID contract for a handful of records."""

    def __init__(self) -> None:
        self.contents: dict[int, Content] = {}
        self.active: set[int] = set()
        self.now = Identity()
        self.judged: dict[int, Judged] = {}
        self.told: set[tuple[int, int, str]] = set()
        self.plans: dict[int, tuple[Identity, Identity]] = {}
        self.applied: dict[int, Weights] = {}
        self.applied_at: dict[int, int] = {}
        self.stated: dict[int, list[Stated]] = {}
        self.commands = 0
        self.sealed: dict[int, Kept] = {}
        self.erased: set[int] = set()

    @property
    def weights(self) -> Weights:
        """Those of the last plan that stands, without what was forgotten since."""
        return list(self.applied.values())[-1] if self.applied else {}

    @property
    def open(self) -> set[int]:
        """Records that a steward or a source may speak of."""
        return self.contents.keys() - self.erased

    def _forget_pairs(self, records: set[int]) -> None:
        """Weights in force that name one of the records are gone for good."""
        for plan in list(self.applied)[-1:]:
            known = self.applied[plan]
            self.applied[plan] = {p: w for p, w in known.items() if records.isdisjoint(p)}

    def load(self, record: int, content: Content) -> None:
        changed = record in self.contents and self.contents[record] != content
        self.contents[record] = content
        self.commands += 1
        said = self.stated.setdefault(record, [Stated(0, None, {})])
        if said[-1].into != content.merged_into:
            said.append(Stated(self.commands, content.merged_into, dict(self.now.member)))
        if content.merged_into is None:
            self.active.add(record)
        else:
            self.active.discard(record)
        for judged in self.judged.values():
            if changed and judged.state == "active" and record in judged.pair:
                judged.state = "suspended"

    def withdraw(self, record: int) -> None:
        self.active.discard(record)

    def seal(self, record: int) -> None:
        """The whole citizen is there for nobody any more: not for evidence, nor for its IDs."""
        number = self.now.member[record]
        gone = {r for r, citizen in self.now.member.items() if citizen == number}
        self.commands += 1
        for known in gone:
            kept = Kept(self.contents.pop(known), self.now.member.pop(known), known in self.active)
            self.sealed[known] = kept
        self.active -= gone
        for issued in self.now.ids.values():
            if issued.alive and issued.anchor in gone:
                issued.alive, issued.sealed = False, True
        self._forget_pairs(gone)

    def unseal(self, record: int) -> None:
        """The citizen of a sealed record is back as it was; nothing is decided anew by that."""
        home = self.sealed[record].citizen
        back = {r for r, kept in self.sealed.items() if kept.citizen == home}
        self.commands += 1
        for known in back:
            kept = self.sealed.pop(known)
            self.contents[known], self.now.member[known] = kept.content, home
            self.active |= {known} if kept.is_active else set()
        for issued in self.now.ids.values():
            if issued.sealed and issued.anchor in back:
                issued.alive, issued.sealed = True, False

    def erase(self, records: set[int]) -> None:
        """Their content is no evidence any more; where they belong, and what they anchor, stays."""
        self.commands += 1
        self.erased |= records
        self.active -= records
        self._forget_pairs(records)

    def apply(self, plan: int, weights: Weights) -> None:
        before = deepcopy(self.now)
        self.applied[plan] = self._known(weights)
        self._decide(set(self.contents), {**self.now.member, **self._apart()}, hold=True)
        self.commands += 1
        self.applied_at[plan] = self.commands
        self.plans[plan] = (before, deepcopy(self.now))

    def revert(self, plan: int) -> None:
        """Put back what the plan changed; an ID that it brought answers no longer."""
        before, after = self.plans.pop(plan)
        for record in after.member:
            if before.member.get(record) != after.member[record]:
                assert self.now.member.get(record) == after.member[record]
                if record in before.member:
                    self.now.member[record] = before.member[record]
                else:
                    del self.now.member[record]
        for number, issued in after.ids.items():
            if number not in before.ids:
                assert self.now.ids[number] == issued
                self.now.ids[number].alive = False
            elif issued != before.ids[number]:
                assert self.now.ids[number] == issued
                self.now.ids[number] = deepcopy(before.ids[number])
        del self.applied[plan], self.applied_at[plan]
        for last in list(self.applied)[-1:]:
            self.applied[last] = self._known(self.applied[last])

    def _known(self, weights: Weights) -> Weights:
        return {p: w for p, w in weights.items() if self.open >= {*p}}

    def heard(self) -> dict[int, Judged]:
        """What stewards said of who is not sealed."""
        return {n: j for n, j in self.judged.items() if self.sealed.keys().isdisjoint(j.pair)}

    def conflicts(self, verdict: str, pair: Pair) -> bool:
        active = {n: j for n, j in self.heard().items() if j.state == "active"}
        if any(j.pair == pair and j.verdict not in {verdict, "unsure"} for j in active.values()):
            return True
        judged = [(n, j.verdict, j.pair, j.state) for n, j in active.items()]
        return len(consistent([*judged, (10**6, verdict, pair, "active")])[2]) > 0

    def judge(self, number: int, verdict: str, pair: Pair) -> None:
        if number in self.judged:
            return
        before = self._groups()
        for known in self.judged.values():
            if known.pair == pair and known.state != "undone":
                known.state = "undone"
        self.judged[number] = Judged(verdict, pair)
        for contradicted in self._in_order()[2]:
            self.judged[contradicted].state = "undone"
        members = self._affected(pair, before)
        self.judged[number].was = dict(self.now.member)
        self.judged[number].ids_before = deepcopy(self.now.ids)
        self._decide(members, {**self.judged[number].was, **self._apart()}, hold=False)
        self.judged[number].ids_after = deepcopy(self.now.ids)

    def undo(self, number: int) -> None:
        before = self._groups()
        self.judged[number].state = "undone"
        # Answers given later may tie more records to these: what they joined hangs on this, too.
        was = self.judged[number].was
        tied = {r for end in self.judged[number].pair for r in before[end]}
        homes = {was[r] for r in tied if r in was}
        was = {r: home for r, home in was.items() if home in homes}
        concerned = {self.now.member[r] for r in was if r in self.now.member}
        members = self._affected(self.judged[number].pair, before)
        members |= {r for r, citizen in self.now.member.items() if citizen in concerned}
        self._decide(members, {**self.now.member, **self._apart(), **was}, hold=False)
        self._restore_ids(self.judged[number], was)

    def _restore_ids(self, undone: Judged, was: Mapping[int, int]) -> None:
        """Where everybody is back, so are the anchors, and no ID is ambiguous for this alone."""
        if {r: self.now.member.get(r) for r in was} != was:
            return
        for number, before in undone.ids_before.items():
            now, after = self.now.ids[number], undone.ids_after[number]
            if not now.alive or now.anchor not in was:
                continue
            together = was.get(before.anchor) == was[now.anchor]
            if after.ambiguous and now.ambiguous:
                now.ambiguous = before.ambiguous
            if now.anchor == after.anchor and together and ordinary([before.anchor]):
                now.anchor = before.anchor

    def tell(self, record: int, system: str) -> None:
        if record in self.now.member:
            self.told.add((self.now.member[record], record, system))

    def answer(self, number: int) -> int | str:
        """What an ID answers: the present ID of its citizen, or how it refuses."""
        issued = self.now.ids[number]
        if issued.anchor in self.sealed:
            return "sealed"
        if not issued.alive:
            return "withdrawn"
        if issued.ambiguous:
            return "ambiguous"
        home = self.now.member[issued.anchor]
        # Whoever asks knows of ordinary records alone.
        known = ordinary(r for r, citizen in self.now.member.items() if citizen == home)
        return "erased" if known and self.erased >= {*known} else home

    def standing(self) -> tuple[list[Pair], list[Pair]]:
        """The *same* and the *different* pairs in force."""
        same, different, _ = self._in_order()
        return same, different

    def _in_order(self) -> tuple[list[Pair], list[Pair], list[int]]:
        judged = self.heard().items()
        return consistent((n, j.verdict, j.pair, j.state) for n, j in judged)

    def _case(self, records: Iterable[int]) -> Case:
        return Case(records, self.contents, self.active, *self.standing())

    def _groups(self) -> dict[int, set[int]]:
        return self._case([]).judged

    def _affected(self, pair: Pair, before: Mapping[int, set[int]]) -> set[int]:
        after = self._groups()
        near = {r for end in pair for r in before[end] | after[end]}
        citizens = {self.now.member[r] for r in near if r in self.now.member}
        return {r for r, number in self.now.member.items() if number in citizens}

    def _apart(self) -> dict[int, str]:
        since = max(self.applied_at.values(), default=0)
        return parted(self.stated, since, self.now.member)

    def _decide(self, records: set[int], today: Mapping[int, object], *, hold: bool) -> None:
        unsure = {
            j.pair for j in self.judged.values() if j.verdict == "unsure" and j.state == "active"
        }
        case = self._case(records - self.erased)
        wanted = case.partition(self.weights, unsure, today)
        wanted = self._with_erased(wanted, records & self.erased & self.now.member.keys(), case)
        if hold:
            wanted = self._hold(wanted, case)
        self._settle(wanted)

    def _with_erased(self, wanted: Partition, erased: set[int], case: Case) -> Partition:
        """Each stays with who it was judged the same, or with the largest part of its citizen that
        it was not judged different from; what has no part left stays together."""
        member = self.now.member
        grown = {cluster: set(cluster) for cluster in wanted}
        left: list[set[int]] = []
        for record in sorted(erased):
            home, theirs = member[record], case.judged[record]
            allowed = [c for c in wanted if not case.parted(grown[c] | {record})]
            parts = [c for c in wanted if c & theirs]
            parts = parts or [c for c in allowed if self._share(c, home)[1] > 0]
            if parts:
                grown[max(parts, key=lambda c: self._share(c, home))].add(record)
                continue
            alone = [g for g in left if member[min(g)] == home]
            alone = [g for g in alone if g & theirs or not case.parted(g | {record})]
            if not alone:
                alone = [set()]
                left += alone
            alone[0].add(record)
        return {frozenset(group) for group in (*grown.values(), *left)}

    def _share(self, cluster: frozenset[int], home: int) -> tuple[bool, int, int]:
        """How much of a citizen a cluster holds: only ordinary records count, where there are."""
        ours = self._eligible(cluster)
        mine = [r for r in ours if self.now.member.get(r) == home]
        return len(ordinary(cluster)) > 0, len(mine), -min(ours)

    def _hold(self, wanted: Partition, case: Case) -> Partition:
        """Leave alone whatever touches a split that only a steward may decide.

        Clusters meet citizens by their ordinary records; restricted ones follow these, and stay
        where they are, alone, where they cannot.
        """
        member = self.now.member
        stopped = {n for n in set(member.values()) if self._keeper(n, wanted) == "?"}
        grown = True
        while grown:
            met = {
                member[r]
                for cluster in wanted
                if any(member.get(r) in stopped for r in self._eligible(cluster))
                for r in self._eligible(cluster)
                if r in member
            }
            grown = not met <= stopped
            stopped |= met
        citizens = {n: {r for r, m in member.items() if m == n} for n in stopped}
        kept = set()
        for cluster in wanted:
            leading = set(self._eligible(cluster))
            back = {r for r in cluster - leading if member.get(r) in stopped}
            if not any(member.get(r) in stopped for r in leading):
                kept.add(cluster - back)
                continue
            kept |= {frozenset({r}) for r in cluster - leading - back if r in member}
            alone = set()
            for record in cluster - member.keys():
                tied = {member.get(r) for r in case.judged[record]} & stopped
                if tied:
                    citizens[min(n for n in tied if n is not None)].add(record)
                else:
                    alone.add(record)
            kept |= {frozenset(alone)} if alone else set()
        return kept | {frozenset(c) for c in citizens.values()}

    def _settle(self, wanted: Partition) -> None:
        parts = {n: self._parts(n, wanted) for n in set(self.now.member.values())}
        split_ids = {
            number: self._told_parts(number, parts[citizen])
            for number, issued in self.now.ids.items()
            if issued.alive
            for citizen in [self.now.member[issued.anchor]]
            if len(parts[citizen]) > 1
        }
        keepers = {n: self._keeper(n, wanted) for n in parts}
        for number, keeper in keepers.items():
            if isinstance(keeper, frozenset):
                ours = self._eligible(keeper)
                if self.now.ids[number].anchor not in ours:
                    self.now.ids[number].anchor = min(ours)
        lacking = []
        for cluster in wanted:
            oldest = self._oldest(cluster)
            if oldest is None:
                lacking.append(cluster)
            else:
                self.now.member.update(dict.fromkeys(cluster, oldest))
        for cluster in sorted(lacking, key=self._mint_on):
            number = self._first_id(cluster)
            self.now.member.update(dict.fromkeys(cluster, number))
        for number, told in split_ids.items():
            if len(told) > 1:
                self.now.ids[number].ambiguous = True

    def _parts(self, number: int, wanted: Partition) -> list[frozenset[int]]:
        citizen = {r for r, n in self.now.member.items() if n == number}
        return [frozenset(c & citizen) for c in wanted if c & citizen]

    def _told_parts(self, number: int, parts: Iterable[frozenset[int]]) -> list[frozenset[int]]:
        return [p for p in parts if self._holders(number, ordinary(p))]

    def _holders(self, number: int, records: Iterable[int]) -> set[str]:
        return {system for i, r, system in self.told if i == number and r in set(records)}

    def _keeper(self, number: int, wanted: Partition) -> frozenset[int] | str:
        """The part that keeps an ID; "?" if a steward must say; "" if it stays with its anchor."""
        parts = self._parts(number, wanted)
        if not parts:
            return ""
        eligible = [p for p in parts if ordinary(p)] or parts
        anchor = self.now.ids[number].anchor
        open_parts = []
        for part in eligible:
            cluster = next(c for c in wanted if part <= c)
            if anchor in part or self._oldest(cluster, but=number) is None:
                open_parts.append(part)
        if not open_parts:
            return ""
        size = {p: len(self._eligible(p)) for p in open_parts}
        told = {p: len(self._holders(number, self._eligible(p))) for p in open_parts}
        best = [p for p in open_parts if size[p] == max(size.values())]
        if max(told.values()) > 0:
            best = [p for p in best if told[p] == max(told.values())]
        home = [p for p in open_parts if anchor in p]
        if len(best) != 1 and home and (home[0] in best or max(told.values()) == 0):
            return home[0]
        if len(best) != 1:
            return "?"
        return best[0]

    def _eligible(self, part: Iterable[int]) -> list[int]:
        return ordinary(part) or sorted(part)

    def _oldest(self, cluster: frozenset[int], but: int | None = None) -> int | None:
        ours = self._eligible(cluster)
        return min(
            (n for n, i in self.now.ids.items() if i.alive and i.anchor in ours and n != but),
            default=None,
        )

    def _mint_on(self, cluster: Iterable[int]) -> int:
        founders = {i.founder for i in self.now.ids.values()}
        return min(self._eligible(cluster), key=lambda r: (r in founders, r))

    def _first_id(self, cluster: Iterable[int]) -> int:
        ours = self._eligible(cluster)
        issued = self.now.ids.items()
        dead = [n for n, i in issued if not i.alive and not i.sealed and i.founder in ours]
        if dead:
            number = min(dead)
            self.now.ids[number].alive = True
            self.now.ids[number].anchor = self.now.ids[number].founder
            return number
        number = len(self.now.ids) + 1
        founder = self._mint_on(cluster)
        self.now.ids[number] = Issued(founder, founder)
        return number
