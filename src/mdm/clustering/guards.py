"""Pairwise guards: what two records show that forbids the machine to join them.

The rules are plain enough to have a set-wise twin in SQL: equality, a one-edit distance on tokens
and dates. A suffix conflict (FILHO against NETO) is evidence for the model and no guard.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import zip_longest

from rapidfuzz.distance import DamerauLevenshtein

from mdm.domain.record_facts import DEATH_TOLERANCE, RecordFacts
from mdm.domain.scored_pair import Guard

SHORTEST_MISTYPED = 4
_SHORTEST_COMPOUND = 3
_KINDS_OF_ONE_PERSON = 2
_Token = tuple[str, str | None]
_GENDERED_ENDINGS = ({"O", "A"}, {"E", "A"})
_VOWELS = frozenset("AEIOU")
# What a man's name ends with that a woman's only adds an A to: GABRIEL, VITOR, LUIS, LUIZ, ADRIAN.
_MASCULINE = frozenset("LRSZN")
_SHORTEST_SHORT_FORM, _LONGEST_SHORT_FORM = 2, 5
_LETTERS_LEFT_OUT = 3
_SHORTEST_TWICE_MISTYPED = 5


def pair_guards(left: RecordFacts, right: RecordFacts) -> tuple[Guard, ...]:
    """Every guard between two records, the ones that no evidence opens first."""
    found: list[Guard] = []
    if left.active and right.active:
        if left.household_key is not None and left.household_key == right.household_key:
            found.append(Guard.SAME_FAMILY)
        if left.class_key is not None and left.class_key == right.class_key:
            found.append(Guard.SAME_CLASS)
    claimed = left.own_cpf is not None and right.own_cpf is not None
    if claimed and left.own_cpf != right.own_cpf and not are_judged_own(left, right):
        found.append(Guard.TWO_CPFS)
    if (
        left.birth_date is not None
        and left.birth_date == right.birth_date
        and is_twin_pattern(left, right)
    ):
        found.append(Guard.TWIN_PATTERN)
    if (left.deceased_on is None) != (right.deceased_on is None) and is_active_after_death(
        left, right
    ):
        found.append(Guard.ACTIVITY_AFTER_DEATH)
    return tuple(found)


def are_judged_own(left: RecordFacts, right: RecordFacts) -> bool:
    """Stewards called the CPF of either record its people's own, two of them between both."""
    both = len(left.own_cpf_by) > 0 and len(right.own_cpf_by) > 0
    return both and len(left.own_cpf_by | right.own_cpf_by) > 1


def is_active_after_death(left: RecordFacts, right: RecordFacts) -> bool:
    """One states a death and the other proves a contact more than 30 days after it.

    Two records that both state a death agree in what matters; a contact after it is a clerk's.
    """
    dead, alive = (left, right) if right.deceased_on is None else (right, left)
    if dead.deceased_on is None or alive.deceased_on is not None or alive.last_activity is None:
        return False
    return alive.last_activity > dead.deceased_on + DEATH_TOLERANCE


def is_twin_pattern(left: RecordFacts, right: RecordFacts) -> bool:
    """Same birth date and mother, but twin numbers or given names that conflict.

    One person may bear two names, too: documents of two kinds that both records own are stronger
    than a name.
    """
    if left.birth_date is None or left.birth_date != right.birth_date:
        return False
    differ = is_twin_order_conflict(left, right) or is_given_name_conflict(left, right)
    if not differ or not is_same_mother(left.mother, right.mother):
        return False
    return len(shared_documents(left, right)) < _KINDS_OF_ONE_PERSON


def merge_guard(left: RecordFacts, right: RecordFacts) -> Guard | None:
    """What two records show against a merge that their source states; None: it is believed.

    Given names that conflict, and birth dates that differ or twins' marks: sources merge brothers
    and sisters by mistake. A name or a date alone is corrected by many a merge.
    """
    if is_twin_pattern(left, right):
        return Guard.TWIN_PATTERN
    dated = left.birth_date is not None and right.birth_date is not None
    if dated and left.birth_date != right.birth_date and is_given_name_conflict(left, right):
        return Guard.OTHER_PERSON
    return None


def shared_documents(left: RecordFacts, right: RecordFacts) -> frozenset[str]:
    """Kinds of documents that both records own with the same number."""
    found = {kind for kind, _ in left.documents & right.documents}
    return frozenset(found | ({"cpf"} if _agree_on_cpf(left, right) else set()))


def is_twin_order_conflict(left: RecordFacts, right: RecordFacts) -> bool:
    """Both are numbered twins of one birth, and the numbers differ."""
    if left.twin_order is None or right.twin_order is None:
        return False
    numbered = left.twin_order != 0 and right.twin_order != 0
    return numbered and left.twin_order != right.twin_order


def is_same_mother(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """First tokens compatible, and a further token shared unless one side has no other."""
    if len(left) == 0 or len(right) == 0 or not is_compatible(left[0], right[0]):
        return False
    if len(left) == 1 or len(right) == 1:
        return True
    return any(is_compatible(one, other) for one in left[1:] for other in right[1:])


def is_given_name_conflict(left: RecordFacts, right: RecordFacts) -> bool:
    """Given names that two children of one birth would have, and one child would not.

    Either the first tokens conflict and neither is found elsewhere in the other name (or, under
    one family name, each name has a token that the other lacks: ANA MARIA, MARIA CLARA), or the
    first tokens agree and, under one family name, the second ones conflict (MARIA JULIA, MARIA
    CLARA). A token missing on one side is no conflict, nor is a short form (SLV for SILVA), nor,
    under one CPF of their own, a token mistyped twice, nor a name that is the other's nome social.
    """
    if left.name[:1] == right.name[:1] and (
        min(len(left.name), len(right.name)) < _SHORTEST_COMPOUND or left.name[1] == right.name[1]
    ):
        # Nothing below can differ: the usual case, and the cheap one.
        return False
    one, other = _tokens(left), _tokens(right)
    one_cpf = left.own_cpf is not None and left.own_cpf == right.own_cpf
    if not _is_conflict(one, other, one_cpf=one_cpf):
        return False
    by_social = [(_social_tokens(left), other), (one, _social_tokens(right))]
    return all(_is_conflict(*pair, one_cpf=one_cpf) for pair in by_social if all(pair))


def _is_conflict(one: list[_Token], other: list[_Token], *, one_cpf: bool) -> bool:
    if len(one) == 0 or len(other) == 0:
        return False
    lacking_left = _lacking(one, other, one_cpf=one_cpf)
    lacking_right = _lacking(other, one, one_cpf=one_cpf)
    if len(lacking_left) == 0 or len(lacking_right) == 0:
        return False
    one_family_name = _is_token_match(one[-1], other[-1])
    if not _is_token_match(one[0], other[0]):
        neither_found = one[0] in lacking_left and other[0] in lacking_right
        return neither_found or one_family_name
    compound = len(one) >= _SHORTEST_COMPOUND and len(other) >= _SHORTEST_COMPOUND
    return compound and one_family_name and one[1] in lacking_left and other[1] in lacking_right


@lru_cache(maxsize=1 << 16)
def is_compatible(left: str, right: str) -> bool:
    """Whether two tokens may be one: equal, an initial, or one edit apart.

    A gendered ending (PAULO, PAULA; GABRIEL, GABRIELA) is no typing error.
    """
    if left == right:
        return True
    if len(left) == 1 or len(right) == 1:
        return left[0] == right[0]
    if is_gendered(left, right) or min(len(left), len(right)) < SHORTEST_MISTYPED:
        return False
    return is_one_edit(left, right)


def is_gendered(left: str, right: str) -> bool:
    """Whether two tokens are the masculine and the feminine of one name.

    A letter A more makes a woman's name of a man's alone: MARI and MARIA, HELENA and HELENAA, SANDR
    and SANDRA are one name mistyped.
    """
    short, long = sorted((left, right), key=len)
    if len(short) == len(long):
        return short[:-1] == long[:-1] and {short[-1], long[-1]} in _GENDERED_ENDINGS
    if long != short + "A":
        return False
    return short[-1] == "E" or (short[-1] in _MASCULINE and short[-2:-1] in _VOWELS)


@lru_cache(maxsize=1 << 16)
def is_shortened(left: str, right: str) -> bool:
    """Whether one token is a short form of the other: MA, RODR, OLIV, SLV.

    Two letters that the other begins with; up to five that it begins with and that end in a
    consonant, where three more are left out (a name seldom ends so: but EDER, EDERSON); or
    consonants alone that stand in it in this order.
    """
    short, long = sorted((left, right), key=len)
    if len(short) < _SHORTEST_SHORT_FORM or short[0] != long[0]:
        return False
    if _VOWELS.isdisjoint(short):
        rest = iter(long)
        return len(short) < len(long) and all(letter in rest for letter in short)
    if not long.startswith(short) or len(short) > _LONGEST_SHORT_FORM:
        return False
    if len(short) == _SHORTEST_SHORT_FORM:
        return len(long) > len(short)
    return short[-1] not in _VOWELS and len(long) - len(short) >= _LETTERS_LEFT_OUT


def is_one_edit(left: str, right: str) -> bool:
    """One insertion, deletion, substitution or swap of neighbours apart (distance 0 counts)."""
    return DamerauLevenshtein.distance(left, right, score_cutoff=1) <= 1


def agrees(guard: Guard, left: RecordFacts, right: RecordFacts) -> bool:
    """Whether two records tell the same about what the guard reads.

    When a steward joined two records across a guard, a third that agrees with one of them is
    held off from the other by nothing new.
    """
    test = _AGREES.get(guard)
    return test is not None and test(left, right)


def _tokens(facts: RecordFacts) -> list[_Token]:
    return list(zip_longest(facts.name, facts.name_phonetic[: len(facts.name)]))


def _social_tokens(facts: RecordFacts) -> list[_Token]:
    return [(token, None) for token in facts.social]


def _is_token_match(left: _Token, right: _Token) -> bool:
    if is_compatible(left[0], right[0]):
        return True
    if left[1] is None or left[1] == "" or left[1] != right[1]:
        return False
    return not is_gendered(left[0], right[0])


def _lacking(tokens: list[_Token], others: list[_Token], *, one_cpf: bool) -> list[_Token]:
    """The tokens that stand nowhere in the other name."""
    found = []
    for place, token in enumerate(tokens):
        if token in others or any(_is_token_match(token, other) for other in others):
            continue
        if any(_is_short_form(token[0], o[0], first=place == 0 or o is others[0]) for o in others):
            continue
        if not one_cpf or not any(_is_mistyped_twice(token[0], other[0]) for other in others):
            found.append(token)
    return found


def _is_short_form(left: str, right: str, *, first: bool) -> bool:
    """A first name is shortened to two letters alone: EDER and EDERSON are twins' names."""
    if first and min(len(left), len(right)) > _SHORTEST_SHORT_FORM:
        return False
    return is_shortened(left, right)


def _is_mistyped_twice(left: str, right: str) -> bool:
    if min(len(left), len(right)) < _SHORTEST_TWICE_MISTYPED or is_gendered(left, right):
        return False
    return DamerauLevenshtein.distance(left, right, score_cutoff=2) <= 2  # noqa: PLR2004 - twice


def _agree_on_cpf(left: RecordFacts, right: RecordFacts) -> bool:
    return left.own_cpf is not None and left.own_cpf == right.own_cpf


def _agree_on_given_name(left: RecordFacts, right: RecordFacts) -> bool:
    named = len(left.name) > 0 and len(right.name) > 0
    return named and not is_given_name_conflict(left, right) and not is_twin_pattern(left, right)


def _agree_on_life(left: RecordFacts, right: RecordFacts) -> bool:
    if left.deceased_on is not None or right.deceased_on is not None:
        return left.deceased_on is not None and right.deceased_on is not None
    return left.last_activity is not None and right.last_activity is not None


_AGREES: dict[Guard, Callable[[RecordFacts, RecordFacts], bool]] = {
    Guard.TWO_CPFS: _agree_on_cpf,
    Guard.TWIN_PATTERN: _agree_on_given_name,
    Guard.ACTIVITY_AFTER_DEATH: _agree_on_life,
}
