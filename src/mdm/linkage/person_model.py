"""The person model, declared once: comparisons and their levels, from strongest to weakest.

`COMPARISONS` is compiled to Splink settings (SQL, all engines) and read by the one-record scorer
(Python). A comparison whose column a city lacks is always at its missing level and adds nothing.

Why these levels: a clerk tells a token that is *missing* on one side (ANA SOUZA / ANA PAULA
SOUZA) from tokens that *conflict* (MARIA JULIA / MARIA CLARA), and given names, which tell
relatives apart, from surnames, which relatives share.
"""

from dataclasses import dataclass

from mdm.linkage.levels import (
    All,
    AnyCommon,
    AnyIs,
    AnyMissing,
    BothKnown,
    BothMissing,
    Condition,
    Contained,
    Crossed,
    Edited,
    Either,
    Equal,
    InitialOf,
    Shared,
    Typed,
)

GIVEN_ENDS = ("given1_start", "given1_end")
SURNAME_ENDS = ("surname_last_start", "surname_last_end")
GIVEN = ("given1_key", "given2_key")
SURNAMES = ("surname1_key", "surname2_key", "surname3_key", "surname4_key")
MOTHER_SURNAMES = ("mother_surname1_key", "mother_surname2_key", "mother_surname3_key")

GIVEN_BY_SURNAME = "given_by_surname"
TWIN_MARK = "twin_mark"
MARKED, UNMARKED = "M", "U"

CONFLICTS = frozenset({"conflict", "conflict_of_one_name"})
"""Labels of the levels at which two values contradict each other."""


@dataclass(frozen=True, slots=True)
class Level:
    """One graded outcome.

    Attributes:
        label: Stable name, used in explanations and in the stored pattern.
        condition: What must hold; None for the last level, which takes the rest.
        tf: Column whose term frequency replaces the average u of this level.
        exact: Column whose value counts give this level's u exactly.
        held: Column of a value that is one person's or one family's: its u is counted over the
            pairs that share it and agree on nothing else.
        u: u probability where random pairs are too few to count one, with its reason beside it.
        no_more_than: Column whose equality is all that this level says: that both sides hold the
            same filler besides is a habit of clerks and no evidence.
        same_as: Level that this one is but for its term frequency: which of the two holds is no
            evidence, so they are learned as one.
        mute: Told by another comparison; of no weight here.
    """

    label: str
    condition: Condition | None
    tf: str | None = None
    exact: str | None = None
    held: str | None = None
    u: float | None = None
    no_more_than: str | None = None
    same_as: str | None = None
    mute: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """How one attribute is compared: missing, then levels from strongest to weakest."""

    name: str
    missing: Condition
    levels: tuple[Level, ...]

    def place(self, label: str) -> int:
        """Place of a level, counted from the strongest."""
        return next(place for place, level in enumerate(self.levels) if level.label == label)


def _rest(label: str = "conflict") -> Level:
    return Level(label, None)


_CROSSED_NAME = Crossed("given1_key", "surname_last_key")
_ONE_NAME = Equal("given1_key")
_UNUSUAL = AnyMissing("given1_usual")
_ONE_SLIP = Typed("given1", 1, GIVEN_ENDS, 4)
_SECOND_AGREES = Either((AnyMissing("given2_key"), Equal("given2_key")))
_LIKE_NAMES = Either(
    (
        Typed("given1", 1, GIVEN_ENDS, 2),
        Typed("given1", 2, GIVEN_ENDS, 6),
        Shared(GIVEN),
    )
)
_SAME_AREA = Either((Equal("postal_code"), Equal("district")))

COMPARISONS: tuple[Comparison, ...] = (
    Comparison(
        "given",
        AnyMissing("given1"),
        (
            # Some surnames keep to few first names (those of people who came from elsewhere): there
            # an equal name counts as often as it is met among the bearers of the surname.
            Level(
                "equal",
                All((Equal("given"), Equal("surname"))),
                tf=GIVEN_BY_SURNAME,
                exact="given",
            ),
            Level("equal_alone", Equal("given"), tf="given", same_as="equal"),
            # A slip where a first name is no usual one, or the second name has it. Two usual names
            # that are alike (MATEUS, MATHEUS; JOAO, JOANA) are as often those of twins.
            Level("sounds_equal", All((Equal("given_key"), Either((_UNUSUAL, Equal("given1")))))),
            Level("names_sound_equal", Equal("given_key")),
            Level("contained", All((_ONE_NAME, Contained(GIVEN)))),
            Level("initial", All((InitialOf("given1"), _SECOND_AGREES))),
            Level("typo", All((_UNUSUAL, _ONE_SLIP, _SECOND_AGREES))),
            Level("near_names", All((_ONE_SLIP, _SECOND_AGREES))),
            Level("first_equal_rest_differs", _ONE_NAME),
            Level("shared", Shared(GIVEN)),
            Level("far_typo", Typed("given1", 2, GIVEN_ENDS, 6)),
            Level("social", Crossed("given1", "social1")),
            Level("exchanged", Equal("name_set_key")),
            # The given name of one is the surname of the other; the rest differs or is missing.
            Level("crossed", _CROSSED_NAME),
            # Of three letters or two (ANA, LU) one is much: other names are as near.
            Level("short_typo", Typed("given1", 1, GIVEN_ENDS, 2)),
            _rest(),
        ),
    ),
    Comparison(
        "surname",
        AnyMissing("surname1_key"),
        (
            Level("equal", Equal("surname"), tf="surname", exact="surname"),
            Level("sounds_equal", Equal("surname_key")),
            Level("contained", Contained(SURNAMES)),
            Level("typo", Edited("surname", 2, ("surname1_key", "surname_last_key"), 8)),
            Level("last_equal", Equal("surname_last_key")),
            Level("shared", Shared(SURNAMES)),
            Level("last_typo", Typed("surname_last", 1, SURNAME_ENDS, 5)),
            Level("exchanged", Equal("name_set_key"), mute=True),
            Level("crossed", _CROSSED_NAME, mute=True),
            Level("last_short_typo", Typed("surname_last", 1, SURNAME_ENDS, 3)),
            Level("far_typo", Edited("surname", 2, ("surname_start", "surname_last_end"), 6)),
            _rest(),
        ),
    ),
    Comparison(
        "mother",
        AnyMissing("mother"),
        (
            # A mother's surname that her child bears was weighed with the child's: what counts here
            # is how often a child of that surname has a mother of that name.
            Level(
                "equal",
                All((Equal("mother"), BothKnown("surname1_key"))),
                tf="mother_rest",
                exact="mother",
            ),
            # Of a newborn there is no surname that could have been weighed.
            Level("equal_of_unnamed", Equal("mother"), tf="mother", same_as="equal"),
            Level("sounds_equal", Equal("mother_key")),
            Level(
                "given_equal_surname_contained",
                All((Equal("mother_given_key"), Contained(MOTHER_SURNAMES))),
            ),
            Level("typo", Edited("mother", 2, ("mother_given1_key", "mother_last_key"), 10)),
            Level(
                "first_equal_surname_shared",
                All((Equal("mother_given1_key"), Shared(MOTHER_SURNAMES))),
            ),
            Level("given_equal", Equal("mother_given_key")),
            Level("first_equal", Equal("mother_given1_key")),
            Level("surname_shared", Shared(MOTHER_SURNAMES)),
            Level("exchanged_with_father", Crossed("mother", "father")),
            _rest(),
        ),
    ),
    Comparison(
        "birth_date",
        AnyMissing("birth"),
        (
            Level("equal", All((Equal("birth"), Equal("birth_exact"))), exact="birth"),
            Level("equal_default_day", Equal("birth"), no_more_than="birth_year"),
            Level("day_month_swapped", Crossed("birth", "birth_swapped")),
            Level("one_slip", Typed("birth", 1, ("birth_year", "birth_day_month"))),
            Level("day_and_month_equal", Equal("birth_day_month")),
            Level("year_and_month_equal", Equal("birth_year_month")),
            Level("two_slips", Typed("birth", 2, ("birth_year", "birth_day_month"))),
            # Who knew the year alone wrote 1 January; two other days of a year are two people's.
            Level("year_equal_default_day", All((Equal("birth_year"), AnyMissing("birth_exact")))),
            Level("year_equal", Equal("birth_year")),
            _rest(),
        ),
    ),
    Comparison(
        "cpf",
        AnyMissing("cpf"),
        (
            Level("equal", Equal("cpf"), held="cpf"),
            # Of 10^9 numbers some hundreds lie within two slips of a given one.
            Level("near", Typed("cpf", 2, ("cpf_head", "cpf_tail")), u=1e-6),
            _rest(),
        ),
    ),
    Comparison(
        "cns",
        AnyMissing("cns"),
        (
            Level("common", AnyCommon("cns"), held="cns"),
            _rest(),
        ),
    ),
    Comparison(
        "nis",
        AnyMissing("nis"),
        (
            Level("equal", Equal("nis"), held="nis"),
            Level("near", Typed("nis", 1, ("nis_head", "nis_tail")), u=1e-6),
            _rest(),
        ),
    ),
    Comparison(
        "birth_certificate",
        AnyMissing("birth_certificate"),
        (
            Level("equal", Equal("birth_certificate"), held="birth_certificate"),
            Level(
                "near",
                Typed("birth_certificate", 2, ("certificate_head", "certificate_tail")),
                u=1e-6,
            ),
            _rest(),
        ),
    ),
    Comparison("dnv", AnyMissing("dnv"), (Level("equal", Equal("dnv"), held="dnv"), _rest())),
    Comparison(
        "inep_id",
        AnyMissing("inep_id"),
        (Level("equal", Equal("inep_id"), held="inep_id"), _rest()),
    ),
    Comparison("rg", AnyMissing("rg"), (Level("equal", Equal("rg"), held="rg"), _rest())),
    Comparison(
        "phone",
        AnyMissing("phones"),
        (Level("common", AnyCommon("phones"), held="phones"), _rest()),
    ),
    Comparison(
        "email",
        AnyMissing("email"),
        (Level("equal", Equal("email"), held="email"), _rest()),
    ),
    Comparison(
        "address",
        # A post code or a district is an address, too.
        All((AnyMissing("street"), AnyMissing("postal_code"), AnyMissing("district"))),
        (
            Level("equal_in_area", All((Equal("dwelling"), _SAME_AREA)), held="dwelling"),
            # Of one street name there are several, and another post code is a slip as often.
            Level("equal", Equal("dwelling"), held="dwelling"),
            Level("street_in_area", All((Equal("street"), _SAME_AREA))),
            Level("street_equal", Equal("street")),
            # The street is mistyped or missing; what stands about it agrees.
            Level("number_in_postal_code", All((Equal("postal_code"), Equal("street_number")))),
            Level("area_equal", All((Equal("postal_code"), Equal("district")))),
            Level("postal_code_equal", Equal("postal_code")),
            Level("number_in_district", All((Equal("district"), Equal("street_number")))),
            Level("district_equal", Equal("district")),
            Level("street_typo", Edited("street_text", 2, ("street_number",), 8)),
            _rest(),
        ),
    ),
    Comparison(
        "sex",
        AnyMissing("sex"),
        (
            # One first name is of one sex: another is a slip of the pen for whomever it is.
            Level("equal_of_one_name", All((_ONE_NAME, Equal("sex"))), mute=True),
            Level("conflict_of_one_name", _ONE_NAME, mute=True),
            # Names that are alike, or of which one agrees, are mostly of one sex: of twins, too.
            # Another sex is evidence still (JOAO, JOANA): it parts such twins.
            Level("equal_of_like_names", All((_LIKE_NAMES, Equal("sex"))), mute=True),
            Level("equal", Equal("sex"), exact="sex"),
            _rest(),
        ),
    ),
    Comparison(
        "father",
        AnyMissing("father"),
        (
            Level("equal", Equal("father"), exact="father"),
            Level("typo", Edited("father", 2, ("father_given1", "father_last"), 10)),
            Level("first_equal", Equal("father_given1")),
            Level("exchanged_with_mother", Crossed("father", "mother"), mute=True),
            _rest(),
        ),
    ),
    Comparison(
        "suffix", AnyMissing("suffix"), (Level("equal", Equal("suffix"), exact="suffix"), _rest())
    ),
    # Says nothing of matches against strangers, but tells the newborn that is no twin from one
    # that is: "RN DE ..." against "RN I DE ... GEMELAR".
    Comparison(
        TWIN_MARK,
        BothMissing("twin_mark"),
        (Level("marked", AnyIs("twin_mark", MARKED)), _rest("unmarked")),
    ),
)

TF_COLUMNS: tuple[str, ...] = ("given", "surname", "mother_rest", "mother")
