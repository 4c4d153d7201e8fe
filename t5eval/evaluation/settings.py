"""A run's settings: how its splits are predicted, and what its files say of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from t5eval.data import Split
from t5eval.evaluation.batches import DEFAULT_BATCH_TOKENS, MAX_BATCH_ROWS
from t5eval.metrics.bootstrap import RESAMPLES, SEED
from t5eval.predictors.predictor import Answering
from t5eval.runs.environment import checkout, machine
from t5eval.runs.origin import UNSAID
from t5eval.runs.results import library_versions
from t5eval.support.plugin_record import LOADED
from task_specs import TaskSpec


@dataclass(frozen=True)
class RunSettings:
    """How a run's splits are predicted, the model itself apart.

    Attributes:
        command: what results.json says made it.
        model_name: the name that finds the model again.
        strategy: where a Keras T5 runs, as it was asked for.
        answering: task name to how it is answered; as its row says where it is not named.
        batch_tokens: the most input tokens of a batch, padding included.
        limit: predict and score the first examples of each split only; None for all.
        task_files: task name to the file that its row is from; None where none is from a file.
    """

    command: str
    model_name: str
    strategy: str | None = None
    answering: Mapping[str, Answering] = field(default_factory=dict)
    batch_tokens: int = DEFAULT_BATCH_TOKENS
    limit: int | None = None
    task_files: Mapping[str, str] | None = None

    def answering_of(self, spec: TaskSpec) -> Answering:
        """Returns how a task is answered."""
        return self.answering.get(spec.name, spec.decode)

    def made_by(self, identity: Mapping[str, str], split: Split, decode: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what SPLIT.meta.json says beside a split's predictions.

        Args:
            split: the split, which was read.
            decode: what the predictor says of how it answers.
        """
        return {
            **identity,
            "specification": split.spec.fingerprint,
            "data": split.summary.fingerprint,
            "limit": self.limit,
            "batch_tokens": self.batch_tokens,
            "decode": decode,
        }

    def call(self, identity: Mapping[str, str], device: str | None) -> dict[str, Any]:
        """Returns what results.json says of the command that made a result.

        Args:
            device: what it ran on, None if it did not.
        """
        files = {} if self.task_files is None else {"task_files": dict(self.task_files)}
        return {
            "command": self.command,
            "model_name": self.model_name,
            "strategy": self.strategy,
            **files,
            "model": dict(identity),
            "batch_tokens": self.batch_tokens,
            "batch_rows": MAX_BATCH_ROWS,
            "dtype": identity.get("dtype"),
            "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
            "device": device,
            "versions": library_versions(),
            "plugins": dict(LOADED),
            "checkout": checkout(),
            "machine": machine(),
        }


def unsaid(spec: TaskSpec) -> dict[str, Any]:
    """Returns what made predictions beside which it is not said: every row was answered in its own way then."""
    return {**UNSAID, "decode": asdict(spec.decode)}
