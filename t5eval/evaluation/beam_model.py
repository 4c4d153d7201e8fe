"""A predictor as Beam's `RunInference` takes a model; the one module that needs Beam to be imported."""

from collections.abc import Mapping, Sequence
from typing import Any

from apache_beam.ml.inference.base import ModelHandler

from t5eval.evaluation.beam_worker import Opened, Work
from t5eval.support.shard import Shard


class SharesModel(ModelHandler):
    """Answers shares of splits, each given as its split's number and the shard.

    Args:
        work: what workers need to know.
    """

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def load_model(self) -> Opened:
        """Returns the model of this process."""
        return self._work.opened()

    def run_inference(
        self, batch: Sequence[tuple[int, Shard]], model: Opened, inference_args: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Returns the names of the shares that were answered and stored."""
        return [model.answer(self._work, number, shard) for number, shard in batch]

    def should_skip_batching(self) -> bool:
        """Returns True: which examples make a batch is the harness's to say, or answers might differ."""
        return True
