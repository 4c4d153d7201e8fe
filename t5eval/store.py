"""The prediction store: one append-only file of JSON lines per split, from which a killed run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from t5eval.errors import RunError
from t5eval.files import replacing, write_json
from t5eval.run_folder import predictions_path


@dataclass(frozen=True, slots=True)
class Prediction:
    """One generated text.

    Attributes:
        id: the example's id.
        text: what the model wrote.
        truncated: whether the input was cut to the task's length.
        hit_limit: whether the output ended at the length limit instead of by itself.
    """

    id: str
    text: str
    truncated: bool = False
    hit_limit: bool = False

    def line(self) -> bytes:
        """Returns the prediction as a line of the store; flags that are not set are left out."""
        record: dict[str, Any] = {"id": self.id, "prediction": self.text}
        if self.truncated:
            record["truncated"] = True
        if self.hit_limit:
            record["hit_limit"] = True
        return json.dumps(record, ensure_ascii=False).encode("utf-8") + b"\n"


class PredictionStore:
    """A split's predictions on disk.

    Opened, it holds what earlier processes finished: a torn last line is cut off. What made the predictions (model,
    specification, data, decoding) is kept beside them, and predictions made otherwise are not mixed in.
    """

    def __init__(self, run: Path, task: str, split: str, made_by: Mapping[str, Any]) -> None:
        """Opens a split's store in a run, creating it if it is not there.

        Raises:
            RunError: what is there was made with other settings, or is damaged.
        """
        self.path = predictions_path(run, task, split)
        self.task, self.split = task, split
        self.predictions: dict[str, Prediction] = {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._check_origin(dict(made_by))
        self._load()
        self._file = self.path.open("ab")

    def _check_origin(self, made_by: dict[str, Any]) -> None:
        origin = self.path.with_suffix(".meta.json")
        if not self.path.exists() or not self.path.stat().st_size:
            write_json(origin, made_by)  # nothing is here that could have been made otherwise
        elif not origin.exists():
            raise RunError(f"{self.path}: not written by t5eval evaluate; give another --out")
        else:
            try:
                before = json.loads(origin.read_text(encoding="utf-8"))
                if not isinstance(before, dict):
                    raise ValueError
            except ValueError:
                raise RunError(
                    f"{origin}: damaged; remove it and {self.path.name} to predict this split anew"
                ) from None
            other = [key for key in sorted({*before, *made_by}) if before.get(key) != made_by.get(key)]
            if other:
                raise RunError(
                    f"{self.path}: these predictions were made with another {', '.join(other)}; "
                    f"give another --out, or remove the file to predict this split anew"
                )

    def _load(self) -> None:
        if not self.path.exists():
            return
        raw = self.path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                record = json.loads(line)
                prediction = Prediction(
                    record["id"], record["prediction"], record.get("truncated", False), record.get("hit_limit", False)
                )
                if not isinstance(prediction.id, str) or not isinstance(prediction.text, str):
                    raise TypeError
            except (ValueError, KeyError, TypeError):
                raise RunError(
                    f"{self.path}: line {number}: damaged; remove the file to predict this split anew"
                ) from None
            self.predictions[prediction.id] = prediction
        if len(whole) != len(raw):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))

    def append(self, predictions: Iterable[Prediction]) -> None:
        """Adds a batch; when this returns, it survives a power cut. Ids that are already there are skipped."""
        fresh = [p for p in predictions if p.id not in self.predictions]
        self._file.write(b"".join(p.line() for p in fresh))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.predictions.update((p.id, p) for p in fresh)

    def finish(self, ids: Sequence[str]) -> None:
        """Puts the complete predictions into the order of `ids`: the file does not tell how often it was cut."""
        lines = b"".join(self.predictions[example_id].line() for example_id in ids)
        if self.path.read_bytes() == lines:
            return
        self._file.close()
        with replacing(self.path) as file:
            file.write(lines)
        self._file = self.path.open("ab")

    def __enter__(self) -> PredictionStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
