"""What a citizen's page shows."""

from dataclasses import dataclass

from mdm_api.web.views.frame import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What must be seen before anything else.

    Attributes:
        kind: "info", "warning" or "danger".
        icon: Name of its symbol.
        heading, text: What it says.
        link, link_label: Where to act on it.
    """

    kind: str
    icon: str
    heading: str
    text: str
    link: str | None = None
    link_label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    """A service that knows the citizen.

    Attributes:
        source: Title of the source.
        sector: In words.
        unit: Name of the unit; "" where not given.
        status, status_kind: In words; "success", "neutral" or "warning".
        since, last_seen: dd/mm/aaaa; "" where not given.
        local_id: The source's own key, as far as it may be shown.
    """

    source: str
    sector: str
    unit: str
    status: str
    status_kind: str
    since: str
    last_seen: str
    local_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A member of the declared family.

    Attributes:
        name: As far as it may be shown.
        relation: To the reference person.
        municipal_id: To open them; None where they may not be opened.
        is_self: Whether it is the citizen of this page.
    """

    name: str
    relation: str
    municipal_id: str | None = None
    is_self: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A family as one source declares it.

    Attributes:
        source: Title of the source.
        household_id: The source's key of the family; "" where it gives none.
        members: Its members; the citizen among them.
        guardian: Whom to call for a child; "" where not given.
        hidden: Whether its key and members may not be shown.
    """

    source: str
    household_id: str
    members: tuple[Relative, ...]
    guardian: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A value that is shown whole only on request, which is noted.

    Attributes:
        field: Names it in the form, and in the trace.
        label: What it is.
        shown: The value, masked or whole.
        spoken: What of it can be read, for who listens.
        source: Title of the source that gave it.
        revealed: Whether it stands whole.
        can_reveal: Whether the reader may ask for it.
    """

    field: str
    label: str
    shown: str
    spoken: str = ""
    source: str = ""
    revealed: bool = False
    can_reveal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A value that was not chosen, with the titles of the sources that have it."""

    value: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A value and where it is from.

    Attributes:
        label: What it is.
        value: In words.
        source: Title of the source.
        as_of: Day the record was last known to be current; "" where unknown.
        why: Why this value was chosen, one sentence.
        others: Values that were not chosen.
        hidden: Set where the value is masked, and shown on request.
    """

    label: str
    value: str
    source: str
    as_of: str
    why: str
    others: tuple[Other, ...] = ()
    hidden: Hidden | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenPage:
    """A citizen as a caseworker reads them.

    Attributes:
        municipal_id, shown_id: Their ID; as people write it.
        merged_from: The ID asked for, as people write it, where it is another one.
        headline: The name they go by.
        civil_name: To be revealed, where it differs from the headline; None elsewhere.
        birth, age, mother: In words; "" where unknown.
        chips: Short facts beside the name: kind and text.
        banners: In the order of their weight.
        attended: Which services know them.
        families: As sources declare them.
        identifiers: Numbers of documents.
        contacts: Phones, e-mails.
        known: Values with their origin.
        updated: dd/mm/aaaa: the latest day at which a record was known to be current.
        purpose: For which the page is open, in words.
        until: Hour at which the purpose is asked again.
    """

    municipal_id: str
    shown_id: str
    headline: str
    merged_from: str | None = None
    civil_name: Hidden | None = None
    birth: str = ""
    age: str = ""
    mother: str = ""
    chips: tuple[tuple[str, str], ...] = ()
    banners: tuple[Banner, ...] = ()
    attended: tuple[Attendance, ...] = ()
    families: tuple[Family, ...] = ()
    identifiers: tuple[Hidden, ...] = ()
    contacts: tuple[Hidden, ...] = ()
    known: tuple[Known, ...] = ()
    updated: str = ""
    purpose: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event in the life of a citizen: dd/mm/aaaa hh:mm, and a sentence."""

    when: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """The life of a citizen.

    Attributes:
        municipal_id, shown_id: Their ID; as people write it.
        events: From the first to the last.
        banners: What must be known before anything else.
    """

    municipal_id: str
    shown_id: str
    events: tuple[Happened, ...]
    banners: tuple[Banner, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposePage:
    """The question what a citizen's page is opened for.

    Attributes:
        municipal_id, shown_id: The citizen.
        purposes: The answers that the reader may give.
        error: Set where none was given.
    """

    municipal_id: str
    shown_id: str
    purposes: tuple[Choice, ...]
    error: str | None = None
