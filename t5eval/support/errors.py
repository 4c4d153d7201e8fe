"""The harness's own user errors; see `task_specs.support.errors.UserError` for what the command line makes of them."""

from task_specs.support.errors import UserError


class DataError(UserError):
    """A data file that is missing, damaged, or not what its benchmark distributes."""


class MissingFile(DataError):
    """A data file that is not there at all."""


class PredictionError(UserError):
    """Predictions that cannot be read or do not belong to the split."""


class RunError(UserError):
    """A run folder that is in use, incomplete, or was made with other settings."""


class MissingPackage(UserError):
    """An optional package is needed for what was asked."""
