"""What made a file of predictions: the record beside it, read in one place and compared wherever the file is used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from t5eval.support.errors import PredictionError, RunError
from t5eval.support.strict_json import parse_json
from task_specs import SPLITS

RAN_ON = "ran_on"
"""The key of the device, which alone may change between the processes of a run."""
SENT = "sent"
"""The key of what was sent, counted: it follows from the rest, and is not compared."""
SHARD = "shard"
"""The key of the share that was predicted, `I/N`, in what one of several jobs made."""
ASKED = ("prompt", "prompt_form", "shots", "shot_seed", "chat", "system", "filters")
"""How a split was asked, in a record where that is not as usual."""
OF_THE_SPLIT = ("specification", "data", "limit", "batch_tokens", "decode", RAN_ON, SENT, SHARD, *ASKED)
"""What is recorded of a split; all else tells the model."""
UNSAID: Mapping[str, Any] = {"dtype": "float32"}
"""What is true of models in files that do not say it, being older than the choice."""


@dataclass(frozen=True)
class Origin:
    """What is recorded of how a file of predictions was made: `SPLIT.meta.json` beside `SPLIT.jsonl`.

    A file that was made by hand has no such record, and then there is nothing to compare.

    Attributes:
        predictions: the file.
    """

    predictions: Path

    @property
    def path(self) -> Path:
        """Where the record lies, if there is one."""
        return self.predictions.with_suffix(".meta.json")

    @cached_property
    def made_by(self) -> dict[str, Any]:
        """What is recorded, empty where nothing is.

        Raises:
            RunError: what is recorded cannot be read.
        """
        if not self.path.is_file():
            return {}
        try:
            return {**UNSAID, **read_record(self.path)}
        except ValueError:
            raise RunError(
                f"{self.path}: damaged; without it, nothing is known of how {self.predictions.name} was made: "
                f"remove it to use the predictions all the same"
            ) from None

    @property
    def model(self) -> dict[str, Any]:
        """What tells the model that made the predictions, empty where it is not recorded."""
        return {key: value for key, value in self.made_by.items() if key not in OF_THE_SPLIT}

    def fault(self, task: str, split: str, data: Iterable[str]) -> str | None:
        """Returns why the predictions are not those of a split, None where nothing recorded says so.

        Args:
            data: the content hashes that the split may have, looked at only as far as needed.
        """
        if "data" not in self.made_by or self.made_by["data"] in data:
            return None
        other = self.predictions.stem
        what = f"of the split {other}" if other in SPLITS and other != split else "of other data"
        return f"{self.path.name} says that these predictions are {what}, not of the {task} {split} that is read now"

    def require(self, task: str, split: str, data: Iterable[str]) -> None:
        """Raises a PredictionError if the predictions are recorded as those of other data; see `fault`."""
        if fault := self.fault(task, split, data):
            raise PredictionError(
                f"{self.predictions}: {fault}. Name the data that they were made on, or predict this data into another "
                f"run; without {self.path.name} beside it, the file counts as made by hand"
            )

    def caution(self, specification: str) -> str | None:
        """Returns that the task's row was another one when the predictions were made, None where it was this one.

        Args:
            specification: the row's fingerprint.
        """
        if self.made_by.get("specification", specification) == specification:
            return None
        return "predicted under another specification of the task: its input texts or its answers may have differed"

    def part(self, examples: int) -> str | None:
        """Returns that the predictions are of some of a split's examples only, None where they are of all."""
        if shard := self.made_by.get(SHARD):
            return f"these are the predictions of shard {shard} alone; `t5eval merge` joins it with the others"
        limit = self.made_by.get("limit")
        if limit is None or limit >= examples:
            return None
        return f"the first {limit:,} of {examples:,} examples were predicted (--limit {limit}); the others are missing"


def read_record(path: Path) -> dict[str, Any]:
    """Returns what a SPLIT.meta.json says.

    Raises:
        ValueError: it is damaged.
        OSError: it cannot be read.
    """
    found = parse_json(path.read_bytes())
    if not isinstance(found, dict) or not isinstance(found.get("limit"), int | None):
        raise ValueError(f"{path}: not a record of predictions")
    return found


def require_one_model(origins: Mapping[str, Origin]) -> None:
    """Raises an error if the predictions of several tasks, by name, are recorded as those of different models.

    Raises:
        PredictionError: as said.
    """
    models = {task: origin.model for task, origin in origins.items() if origin.model}
    if not models:
        return
    first, model = next(iter(models.items()))
    for task, other in models.items():
        keys = [key for key in {**model, **other} if model.get(key) != other.get(key)]
        if keys:
            key = keys[0]
            raise PredictionError(
                f"{origins[task].path}: {task} was predicted by another model than {first} "
                f"({key} {_said(other.get(key))}, not {_said(model.get(key))}); one submission is of one model"
            )


def _said(value: Any) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) > 12 else text
