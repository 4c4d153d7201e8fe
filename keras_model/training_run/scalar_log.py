"""What TensorBoard is told of a run, as lines of JSON that need no TensorFlow to be read: `logs/scalars.jsonl`.

A line is `{"step": 10, "loss": 2.5, ...}`; a number that is not finite is null.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from keras_model.files.atomic import replacing

SCALARS_FILE = "scalars.jsonl"


class ScalarLog:
    """The lines of a run, which a resumed one goes on with.

    Args:
        folder: gets the file, and is made if absent.
        step: where the run stands. Lines of later steps, which it takes again, are dropped, and so is a torn one.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._path = folder / SCALARS_FILE
        folder.mkdir(parents=True, exist_ok=True)
        lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
        with replacing(self._path) as temporary:
            temporary.write_bytes(b"".join(line for line in lines if _is_until(line, step)))

    def write(self, step: int, numbers: Mapping[str, float]) -> None:
        """Appends the numbers of a step."""
        finite = {name: number if math.isfinite(number) else None for name, number in numbers.items()}
        with self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps({"step": step, **finite}) + "\n")


def _is_until(line: bytes, step: int) -> bool:
    try:
        return line.endswith(b"\n") and json.loads(line)["step"] <= step
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
