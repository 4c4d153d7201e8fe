"""Whether files are still those that were looked at."""

from collections.abc import Iterable
from pathlib import Path

from task_specs.support.errors import UserError


class Unchanged:
    """Files as they are now, by their places on the disk, sizes and times of change.

    Args:
        name: what a message calls them together.
    """

    def __init__(self, name: str, files: Iterable[Path]) -> None:
        self._name = name
        self._files = tuple(files)
        self._states = tuple(map(_state, self._files))

    def require(self) -> None:
        """Raises a UserError if one of the files is another one now."""
        for file, state in zip(self._files, self._states, strict=True):
            if _state(file) != state:
                raise UserError(
                    f"{self._name}: {file} changed while it was being read, so that its hash may not be that of what "
                    f"was loaded; start again when nothing writes there"
                )


def _state(file: Path) -> tuple[int, ...] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
