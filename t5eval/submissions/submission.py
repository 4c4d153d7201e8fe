"""What was written for a leaderboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import leaderboards
from t5eval.support.data_frames import Table


@dataclass(frozen=True)
class Submission(Table):
    """What was written.

    Attributes:
        path: the file.
        files: file name to rows.
        clipped: file name to how many numbers were clipped to the leaderboard's range.
        filled: task name to (missing, unreadable) answers that were filled.
        unmapped: task name to how many answers are not in the passage of which they should be a piece.
        left_out: task name to the reason why its file is not there.
        notes: what else was changed in the answers for the file's sake.
        verdict: what `t5eval check` says of the file, with the data at hand.
    """

    COLUMNS = ("file", "rows", "clipped")

    path: Path
    files: Mapping[str, int]
    clipped: Mapping[str, int]
    filled: Mapping[str, tuple[int, int]]
    unmapped: Mapping[str, int]
    left_out: Mapping[str, str]
    notes: Sequence[str]
    verdict: leaderboards.Verdict

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval submit --json` prints."""
        return {
            "path": str(self.path),
            "status": self.verdict.status,
            "files": dict(self.files),
            "clipped": dict(self.clipped),
            "filled": {task: {"missing": m, "unreadable": u} for task, (m, u) in self.filled.items()},
            "unmapped": dict(self.unmapped),
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
        }

    def rows(self) -> list[tuple[str, int, int]]:
        """Returns a row for each file: its name, rows and clipped numbers."""
        return [(name, n, self.clipped.get(name, 0)) for name, n in self.files.items()]
