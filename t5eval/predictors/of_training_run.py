"""A training run as a model: each task is answered by the checkpoint that did best on its validation set.

That is how Raffel et al. 2020 report fine-tuning. A task that has no validation set, as the diagnostic
ones, is answered by the newest checkpoint.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from t5eval.data import Split
from t5eval.predictors.model_name import ModelOptions, NamedModel
from t5eval.predictors.of_keras import KerasPredictor
from t5eval.predictors.predictor import Generation, Predictor, Prepared, Sample
from t5eval.runs.prediction import Ranking
from task_specs import Decode
from task_specs.support.errors import UserError


class BestCheckpoints(Predictor):
    """The checkpoints of a run, one of which is in memory at a time.

    Args:
        run: the folder of a training run.
        options: of each model.

    Raises:
        UserError: it has no checkpoint, or no validation score.
    """

    def __init__(self, run: Path, options: ModelOptions) -> None:
        from keras_model.training_run.run_checkpoints import best_checkpoints, less_is_better, newest_checkpoint

        self.run = run
        try:
            best = best_checkpoints(run / "checkpoints").items()
            self._best = {name: path for name, path in best if not less_is_better(name)}  # tasks, no held-out text
            newest = newest_checkpoint(run / "checkpoints")
        except ValueError as error:
            raise UserError(str(error)) from None
        if newest is None or not self._best:
            raise UserError(
                f"best:{run}: no checkpoint with validation scores there; name the folder of a training run"
            )
        self._newest = newest
        self._path: Path | None = None
        self._predictor: KerasPredictor
        paths = {newest, *self._best.values()}
        of_each = options.dtype or "float32", options.vocab, options.strategy or "none"
        # One for each, so that what is loaded is held against the hash that the run's files say.
        self._predictors = {path: KerasPredictor(path, *of_each) for path in sorted(paths)}

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """The hash over every task's name and model, and what all models have in common."""
        digest = hashlib.sha256()
        used = {"": self._newest, **self._best}
        identities = {path: predictor.identity for path, predictor in self._predictors.items()}
        self._require_own_vocabulary(identities)
        for task, path in sorted(used.items()):
            digest.update(f"{task} {identities[path]['model']}\n".encode())
        return {**identities[min(identities)], "model": digest.hexdigest()}

    def _require_own_vocabulary(self, identities: Mapping[Path, Mapping[str, str]]) -> None:
        """Raises a UserError if a checkpoint is given another vocabulary than its run records, or the others have."""
        from keras_model.training_run.run_checkpoints import read_progress

        begun_with = read_progress(self._newest).fixed.get("begun_with") or {}
        recorded = begun_with.get("vocabulary", identities[self._newest]["vocabulary"])
        for path, identity in identities.items():
            if identity["vocabulary"] != recorded:
                raise UserError(f"best:{self.run}: {path} has another vocabulary than the run was trained with")

    def expect(self, splits: Sequence[Split]) -> None:
        """Looks whether there is a checkpoint for each task.

        Raises:
            UserError: the run has not validated a task that has a validation set; all are named.
        """
        others = dict.fromkeys(split.spec for split in splits if split.spec.name not in self._best)
        lacking = [spec.name for spec in others if "validation" in spec.source.splits]
        if lacking:
            raise UserError(
                f"best:{self.run}: no checkpoint is the best for {', '.join(lacking)}: the run did not validate "
                f"{'it' if len(lacking) == 1 else 'them'}. Name the tasks that it did with --task "
                f"({', '.join(sorted(self._best))}), and answer others with {self._newest}."
            )

    def begin(self, split: Split) -> None:
        """Turns to the checkpoint of a split's task."""
        path = self._best.get(split.spec.name, self._newest)
        if path != self._path:
            if self._path is not None:
                self._predictor.release()
            self._path = path
            self._predictor = self._predictors[path]

    @property
    def current(self) -> KerasPredictor:
        """The checkpoint that answers the split begun; before the first, the newest."""
        return self._predictor if self._path else self._predictors[self._newest]

    def cache_identity(self) -> Mapping[str, str]:
        """Returns the identity of the checkpoint that answers, which may be asked by its own name as well."""
        return (self._predictor if self._path else self).identity

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        """See `Predictor.prepare`."""
        return self._predictor.prepare(texts, max_tokens)

    def compiles_shapes(self) -> bool:
        """See `Compiling.compiles_shapes`."""
        return self._predictor.compiles_shapes()

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode | Sample) -> list[Generation]:
        """See `Predictor.generate`."""
        return self._predictor.generate(batch, max_new_tokens, decode)

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        """See `Predictor.rank`."""
        return self._predictor.rank(batch, answers)

    def count_unwritable(self, texts: Sequence[str]) -> int:
        """See `Predictor.count_unwritable`; the checkpoints have one vocabulary."""
        return self.current.count_unwritable(texts)

    def device(self) -> str | None:
        """See `Predictor.device`."""
        return self._predictor.device() if self._path else None


def open_training_run(path: str, options: ModelOptions) -> NamedModel:
    """Returns a training run's best checkpoints as one model.

    Raises:
        UserError: there are none, or an option does not apply to them.
    """
    options.refuse("a Keras T5", "generation")
    return NamedModel(BestCheckpoints(Path(path), options), f"best:{Path(path).resolve()}")
