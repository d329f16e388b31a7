"""Refusals of a service that answers readers."""

from mdm.errors.base import MdmError


class UnauthenticatedError(MdmError):
    """Nobody is named by the request: no token or session, or one that is not valid."""

    code = "unauthenticated"


class LoginRefusedError(UnauthenticatedError):
    """Name and password, or client and secret, do not belong together; which one is not told."""

    code = "login_refused"


class ForbiddenError(MdmError):
    """The reader's role, sector or purpose does not allow this."""

    code = "forbidden"


class PurposeRequiredError(MdmError):
    """Personal data are asked for without a purpose, or with an unknown one."""

    code = "purpose_required"


class OverBudgetError(MdmError):
    """Too many attempts or questions in a time; try again later."""

    code = "over_budget"


class AuditUnavailableError(MdmError):
    """The read cannot be noted, so it is not answered."""

    code = "audit_unavailable"


class AccountError(MdmError):
    """The account or client is there already, or cannot be as it was asked for."""

    code = "account"


class JobStateError(MdmError):
    """The job is not in a state that allows this."""

    code = "job_state"


class ServiceError(MdmError):
    """The service cannot be started, or ended by itself."""

    code = "service"


class PostOnlyError(MdmError):
    """The source's local ID is itself a CPF, CNS or NIS: such a number may not stand in a path."""

    code = "post_only"


class StaleContentError(MdmError):
    """What was judged is no longer what the registry holds: read it again."""

    code = "stale_content"


class VersionRequiredError(MdmError):
    """A decision must name what it is about: `If-Match`, with the `ETag` of what was read."""

    code = "if_match_required"


class ReviewTakenError(MdmError):
    """Another steward has claimed or decided the question; `conflict_with` says who, and what."""

    code = "review_taken"

    def __init__(
        self,
        message: str,
        *,
        conflict_with: dict[str, object] | None = None,
        where: str | None = None,
    ) -> None:
        super().__init__(message, where=where)
        self.conflict_with = {} if conflict_with is None else conflict_with


class IdempotencyKeyError(MdmError):
    """The key was used before, for another request."""

    code = "idempotency_key_reused"
