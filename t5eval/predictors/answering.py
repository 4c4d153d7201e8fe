"""How each task is answered, as its row or as `--decode` says, and the answers to a batch."""

import math
from collections import Counter
from collections.abc import Callable, Sequence, Set

import numpy as np

from t5eval.predictors.decoding_options import DecodingOptions
from t5eval.predictors.predictor import Answering, Generation, Prepared, Rank, Sample, TextGenerator
from t5eval.runs.prediction import Prediction, Ranking, Usage
from task_specs import TaskSpec
from task_specs.answers.filters import filtered
from task_specs.support.errors import UserError, quoted


def choose_answering(
    specs: Sequence[TaskSpec], options: DecodingOptions, named: Set[str]
) -> tuple[dict[str, Answering], list[str]]:
    """Returns how each task is answered.

    Args:
        options: what is asked for all of them.
        named: those of the tasks that were named for themselves and did not come with a benchmark.

    Returns:
        Task name to the way of answering, and the tasks that keep their row's way because the method is not possible.

    Raises:
        UserError: a task that was named for itself has no fixed answers to rank.
    """
    chosen: dict[str, Answering] = {}
    kept: list[str] = []
    for spec in specs:
        answering = options.answering(spec)
        if answering is None:
            if spec.name in named:
                raise UserError(f"--decode rank: {spec.name} has no fixed set of answers to choose from")
            kept.append(spec.name)
        chosen[spec.name] = answering or spec.decode
    return chosen, kept


def answer_batch(
    predictor: TextGenerator,
    inputs: Sequence[Prepared],
    ids: Sequence[str],
    spec: TaskSpec,
    answering: Answering,
    max_new_tokens: int | None = None,
) -> list[Prediction]:
    """Returns the predictions for one batch.

    Args:
        predictor: the model that answers.
        inputs: what it prepared.
        ids: the examples' ids.
        answering: how they are answered.
        max_new_tokens: the longest text; as the row says if None.

    Raises:
        UserError: the model does not give one answer to each input, or gives a log-likelihood that is not finite.
    """
    drawn = [_asked(predictor, inputs, draw, max_new_tokens or spec.lengths.targets) for draw in draws_of(answering)]
    return [
        prediction_of(example_id, given, outputs, spec, answering)
        for example_id, given, outputs in zip(ids, inputs, zip(*drawn, strict=True), strict=True)
    ]


def _asked(
    predictor: TextGenerator, inputs: Sequence[Prepared], answering: Answering, max_new_tokens: int
) -> Sequence[Generation]:
    if isinstance(answering, Rank):
        rankings = predictor.rank(inputs, answering.choices)
        require_one_each(rankings, inputs, Ranking)
        return [Generation("", False, ranking, cached=ranking.cached) for ranking in rankings]
    outputs = predictor.generate(inputs, max_new_tokens, answering)
    require_one_each(outputs, inputs, Generation)
    return outputs


def draws_of(answering: Answering) -> list[Answering]:
    """Returns what an example's texts are asked for with: one, or as many as are to be drawn."""
    return [*answering.draws()] if isinstance(answering, Sample) else [answering]


def prediction_of(
    example_id: str, given: Prepared, outputs: Sequence[Generation], spec: TaskSpec, answering: Answering
) -> Prediction:
    """Returns one prediction: the most probable choice, or the text that most outputs have, of equals the first.

    Texts are counted as the task's filters leave them, so that the same answer in other words is the same.

    Raises:
        UserError: a log-likelihood is not finite, or a probability out of its range.
    """
    read = [filtered(output.text, spec.filters) for output in outputs]
    (commonest, _), *_ = Counter(read).most_common(1)
    output = outputs[read.index(commonest)]
    text, ranking = output.text, output.ranking
    where = f"{spec.name}: example {example_id}"
    if isinstance(answering, Rank) and ranking is not None:
        text, ranking = _most_probable(ranking, answering.choices, where)
    return Prediction(
        example_id,
        text,
        given.truncated,
        output.hit_limit,
        ranking,
        usage=Usage.sum([output.usage for output in outputs]),
        samples=tuple(output.text for output in outputs) if len(outputs) > 1 else (),
        cached=all(output.cached for output in outputs),
        log_likelihood=_within(output.log_likelihood, -math.inf, 0, f"{where}, log-likelihood"),
        no_answer=_within(output.no_answer, 0, 1, f"{where}, probability of no answer"),
    )


def _within(value: float | None, low: float, high: float, name: str) -> float | None:
    """Returns a number that a model gives beside its text, None where it gives none.

    Raises:
        UserError: it is out of its range.
    """
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise UserError(f"{name}: the model gives {value}; it must be a finite number from {low:g} to {high:g}")
    return None if value is None else float(value)


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
