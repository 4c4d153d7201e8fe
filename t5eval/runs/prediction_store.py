"""The prediction store: one append-only file of JSON lines per split, from which a killed run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from keras_model.files.atomic import naming, replacing
from t5eval.runs.folder import predictions_path
from t5eval.runs.origin import RAN_ON, SENT, Origin, read_record
from t5eval.runs.prediction import Prediction
from t5eval.support.errors import RunError
from t5eval.support.files import write_json
from task_specs.support.errors import quoted

NOTHING_SENT: Mapping[str, Any] = {"input_tokens": None, "shots_dropped": None}
"""What is known of a store that does not say what was sent."""


class PredictionStore:
    """A split's predictions on disk.

    Opened, it holds what earlier processes finished: a torn last line is cut off. What made the predictions (model,
    specification, data, decoding) is kept beside them, and predictions made otherwise are not mixed in.

    Attributes:
        device: what the model ran on that made them; None where that is not known, or nothing ran.
        sent: what was sent, counted, by name.
    """

    def __init__(
        self, run: Path, task: str, split: str, made_by: Mapping[str, Any], unsaid: Mapping[str, Any] | None = None
    ) -> None:
        """Opens a split's store in a run, creating it if it is not there.

        Args:
            made_by: what makes the predictions, as JSON data.
            unsaid: what was the case in stores that do not say so, being older than the setting.

        Raises:
            RunError: what is there was made with other settings, or is damaged.
        """
        self.run = run
        self.path = predictions_path(run, task, split)
        self.task, self.split = task, split
        self.predictions: dict[str, Prediction] = {}
        self.device: str | None = None
        self.sent: Mapping[str, Any] = NOTHING_SENT
        self._made_by = dict(made_by)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._check_origin(self._made_by, dict(unsaid or {}))
        self._load()
        self._file = self.path.open("ab")

    def _check_origin(self, made_by: dict[str, Any], unsaid: dict[str, Any]) -> None:
        origin = Origin(self.path).path
        if not self.path.exists() or not self.path.stat().st_size:
            write_json(origin, made_by)  # nothing is here that could have been made otherwise
        elif not origin.exists():
            raise RunError(f"{self.path}: not written by t5eval evaluate; give another --out")
        else:
            try:
                before = read_record(origin)
            except ValueError:
                raise RunError(
                    f"{origin}: damaged; remove it and {self.path.name} to predict this split anew"
                ) from None
            before, now = unsaid | before, unsaid | json.loads(json.dumps(made_by))  # a tuple comes back as a list
            self.device, self.sent = before.pop(RAN_ON, None), before.pop(SENT, NOTHING_SENT)
            other = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
            if other:
                raise RunError(
                    f"{self.path}: these predictions were made with {differing(other, before, now)}; "
                    f"give another --out, or remove the file to predict this split anew"
                )

    def _load(self) -> None:
        if not self.path.exists():
            return
        raw = self.path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        self.predictions = {prediction.id: prediction for prediction in _parsed(self.path, whole)}
        if len(whole) != len(raw):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))

    def require_ids(self, ids: Sequence[str]) -> None:
        """Raises a RunError if there is a prediction of an example that the split does not have."""
        known = set(ids)
        for number, example_id in enumerate(self.predictions, start=1):
            if example_id not in known:
                raise RunError(
                    f"{self.path}: line {number}: the split has no example {quoted(example_id)}; remove the file to "
                    f"predict this split anew"
                )

    def noted(self, device: str | None, sent: Mapping[str, Any]) -> None:
        """Records what makes the predictions that come next, an earlier process may have had another device; and what
        is sent, counted."""
        # Names, not texts: "cuda:1" is a part of "cuda:10", and another device.
        named = [*(self.device or "").split(", "), *(device or "").split(", ")]
        now = ", ".join(dict.fromkeys(filter(None, named))) or None
        if now == self.device and sent == self.sent:
            return
        self.device, self.sent = now, dict(sent)
        ran = {RAN_ON: now} if now else {}
        write_json(Origin(self.path).path, {**self._made_by, **ran, SENT: self.sent})

    def append(self, predictions: Iterable[Prediction]) -> None:
        """Adds a batch; when this returns, it survives a power cut. Ids that are already there are skipped."""
        fresh = [p for p in predictions if p.id not in self.predictions]
        with naming(self.path):
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
        with replacing(self.path) as temporary:
            temporary.write_bytes(lines)
        self._file = self.path.open("ab")

    def __enter__(self) -> PredictionStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def stored(run: Path, task: str, split: str) -> list[Prediction]:
    """Returns a split's predictions in a run that nobody is working in; none if there is no file.

    Raises:
        RunError: the file cannot be read, or is damaged.
    """
    path = predictions_path(run, task, split)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    return list(_parsed(path, raw))


def _parsed(path: Path, lines: bytes) -> Iterator[Prediction]:
    for number, line in enumerate(lines.splitlines(), start=1):
        try:
            yield Prediction.from_line(line)
        except (ValueError, KeyError, TypeError):
            raise RunError(f"{path}: line {number}: damaged; remove the file to predict this split anew") from None


def differing(keys: Sequence[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Returns in what predictions differ from those that are asked for: `another limit`; of lists, what is in them."""
    several = [key for key in keys if isinstance(before.get(key, now.get(key)), list)]
    single = [key for key in keys if key not in several]
    parts = [f"another {', '.join(single)}"] if single else []
    for key in several:
        then, wanted = (", ".join(map(str, found.get(key) or ())) or "none" for found in (before, now))
        parts.append(f"other {key} ({then}; now {wanted})")
    return " and ".join(parts)
