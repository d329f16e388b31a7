"""Codes as people read them: one table a kind of code, for the catalogue to translate."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mdm.clustering.decision import ReviewReason
from mdm.domain.access import Purpose, Role
from mdm.domain.golden_record import Attribute
from mdm.domain.judgement import Verdict
from mdm.domain.scored_pair import Guard
from mdm.survivorship.policy import Outcome, Rule
from mdm_api.web.i18n import Translate
from mdm_api.web.i18n import mark as _


def word(table: Mapping[str, str], code: str, translate: Translate) -> str:
    """A code in words; an unknown one, as a source may give, as it is."""
    known = table.get(code)
    return code if known is None else translate(known)


PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Purpose.CARE: _("Present attendance"),
        Purpose.RECORD_UPDATE: _("Update of the record"),
        Purpose.OUTREACH: _("Active outreach"),
        Purpose.CITIZEN_REQUEST: _("The citizen's own request"),
        Purpose.COURT_ORDER: _("Court order"),
        Purpose.STEWARDSHIP: _("Data stewardship"),
    }
)
"""What people may open a citizen for, in the order of asking."""

ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Role.CASEWORKER: _("Caseworker"),
        Role.STEWARD: _("Data steward"),
        Role.SUPERVISOR: _("Supervisor of stewards"),
        Role.DATA_OWNER: _("Data owner"),
        Role.OPERATOR: _("Operator"),
        Role.SYSTEM: _("System"),
        Role.AUDITOR: _("Auditor"),
        Role.DATA_PROTECTION_OFFICER: _("Data protection officer"),
    }
)

SECTORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "health": _("Health"),
        "education": _("Education"),
        "social": _("Social assistance"),
    }
)

STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "active": _("Active"),
        "inactive": _("Inactive"),
        "pending": _("Not linked yet"),
        "withdrawn": _("No longer delivered"),
        "superseded": _("Replaced at the source"),
    }
)
"""Of a service, as canonical codes; where its record is not present, the state of that."""

STATUS_KINDS: Final[Mapping[str, str]] = MappingProxyType({"active": "success"})

HOUSEHOLD_ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "01": _("Reference person of the family"),
        "02": _("Spouse or partner"),
        "03": _("Son or daughter"),
        "04": _("Stepson or stepdaughter"),
        "05": _("Grandchild or great-grandchild"),
        "06": _("Father or mother"),
        "07": _("Father-in-law or mother-in-law"),
        "08": _("Brother or sister"),
        "09": _("Son-in-law or daughter-in-law"),
        "10": _("Other relative"),
        "11": _("Not a relative"),
    }
)
"""Relation to the reference person (CadÚnico, form 7)."""

SEXES: Final[Mapping[str, str]] = MappingProxyType({"F": _("Female"), "M": _("Male")})

RACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "01": _("White"),
        "02": _("Black"),
        "03": _("Mixed"),
        "04": _("Asian"),
        "05": _("Indigenous"),
    }
)

ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Attribute.NAME: _("Name"),
        Attribute.SOCIAL_NAME: _("Social name"),
        Attribute.MOTHER: _("Mother's name"),
        Attribute.FATHER: _("Father's name"),
        Attribute.BIRTH_DATE: _("Birth date"),
        Attribute.BIRTH_MUNICIPALITY: _("Municipality of birth"),
        Attribute.SEX: _("Sex"),
        Attribute.RACE: _("Race or colour"),
        Attribute.CPF: "CPF",
        Attribute.INEP_ID: _("INEP ID"),
        Attribute.ADDRESS: _("Address"),
        Attribute.DECEASED_ON: _("Date of death"),
        Attribute.NICKNAMES: _("Also called"),
        Attribute.CNS: "CNS",
        Attribute.NIS: "NIS",
        Attribute.DOCUMENTS: _("Document"),
        Attribute.PHONES: _("Phone"),
        Attribute.EMAILS: _("E-mail"),
    }
)

DOCUMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rg": "RG",
        "voter_id": _("Voter ID"),
        "birth_certificate": _("Birth certificate"),
        "dnv": _("Live birth declaration"),
        "foreign_document": _("Foreign document"),
    }
)

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Rule.AUTHORITATIVE: _("this system is the authority for it"),
        Rule.OWN_IDENTIFIER: _("number checked to be this citizen's own"),
        Rule.TRUSTED: _("from the most trusted system"),
        Rule.CONFIRMED: _("confirmed by most systems"),
        Rule.RECENT: _("the most recent"),
        Rule.SPELLED_OUT: _("spelled out in full"),
        Rule.NOT_DEFAULT_DATE: _("not a date that stands for an unknown one"),
        Outcome.ONLY_RECORD: _("the only record"),
        Outcome.ONLY_VALUE: _("the only value known"),
        Outcome.EVERY_VALUE: _("all values are kept"),
        Outcome.CIVIL_NAME: _("as in the civil name"),
        Outcome.PRESENT_RECORD: _("from a present record"),
        Outcome.TIE_BREAK: _("the first record received"),
        Outcome.STEWARD: _("set by a data steward"),
    }
)
"""Why a value was chosen."""

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ReviewReason.SUSPENDED: _("changed since it was decided"),
        ReviewReason.SOURCE_MERGE: _("joined at the source, doubtful here"),
        ReviewReason.MARGIN: _("tie between candidates"),
        ReviewReason.REFUSED: _("a rule forbids joining them"),
        ReviewReason.BETWEEN: _("doubt"),
        "second_steward": _("second answer"),
        "held_split": _("split held back"),
        "overlay": _("record became somebody else"),
        "identifier_conflict": _("disputed document"),
        "over_merge": _("possible over-merge"),
    }
)
"""Why a pair is asked about, in few words."""

ASKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        ReviewReason.SUSPENDED: _(
            "It was decided before, but one of the records has changed since. Please judge again."
        ),
        ReviewReason.SOURCE_MERGE: _(
            "The source says that the two are one record, but their data contradict that."
        ),
        ReviewReason.MARGIN: _(
            "Two candidates fit almost equally well; the machine joined neither of them."
        ),
        ReviewReason.REFUSED: _(
            "The two are much alike, but a rule forbids the machine to join them."
        ),
        ReviewReason.BETWEEN: _("The evidence is not enough to join them nor to leave them apart."),
        "second_steward": _("One steward has answered; the answer needs a second one."),
        "held_split": _(
            "New data would take these records apart; that is held back until a person decides."
        ),
        "overlay": _(
            "An update changed name, birth date and mother's name of one of these records at once. "
            "Is it still the same person?"
        ),
        "identifier_conflict": _("Both claim the same document."),
        "over_merge": _(
            "Both records belong to one citizen, but they contradict each other. "
            "Are they the same person?"
        ),
    }
)
"""The same as a sentence."""

GUARDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Guard.DIFFERENT_JUDGEMENT: _("A steward called them different people."),
        Guard.SAME_FAMILY: _("Both are active members of one declared family."),
        Guard.SAME_CLASS: _("Both are active pupils of one class."),
        Guard.TWO_CPFS: _("They have two different valid CPFs."),
        Guard.TWIN_PATTERN: _(
            "They look like twins: same mother and birth date, different given names."
        ),
        Guard.OTHER_PERSON: _("Their given names and their birth dates both differ."),
        Guard.ACTIVITY_AFTER_DEATH: _("One is noted as deceased, the other was seen afterwards."),
        Guard.RESTRICTED_BRIDGE: _("They would only meet through a protected record."),
    }
)
"""What forbids the machine to join two records."""

GUARD_TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Guard.DIFFERENT_JUDGEMENT: _("called different"),
        Guard.SAME_FAMILY: _("one family"),
        Guard.SAME_CLASS: _("one class"),
        Guard.TWO_CPFS: _("two valid CPFs"),
        Guard.TWIN_PATTERN: _("twins?"),
        Guard.OTHER_PERSON: _("name and birth differ"),
        Guard.ACTIVITY_AFTER_DEATH: _("seen after death"),
        Guard.RESTRICTED_BRIDGE: _("protected record"),
    }
)
"""The same in few words."""

VERDICTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Verdict.SAME: _("same person"),
        Verdict.DIFFERENT: _("different people"),
        Verdict.UNSURE: _("unsure"),
    }
)
