"""Answers in batches by token budget, sorted by length; one that memory does not hold comes in parts."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence

from t5eval.predictors.answering import answer_batch
from t5eval.predictors.halving import Halving
from t5eval.predictors.predictor import Answering, TextGenerator
from t5eval.runs.prediction import Prediction
from task_specs import TaskSpec, TextPair
from task_specs.errors import UserError

DEFAULT_BATCH_TOKENS = 8192
MAX_BATCH_ROWS = 256

Say = Callable[[str], None]
"""Told, a line at a time, what a user should know of how the predictions are made."""


def unheard(line: str) -> None:
    """Tells nobody."""


def plan_batches(lengths: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Returns batches of example indices, the longest inputs first, each within the token budget.

    A batch's cost is its longest input times its rows. The plan depends on the lengths alone, so that a resumed run
    makes the same batches as one that was never cut.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        rows = max(1, min(MAX_BATCH_ROWS, batch_tokens // max(lengths[order[start]], 1)))
        batches.append(order[start : start + rows])
        start += rows
    return batches


def generate_all(
    predictor: TextGenerator,
    spec: TaskSpec,
    pairs: Sequence[TextPair],
    answering: Answering | None = None,
    *,
    done: Container[str] = frozenset(),
    batch_tokens: int = DEFAULT_BATCH_TOKENS,
    say: Say = unheard,
) -> Iterator[list[Prediction]]:
    """Yields the predictions of one batch after another, leaving out batches of which every id is `done`.

    A batch that memory does not hold comes in parts.

    Args:
        answering: how they are answered; as the row says if None.
        done: ids that have their predictions.
        batch_tokens: see `plan_batches`.
        say: told of batches that memory does not hold.

    Raises:
        UserError: memory does not hold one input alone, or the model cannot answer so.
    """
    prepared = predictor.prepare([pair.inputs for pair in pairs], spec.lengths.inputs)
    if len(prepared) != len(pairs):
        raise UserError(f"the model prepares {len(prepared)} of {len(pairs)} inputs; it must prepare each")
    lengths = [p.length for p in prepared]

    def answer(part: Sequence[int]) -> list[Prediction]:
        ids = [pairs[i].id for i in part]
        return answer_batch(predictor, [prepared[i] for i in part], ids, spec, answering or spec.decode)

    halving = Halving(lengths, lambda i: f"{spec.name}: example {pairs[i].id}", say)
    for batch in plan_batches(lengths, batch_tokens):
        if not all(pairs[i].id in done for i in batch):
            for _, predictions in halving.run(batch, answer):
                yield predictions
