"""What surrounds every page: who is logged in, where they are, what just happened."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who is logged in.

    Attributes:
        name: As colleagues read it.
        role: Their role, in words.
        unit: Their unit or sector, in words.
        csrf: What forms of their session carry.
        reviews: Whether they decide pairs.
        searches: Whether they look up citizens.
    """

    name: str
    role: str
    unit: str
    csrf: str
    reviews: bool
    searches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The decision just taken, which a key takes back.

    Attributes:
        review_id: The question decided.
    """

    review_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The surroundings of a page.

    Attributes:
        title: Of the page.
        section: Which entry of the menu is current: "search", "review", "help" or "".
        path: Where the page lies, for coming back to it.
        user: None where nobody is logged in.
        status: What just happened, read out once; None where nothing did.
        undo: What can be taken back.
    """

    title: str
    section: str = ""
    path: str = "/"
    user: User | None = None
    status: str | None = None
    undo: Undo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several answers to a question.

    Attributes:
        value: What the form sends.
        label: What people read.
        chosen: Whether it is preselected.
    """

    value: str
    label: str
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A page that only says something: refusals, faults, IDs that name nobody.

    Attributes:
        kind: "info", "warning" or "danger".
        heading: In few words.
        text: What it means for the reader.
        advice: What they can do now.
        code: To name to support; None where nobody needs it.
        link, link_label: Where to go on.
    """

    kind: str
    heading: str
    text: str
    advice: str | None = None
    code: str | None = None
    link: str | None = None
    link_label: str | None = None
