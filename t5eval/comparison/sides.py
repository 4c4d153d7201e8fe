"""One side of a comparison: a run's folder, or a file with the predictions for one split."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from t5eval.runs.calls import call_of
from t5eval.runs.folder import predictions_path, read_config
from t5eval.runs.origin import ASKED, RAN_ON, SENT, Origin
from t5eval.runs.prediction import Prediction
from t5eval.runs.results import read_results
from t5eval.scoring.prediction_files import read_predictions, stored_probabilities
from t5eval.support.errors import PredictionError
from task_specs import SPLITS
from task_specs.texts.prompt import OWN

HASH = re.compile("[0-9a-f]{64}")
# What a split's predictions were made with besides the model, which is all else that stands beside them.
OF_THE_MACHINE = ("processor", "features", "threads", "environment")
NOT_THE_MODEL = ("specification", "data", "limit", "batch_tokens", "decode", "dtype", *ASKED)


@dataclass(frozen=True)
class Side:
    """Where one side's predictions lie, and what is recorded of how they were made.

    Attributes:
        name: what it is called in messages and tables: `A` or `B`.
        path: a run's folder, or a prediction file.
    """

    name: str
    path: Path

    def __post_init__(self) -> None:
        if not self.path.exists():
            raise PredictionError(f"{self.path}: no such file or folder; compare takes run folders or prediction files")
        if self.is_run and not self.found:
            raise PredictionError(f"{self.path}: holds no predictions/TASK/SPLIT.jsonl")

    @property
    def is_run(self) -> bool:
        """Whether it is a folder of many splits' predictions."""
        return self.path.is_dir()

    @cached_property
    def found(self) -> list[tuple[str, str]]:
        """The tasks and splits that a run has predictions for, in the order of their names."""
        folder = self.path / "predictions"
        files = [file for file in folder.rglob("*.jsonl") if file.stem in SPLITS and file.parent != folder]
        found = [(file.parent.relative_to(folder).as_posix(), file.stem) for file in files]
        return sorted(found, key=lambda pair: (pair[0], SPLITS.index(pair[1])))

    @cached_property
    def stored_as(self) -> dict[tuple[str, str], str]:
        """What it calls a task and split, where that is another prompt's name than the other side's."""
        return {}

    def _path(self, task: str, split: str) -> Path:
        if not self.is_run:
            return self.path
        return predictions_path(self.path, self.stored_as.get((task, split), task), split)

    def has(self, task: str, split: str) -> bool:
        """Returns whether it may have predictions for a split; a file has them for whatever it is compared on."""
        return self._path(task, split).is_file()

    def predictions(self, task: str, split: str, ids: Sequence[str]) -> dict[str, str]:
        """Returns a split's predictions by id, as `read_predictions` does."""
        return read_predictions(self._path(task, split), ids)

    def probabilities(self, task: str, split: str) -> dict[str, Prediction]:
        """Returns how probable a split's answers were, by id, as `stored_probabilities` does."""
        return stored_probabilities(self._path(task, split))

    @cached_property
    def recorded(self) -> bool:
        """Whether anything is recorded of how the predictions were made."""
        return any(self.made_by(*pair) for pair in self.found) if self.is_run else bool(Origin(self.path).made_by)

    @cached_property
    def results(self) -> dict[str, Any]:
        """What results.json says, empty where there is none."""
        return (read_results(self.path) if self.is_run else None) or {}

    @cached_property
    def data_dir(self) -> str | None:
        """The data that the run's configuration names.

        Raises:
            RunError: the configuration cannot be read.
        """
        if not self.is_run:
            return None
        named: str | None = read_config(self.path).get("evaluate", {}).get("data_dir")
        return named

    def made_by(self, task: str, split: str) -> dict[str, Any]:
        """Returns what a split's predictions were made with, empty where nothing is recorded.

        Raises:
            RunError: what is recorded cannot be read.
        """
        return dict(Origin(self._path(task, split)).made_by)

    def settings(self, task: str, split: str) -> dict[str, Any]:
        """Returns all that is recorded of how a split was predicted, by a name for each setting."""
        made_by = self.made_by(task, split)
        ran_on = made_by.pop(RAN_ON, None)
        made_by.pop(SENT, None)
        named = {"model": self.results["model_name"]} if "model_name" in self.results else {}
        model = {
            f"{key} hash" if HASH.fullmatch(str(value)) else key: value
            for key, value in made_by.items()
            if key not in NOT_THE_MODEL
        }
        others = {key: made_by[key] for key in NOT_THE_MODEL if key in made_by}
        if made_by:
            others.setdefault("prompt", OWN)
        if isinstance(decode := others.get("decode"), Mapping):  # each setting of the folder by its own name
            own = decode.get("generation_config")
            others["decode"] = {key: value for key, value in decode.items() if key != "generation_config"}
            others |= {f"generation_config {key}": v for key, v in own.items()} if isinstance(own, Mapping) else {}
        name = self.stored_as.get((task, split), task)
        result = self.results.get("results", {}).get(name, {}).get(split, {})
        call = call_of(self.results, result)
        versions = call.get("versions")
        libraries = versions.items() if isinstance(versions, Mapping) else ()
        machine = call.get("machine")
        ran = (
            {f"machine's {key}": machine[key] for key in OF_THE_MACHINE if key in machine}
            if isinstance(machine, Mapping)
            else {}
        )
        device = {"device": found} if (found := ran_on or call.get("device")) else {}
        return {**named, **model, **others, **{f"version of {name}": v for name, v in libraries}, **device, **ran}
