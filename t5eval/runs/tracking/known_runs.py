"""Which run a folder is at a tracker: a file in it says that, and the next command goes on in the same run."""

from pathlib import Path

from t5eval.support.files import write_json
from t5eval.support.strict_json import parse_json
from task_specs.support.errors import UserError


class KnownRuns:
    """The ids that a folder has at a tracker, by the project or experiment there.

    Args:
        path: the file of the folder, which need not be there.
        tracker: what the tracker is called, for messages.

    Raises:
        UserError: the file holds something else.
    """

    def __init__(self, path: Path, tracker: str) -> None:
        self._path = path
        try:
            ids = parse_json(path.read_bytes()) if path.exists() else {}
        except ValueError as error:
            raise UserError(f"{path}: not a JSON file: {error}; without it, a new run begins at {tracker}") from None
        if not isinstance(ids, dict) or not all(isinstance(known, str) for known in ids.values()):
            raise UserError(f"{path}: expected project to id; without it, a new run begins at {tracker}")
        self._ids: dict[str, str] = ids

    def get(self, project: str) -> str | None:
        """Returns the id of the folder's run in a project, None if it has none yet."""
        return self._ids.get(project)

    def put(self, project: str, known: str) -> None:
        """Stores the id of the folder's run in a project."""
        self._ids[project] = known
        write_json(self._path, self._ids)
