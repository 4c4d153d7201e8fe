"""How each task is answered, as its row or as `--decode` says, and the answers to a batch."""

import math
from collections.abc import Callable, Sequence, Set

import numpy as np

from t5eval.predictors.predictor import Answering, Generation, Prepared, Rank, TextGenerator
from t5eval.runs.prediction import Prediction, Ranking
from task_specs import Decode, TaskSpec
from task_specs.errors import UserError, quoted

METHODS = ("greedy", "beam", "rank")
T5_BEAM = Decode("beam", beam_size=4, alpha=0.6)
"""Raffel et al. 2020, section 3.1.4, for tasks with long outputs; what `beam` means where a row is greedy."""


def choose_answering(
    specs: Sequence[TaskSpec], method: str | None, named: Set[str]
) -> tuple[dict[str, Answering], list[str]]:
    """Returns how each task is answered.

    Args:
        method: one of `METHODS`, or None for what each row says.
        named: those of the tasks that were named for themselves and did not come with a benchmark.

    Returns:
        Task name to the way of answering, and the tasks that keep their row's way because `method` is not possible.

    Raises:
        UserError: a task that was named for itself has no fixed answers to rank.
    """
    chosen: dict[str, Answering] = {}
    kept: list[str] = []
    for spec in specs:
        chosen[spec.name] = spec.decode
        if method == "greedy":
            chosen[spec.name] = Decode()
        elif method == "beam" and spec.decode.method != "beam":
            chosen[spec.name] = T5_BEAM
        elif method == "rank" and spec.answer.choices:
            chosen[spec.name] = Rank(spec.answer.choices)
        elif method == "rank":
            if spec.name in named:
                raise UserError(f"--decode rank: {spec.name} has no fixed set of answers to choose from")
            kept.append(spec.name)
    return chosen, kept


def answer_batch(
    predictor: TextGenerator, inputs: Sequence[Prepared], ids: Sequence[str], spec: TaskSpec, answering: Answering
) -> list[Prediction]:
    """Returns the predictions for one batch.

    Args:
        predictor: the model that answers.
        inputs: what it prepared.
        ids: the examples' ids.
        answering: how they are answered.

    Raises:
        UserError: the model does not give one answer to each input, or gives a log-likelihood that is not finite.
    """
    if isinstance(answering, Rank):
        rankings = predictor.rank(inputs, answering.choices)
        require_one_each(rankings, inputs, Ranking)
        chosen = [
            _most_probable(ranking, answering.choices, f"{spec.name}: example {example_id}")
            for example_id, ranking in zip(ids, rankings, strict=True)
        ]
        return [
            Prediction(example_id, text, given.truncated, ranking=ranking)
            for example_id, given, (text, ranking) in zip(ids, inputs, chosen, strict=True)
        ]
    outputs = predictor.generate(inputs, spec.lengths.targets, answering)
    require_one_each(outputs, inputs, Generation)
    return [
        Prediction(example_id, output.text, given.truncated, output.hit_limit, output.ranking)
        for example_id, given, output in zip(ids, inputs, outputs, strict=True)
    ]


def require_one_each(
    answers: Sequence[object], inputs: Sequence[object], kind: type, fault: Callable[[str], UserError] = UserError
) -> None:
    """Raises an error, made by `fault`, unless a model gave one thing of the right kind to each input."""
    if not isinstance(answers, Sequence):
        raise fault(f"the model gives a {type(answers).__name__}; it must give a list, one for each input")
    if len(answers) != len(inputs):
        raise fault(f"the model gives {len(answers)} answers to {len(inputs)} inputs; it must give one to each")
    other = next((answer for answer in answers if not isinstance(answer, kind)), None)
    if other is not None:
        raise fault(
            f"the model gives a {type(other).__name__} as an answer; it must give a {kind.__module__}.{kind.__name__}"
        )


def _most_probable(ranking: Ranking, choices: Sequence[str], name: str) -> tuple[str, Ranking]:
    """Returns the choice with the highest sum, of equals the first, and the ranking in single precision.

    Raises:
        UserError: there is not one finite log-likelihood for each choice.
    """
    # The shortest decimals that give the same float32, in which models compute.
    sums = tuple(float(str(np.float32(value))) for value in ranking.sums)
    if len(sums) != len(choices) or not all(map(math.isfinite, sums)):
        raise UserError(
            f"{name}: the model gives {quoted(str(list(sums)))} as log-likelihoods of {len(choices)} answers; there "
            f"must be a finite number for each"
        )
    best = max(range(len(sums)), key=lambda i: sums[i])
    return choices[best], Ranking(sums, tuple(map(int, ranking.tokens)))
