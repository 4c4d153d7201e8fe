"""A run's settings: how its splits are predicted, and what its files say of that."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from t5eval.data import Split
from t5eval.evaluation.batches import DEFAULT_BATCH_TOKENS, MAX_BATCH_ROWS
from t5eval.metrics.bootstrap import RESAMPLES, SEED
from t5eval.predictors.predictor import Answering, Predictor
from t5eval.prompts.asking import AS_THEY_ARE, Asking
from t5eval.runs.environment import machine
from t5eval.runs.origin import SHARD, UNSAID
from t5eval.runs.results import library_versions
from t5eval.support.plugin_record import LOADED
from t5eval.support.shard import Shard
from t5eval.support.version import checkout
from task_specs import TaskSpec

CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"]*@")
"""User and password in an address, which no file of a run holds."""


@dataclass(frozen=True)
class RunSettings:
    """How a run's splits are predicted, the model itself apart.

    Attributes:
        command: what results.json says made it.
        model_name: the name that finds the model again.
        strategy: where a Keras T5 runs, as it was asked for.
        answering: task name to how it is answered; as its row says where it is not named.
        max_new_tokens: the longest output in tokens; as each row says if None.
        batch_tokens: the most input tokens of a batch, padding included.
        limit: predict and score the first examples of each split only; None for all.
        price: what a million tokens cost that are read, and that are written.
        task_files: task name to the file that its row is from; None where none is from a file.
        asking: with which shots, and whether in a chat.
        shard: the share that is predicted here; None for all of it.
    """

    command: str
    model_name: str
    strategy: str | None = None
    answering: Mapping[str, Answering] = field(default_factory=dict)
    max_new_tokens: int | None = None
    batch_tokens: int = DEFAULT_BATCH_TOKENS
    limit: int | None = None
    price: tuple[float, float] | None = None
    task_files: Mapping[str, str] | None = None
    asking: Asking = AS_THEY_ARE
    shard: Shard | None = None

    def answering_of(self, spec: TaskSpec) -> Answering:
        """Returns how a task is answered."""
        return self.answering.get(spec.name, spec.decode)

    def decode(self, predictor: Predictor, spec: TaskSpec) -> dict[str, Any]:
        """Returns what is recorded of how a task's answers come about, but for its row's lengths.

        Raises:
            UserError: the model cannot answer so.
        """
        limit = {} if self.max_new_tokens is None else {"max_new_tokens": self.max_new_tokens}
        return {**predictor.decoding(self.answering_of(spec)), **limit}

    def made_by(self, identity: Mapping[str, str], split: Split, decode: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what SPLIT.meta.json says beside a split's predictions.

        Args:
            split: the split, which was read.
            decode: how answers come about.
        """
        return {
            **identity,
            "specification": split.spec.fingerprint,
            "data": split.summary.fingerprint,
            "limit": self.limit,
            "batch_tokens": self.batch_tokens,
            "decode": decode,
            **self.asking.recorded(split.spec),
            **({} if self.shard is None else {SHARD: str(self.shard)}),
        }

    def call(self, identity: Mapping[str, str], device: str | None) -> dict[str, Any]:
        """Returns what results.json says of the command that made a result.

        Args:
            device: what it ran on, None if it did not.
        """
        files = {} if self.task_files is None else {"task_files": dict(self.task_files)}
        return {
            "command": CREDENTIALS.sub("", self.command),
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
