"""Metrics by name: the built-in ones, and those of plugins."""

from t5eval.metrics import summarisation, translation
from t5eval.metrics.classification import Accuracy, BinaryF1, Matthews, MatthewsT5, PartAccuracy
from t5eval.metrics.correlation import Pearson, PearsonT5, Spearman, SpearmanT5
from t5eval.metrics.metric import Metric
from t5eval.metrics.question_answering import (
    EM,
    F1,
    Squad2Overlap,
    SquadOverlap,
    SquadOverlapT5,
    TextOverlap,
    WordSpanOverlapT5,
)
from t5eval.metrics.super_glue_scores import METRICS
from task_specs import TaskSpec
from task_specs.plugins import load_installed, looked_up
from task_specs.support.errors import UserError, did_you_mean

ANY = ""  # stands for every kind of answer

_METRICS: dict[tuple[str, str], Metric] = {}  # by name and kind of answer


def register(metric: Metric) -> Metric:
    """Makes a metric known by its name and the kinds of answer that it judges.

    Raises:
        UserError: it breaks the contract, or another metric has its name for the same answers.
    """
    if not isinstance(metric, Metric):
        raise UserError(f"a metric is an instance of t5eval.metrics.Metric, got {type(metric).__name__}")
    name = getattr(metric, "name", None)
    if not isinstance(name, str) or not name:
        raise UserError(f"metric {type(metric).__name__} has no name; set the class attribute `name`")
    kinds = metric.answers or (ANY,)
    for kind in kinds:
        if (name, kind) in _METRICS:
            raise UserError(f"metric {name!r} is already there; give {type(metric).__name__} another name")
    for kind in kinds:
        _METRICS[name, kind] = metric
    return metric


for _metric in (
    Accuracy(),
    PartAccuracy("matched"),
    PartAccuracy("mismatched"),
    BinaryF1(),
    Matthews(),
    MatthewsT5(),
    Pearson(),
    PearsonT5(),
    Spearman(),
    SpearmanT5(),
    *METRICS,
    *translation.METRICS,
    *summarisation.METRICS,
    *(kind(score) for kind in (TextOverlap, SquadOverlap, SquadOverlapT5, WordSpanOverlapT5) for score in (EM, F1)),
    *(Squad2Overlap(score, part) for part in ("", "has_ans", "no_ans") for score in (EM, F1)),
):
    register(_metric)


def get_metric(name: str, kind: str = ANY) -> Metric:
    """Returns the metric called `name` for answers of a kind.

    Raises:
        UserError: there is none.
    """

    def find() -> Metric | None:
        return _METRICS.get((name, kind)) or _METRICS.get((name, ANY))

    found = looked_up(find, f"metric {name!r}")
    if found is None:
        known = metric_names()
        if name in known:
            judged = ", ".join(sorted(k for n, k in _METRICS if n == name))
            raise UserError(f"metric {name!r} judges answers of kind {judged}, not of kind {kind!r}")
        raise UserError(f"unknown metric {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}")
    return found


def metric_of(spec: TaskSpec, name: str) -> Metric:
    """Returns a row's metric called `name`, with what the row chooses for it.

    Raises:
        UserError: there is none for the row's kind of answer.
    """
    return get_metric(name, spec.answer.kind).of_row(spec)


def metric_names() -> list[str]:
    """Returns the names of all metrics."""
    load_installed()
    return list(dict.fromkeys(name for name, _ in _METRICS))
