"""Probabilities that a question has no answer: where to stop answering, and precision against recall.

Source: evaluate-v2.0.py (Rajpurkar et al. 2018), its `find_best_thresh` and `make_precision_recall_eval`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from t5eval.metrics.metric import Batch, Floats
from t5eval.metrics.registry import metric_of
from task_specs import TaskSpec

HAS_ANSWER = "has_ans_"

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Answering:
    """One score, in percent, as more and more questions are answered, those first that least likely have no answer.

    Attributes:
        score: the score's name.
        best: the best score that some threshold gives: questions whose probability of no answer is above it are
            answered by the empty text.
        threshold: that threshold; 0 where it is best to answer nothing.
        average_precision: the area under precision and recall.
        points: threshold, recall and precision, for each probability that occurs, from the least: of the questions up
            to it, the sum of scores by the number that have an answer, and by the number that are answered.
    """

    score: str
    best: float
    threshold: float
    average_precision: float
    points: Sequence[tuple[float, float, float]]

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON data, without the points."""
        return {name: value for name, value in asdict(self).items() if name not in ("score", "points")}


def no_answer_scores(spec: TaskSpec, batch: Batch) -> dict[str, Answering]:
    """Returns how probabilities of no answer serve, by score; empty where an example's is not known.

    Args:
        spec: a task with scores of the questions that have an answer, and of all.
        batch: labelled examples, with their probabilities of no answer.
    """
    known = [e.no_answer for e in batch.examples if e.no_answer is not None]
    names = [name for name in spec.metrics if HAS_ANSWER + name in spec.metrics]
    if not names or not known or len(known) < len(batch.examples):
        return {}
    probabilities = np.array(known, dtype=float)
    said = np.array([bool(e.answer.readable and e.answer.value) and not e.missing for e in batch.examples])
    found = {}
    for name in names:
        rows = metric_of(spec, HAS_ANSWER + name).statistics(batch)
        found[name] = answering(name, rows[:, 0], rows[:, 1] > 0, said, probabilities)
    return found


def answering(score: str, scores: Floats, has_answer: Flags, said: Flags, probabilities: Floats) -> Answering:
    """Returns how probabilities of no answer serve.

    Args:
        score: the score's name.
        scores: what each answer scores, from 0 to 1, whatever its probability; of questions with an answer.
        has_answer: whether each question has an answer.
        said: whether an answer was given.
        probabilities: of no answer, from 0 to 1. All have shape [questions].
    """
    order = np.argsort(probabilities, kind="stable")
    ordered, answerable = probabilities[order], has_answer[order]
    gains = np.where(answerable, scores[order], -said[order].astype(float))
    sums = (~answerable).sum() + np.concatenate([[0.0], np.cumsum(gains)])
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # of equal probabilities the last
    place = int(sums.argmax())
    true = np.cumsum(np.where(answerable, scores[order], 0.0))[ends]
    recall, precision = true / max(answerable.sum(), 1), true / (ends + 1)
    area = float((precision * np.diff(recall, prepend=0.0)).sum())
    return Answering(
        score=score,
        best=100 * float(sums[place]) / len(order),
        threshold=float(ordered[place - 1]) if place else 0.0,
        average_precision=100 * area,
        points=[
            (float(t), 100 * float(r), 100 * float(p)) for t, r, p in zip(ordered[ends], recall, precision, strict=True)
        ],
    )
