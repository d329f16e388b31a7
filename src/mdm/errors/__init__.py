"""One class per refusal. A refusal has a code, says what and where, and knows no HTTP.

Texts never hold a personal value: they name fields, positions, files, keys of records and counts.
"""

from mdm.errors.base import MdmError as MdmError
from mdm.errors.base import NotFoundError as NotFoundError
from mdm.errors.serving import AccountError as AccountError
from mdm.errors.serving import AuditUnavailableError as AuditUnavailableError
from mdm.errors.serving import ForbiddenError as ForbiddenError
from mdm.errors.serving import IdempotencyKeyError as IdempotencyKeyError
from mdm.errors.serving import JobStateError as JobStateError
from mdm.errors.serving import LoginRefusedError as LoginRefusedError
from mdm.errors.serving import OverBudgetError as OverBudgetError
from mdm.errors.serving import PostOnlyError as PostOnlyError
from mdm.errors.serving import PurposeRequiredError as PurposeRequiredError
from mdm.errors.serving import ReviewTakenError as ReviewTakenError
from mdm.errors.serving import ServiceError as ServiceError
from mdm.errors.serving import StaleContentError as StaleContentError
from mdm.errors.serving import UnauthenticatedError as UnauthenticatedError
from mdm.errors.serving import VersionRequiredError as VersionRequiredError


class UnknownSourceError(NotFoundError):
    """No source of that name is declared."""

    code = "unknown_source"


class InvalidMunicipalIdError(MdmError):
    """The text is not a municipal ID, or its check character disagrees."""

    code = "invalid_municipal_id"


class IdWithdrawnError(MdmError):
    """The ID was minted by a plan that was reverted; it comes back with the same record."""

    code = "id_withdrawn"


class IdTombstoneError(NotFoundError):
    """A steward decided that nobody keeps the ID: it names nobody any more."""

    code = "id_tombstone"


class AmbiguousIdError(MdmError):
    """The ID was told to holders of both parts of a split: ask with source and local ID."""

    code = "ambiguous_id"


class NoRegistryError(MdmError):
    """The home folder holds no registry."""

    code = "no_registry"


class RegistryExistsError(MdmError):
    """The home folder holds a registry already."""

    code = "registry_exists"


class SchemaVersionError(MdmError):
    """The database was made by another version of the program."""

    code = "schema_version"


class DatabaseUnavailableError(MdmError):
    """The database does not answer or cannot be written."""

    code = "database_unavailable"


class LaneBusyError(MdmError):
    """Another process holds the writer lane."""

    code = "lane_busy"


class SourceDeclarationError(MdmError):
    """The declaration of a source has errors; the message lists all of them."""

    code = "source_declaration"


class SourceExistsError(MdmError):
    """A source of that name is declared differently."""

    code = "source_exists"


class FileRefusedError(MdmError):
    """A file as a whole cannot be read: the base of the refusals of ingest."""

    code = "file_refused"


class FileMissingError(FileRefusedError):
    """The file does not exist or cannot be opened."""

    code = "file_missing"


class FileIsDirectoryError(FileRefusedError):
    """A folder was named where a file is needed."""

    code = "file_is_directory"


class FileEmptyError(FileRefusedError):
    """The file holds no record."""

    code = "file_empty"


class FileArchiveError(FileRefusedError):
    """The file is an archive; unpack it first."""

    code = "file_archive"


class FileEncodingError(FileRefusedError):
    """The bytes are not in the encoding that the layout states."""

    code = "file_encoding"


class FileLayoutError(FileRefusedError):
    """The file is not in the layout that the source declares."""

    code = "file_layout"


class FileTruncatedError(FileRefusedError):
    """The file ends in the middle of a line or without its trailer."""

    code = "file_truncated"


class LoadHeldError(MdmError):
    """The load is stored but waits for `load accept`: it would withdraw too much or is short."""

    code = "load_held"


class LoadStateError(MdmError):
    """The load is not in a state that allows this."""

    code = "load_state"


class PlanStaleError(MdmError):
    """Too much changed since the plan was made: plan again."""

    code = "plan_stale"


class PlanStateError(MdmError):
    """The plan is not in a state that allows this."""

    code = "plan_state"


class LaterChangesError(MdmError):
    """The plan cannot be reverted: later work touched its citizens."""

    code = "later_changes"


class TooManyChangesError(MdmError):
    """The plan would change more existing IDs than allowed without --accept-changes."""

    code = "too_many_changes"


class ModelMismatchError(MdmError):
    """The data are unlike what the model was trained on: train, or accept the model."""

    code = "model_mismatch"


class ModelChangeError(MdmError):
    """The plan was made with another model than the one in force: look at it before it applies."""

    code = "model_change"


class ToleranceError(MdmError):
    """The model cannot state so small an error for these data."""

    code = "tolerance"


class ModelFileError(MdmError):
    """The model folder is missing, incomplete or altered."""

    code = "model_file"


class TrainingError(MdmError):
    """The data cannot train a model."""

    code = "training"


class JudgementConflictError(MdmError):
    """The judgement contradicts another decision or a guard."""

    code = "judgement_conflict"


class SplitHeldError(MdmError):
    """The answer would split a citizen, and no rule says which part keeps the ID: say it."""

    code = "split_held"


class ReviewFileError(MdmError):
    """The review file has lines that cannot be taken; nothing was taken."""

    code = "review_file"


class RekeyFileError(MdmError):
    """The map of old to new local IDs has lines that cannot be taken; nothing was taken."""

    code = "rekey_file"


class GoldenAttributeError(MdmError):
    """There is no such attribute of a golden record, or a steward cannot set it."""

    code = "golden_attribute"


class GoldenValueError(MdmError):
    """The value cannot stand in a golden record: it is not usable, or not to be told."""

    code = "golden_value"


class OverrideStateError(MdmError):
    """The value that a steward set is undone or lapsed already."""

    code = "override_state"


class NothingToLinkError(MdmError):
    """No record is loaded."""

    code = "nothing_to_link"


class BackupError(MdmError):
    """The backup could not be made or is not a backup of a registry."""

    code = "backup"


class LedgerError(MdmError):
    """The ledger does not tell a possible history: an event does not fit the state before it."""

    code = "ledger_broken"


class UsageError(MdmError):
    """The words of the command do not fit together."""

    code = "usage"


class DiskFullError(MdmError):
    """There is no room to write; nothing was changed."""

    code = "disk_full"


class OutOfMemoryError(MdmError):
    """The work needs more memory than it may use; what was not finished is undone."""

    code = "out_of_memory"


class TruthFileError(MdmError):
    """The truth file of an evaluation lacks columns or matches no record."""

    code = "truth_file"


class PolicyError(MdmError):
    """The survivorship policy has errors; the message lists all of them."""

    code = "policy"


class IdErasedError(MdmError):
    """Everything that was known under the ID was erased by law."""

    code = "id_erased"


class SealError(MdmError):
    """The citizen cannot be sealed so: the message says what is missing."""

    code = "seal"


class StateTransitionError(MdmError):
    """A record or citizen in this state cannot change in this way."""

    code = "state_transition"


class RetentionCapError(MdmError):
    """More records of a source are past their retention time than go without a person's word."""

    code = "retention_cap"
