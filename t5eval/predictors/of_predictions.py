"""Predictions that somebody made already, as a model: a file of one split's, or a folder with those of many."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from t5eval.data import Split, content_hashes
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.predictor import Answering, Generation, Predictor, Prepared, Rank, Sample
from t5eval.runs.folder import predictions_path
from t5eval.runs.origin import Origin
from t5eval.runs.prediction import Prediction
from t5eval.scoring.prediction_files import read_predictions, stored_predictions
from t5eval.support.errors import PredictionError
from task_specs import Decode
from task_specs.support.errors import UserError, quoted


class PredictionFiles(Predictor):
    """Answers with what stands in files.

    Args:
        path: a file with one split's predictions, or a folder that holds `predictions/TASK/SPLIT.jsonl`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise PredictionError(f"predictions:{path}: no such file or folder")

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """The hash of the file, or of all prediction files in the folder with their names."""
        if self.path.is_file():
            return {"predictions": hashlib.sha256(self.path.read_bytes()).hexdigest()}
        digest = hashlib.sha256()
        for path in sorted((self.path / "predictions").rglob("*.jsonl")):
            digest.update(f"{path.relative_to(self.path).as_posix()}\n".encode(errors="surrogateescape"))
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return {"predictions": digest.hexdigest()}

    def decoding(self, answering: Answering) -> Mapping[str, Any]:
        """Returns that the answers are a file's, which does not say how they were made.

        Raises:
            UserError: the answers are to be ranked or drawn.
        """
        if isinstance(answering, Rank | Sample):
            cannot = "rank answers" if isinstance(answering, Rank) else "draw answers"
            raise UserError(f"predictions:{self.path}: a file of predictions cannot {cannot}; leave --decode out")
        return {"method": "file"}

    def cache_identity(self) -> None:
        """Returns that its answers are those of examples, not of inputs."""
        return None

    def expect(self, splits: Sequence[Split]) -> None:
        """Looks whether there is a file for each split.

        Raises:
            PredictionError: files are absent; all are named.
            UserError: a single file is asked for several splits.
        """
        if self.path.is_file():
            if len(splits) > 1:
                raise UserError(
                    f"predictions:{self.path}: one file holds the predictions of one split; name it with --task and "
                    "--split"
                )
            return
        paths = [predictions_path(self.path, split.spec.name, split.split) for split in splits]
        absent = [str(path) for path in paths if not path.is_file()]
        if absent:
            raise PredictionError(
                f"{', '.join(absent)}: not found; name the tasks and splits that are there with --task and --split"
            )

    def begin(self, split: Split) -> None:
        """Reads a split's predictions.

        Raises:
            PredictionError: its file is damaged, has other ids, or is recorded as made on other data.
        """
        names = (split.spec.name, split.split)
        self._file = self.path if self.path.is_file() else predictions_path(self.path, *names)
        self._ids = [example.id for example in split]
        origin = Origin(self._file)
        origin.require(*names, content_hashes(split))
        self._texts = read_predictions(self._file, self._ids)
        # A store leaves out flags that are not set; another file leaves out what nobody knows.
        self._stored = stored_predictions(self._file, unsaid=False if origin.made_by else None)

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """Returns the predictions for the first texts of the split; each has a length of 1.

        Raises:
            PredictionError: one is missing.
        """
        ids = self._ids[: len(texts)]
        absent = [example_id for example_id in ids if example_id not in self._texts]
        if absent:
            raise PredictionError(
                f"{self._file}: no prediction for {len(absent):,} of {len(ids):,} ids, the first being "
                f"{quoted(absent[0])}; `t5eval score` counts them as wrong"
            )
        found = [self._stored.get(i) or Prediction(i, self._texts[i], truncated=None, hit_limit=None) for i in ids]
        return [Prepared(prediction, 1, prediction.truncated) for prediction in found]

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """Returns what the file says."""
        predictions: list[Prediction] = [prepared.payload for prepared in batch]
        return [
            Generation(p.text, p.hit_limit, p.ranking, log_likelihood=p.log_likelihood, no_answer=p.no_answer)
            for p in predictions
        ]


def open_predictions(path: str, options: ModelOptions) -> NamedModel:
    """Returns the predictions in a file or folder as a model.

    Raises:
        UserError: it is not there, or an option was given that only a model can follow.
    """
    options.refuse("a file of predictions", "dtype", "vocab", "strategy", "generation")
    return NamedModel(PredictionFiles(Path(path)), f"predictions:{Path(path).resolve()}")
