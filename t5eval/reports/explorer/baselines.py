"""What a score is to be seen beside: the commonest class, and what was published."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from t5eval.metrics import Batch, Scored, metric_of
from t5eval.scoring.score import READABLE, STRICT
from task_specs import Answer, TaskSpec

T5 = "_t5"


def majority_scores(spec: TaskSpec, labels: Mapping[str, int]) -> dict[str, float]:
    """Returns what always answering the commonest class would score, by score name; empty where answers are no classes.

    Scores that judge examples in groups have none: they need the examples, not only how many there are of a class.

    Args:
        labels: class to how many examples have it.
    """
    classes = tuple(getattr(spec.answer, "classes", ()))
    counts = np.array([labels.get(name, 0) for name in classes], dtype=float)
    if not counts.sum():
        return {}
    said = Answer(int(counts.argmax()), int(counts.argmax()))
    # One example of each class, which stands for as many as there are.
    one_each = [Scored("0", {}, "", "", said, Answer(gold, gold)) for gold in range(len(classes))]
    found = {}
    for name in spec.metrics:
        metric = metric_of(spec, name)
        if not metric.additive or metric.unsuited(classes) or metric.together("0/0/0") != "0/0/0":
            continue
        statistics = metric.statistics(Batch(one_each, classes))
        value = float(metric.aggregate(counts @ statistics)) if len(statistics) == len(classes) else float("nan")
        if np.isfinite(value):
            found[name] = value
    return found


def published_scores(spec: TaskSpec, name: str) -> list[dict[str, Any]]:
    """Returns the published values of a score, of T5's own variant where the publication has that."""
    plain = name.removesuffix(READABLE).removesuffix(STRICT)
    found = []
    for row in spec.published:
        for variant in (plain, plain + T5):
            if variant in row.scores:
                found.append(
                    {
                        "model": row.model,
                        "split": row.split,
                        "score": variant,
                        "value": row.scores[variant],
                        "source": row.source,
                        "caution": row.caution,
                    }
                )
                break
    return found
