"""What all refusals are."""


class MdmError(Exception):
    """A named refusal: the command did nothing, and this says why.

    Attributes:
        code: Stable machine-readable name, snake case.
        where: What the refusal is about (a file and line, a load ID, a source), if anything.
    """

    code = "refused"

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where

    def as_dict(self) -> dict[str, str | None]:
        """The refusal as the command line and the API print it."""
        return {"code": self.code, "message": self.message, "where": self.where}


class NotFoundError(MdmError):
    """The thing named does not exist."""

    code = "not_found"
