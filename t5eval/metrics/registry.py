"""Metrics by name: the built-in ones, and those of installed packages."""

from __future__ import annotations

from functools import cache

from t5eval.errors import UserError, did_you_mean
from t5eval.metrics.base import Metric
from t5eval.metrics.classification import Accuracy, BinaryF1, Matthews, MatthewsT5, PartAccuracy
from t5eval.metrics.correlation import Pearson, PearsonT5, Spearman, SpearmanT5

# Installed packages offer metrics under this entry point group: a Metric subclass, or an instance of one.
ENTRY_POINT_GROUP = "t5eval.metrics"

_METRICS: dict[str, Metric] = {}


def register(metric: Metric) -> Metric:
    """Makes a metric known by its name.

    Raises:
        UserError: it breaks the contract, or another metric has its name.
    """
    if not isinstance(metric, Metric):
        raise UserError(f"a metric is an instance of t5eval.metrics.Metric, got {type(metric).__name__}")
    name = getattr(metric, "name", None)
    if not isinstance(name, str) or not name:
        raise UserError(f"metric {type(metric).__name__} has no name; set the class attribute `name`")
    if name in _METRICS:
        raise UserError(f"metric {name!r} is already there; give {type(metric).__name__} another name")
    _METRICS[name] = metric
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
):
    register(_metric)


@cache
def _load_installed() -> None:
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINT_GROUP):
        origin = f"{point.dist.name if point.dist else 'a package'}'s entry point {point.name!r} ({point.value})"
        try:
            offered = point.load()
            register(offered() if isinstance(offered, type) else offered)
        except UserError as error:
            raise UserError(f"{origin}: {error}") from None
        except Exception as error:
            raise UserError(f"{origin} cannot be loaded: {error!r}") from None


def get_metric(name: str) -> Metric:
    """Returns the metric called `name`.

    Raises:
        UserError: there is none.
    """
    if name not in _METRICS:
        _load_installed()
    if name not in _METRICS:
        raise UserError(f"unknown metric {name!r}.{did_you_mean(name, list(_METRICS))} Known: {', '.join(_METRICS)}")
    return _METRICS[name]


def metric_names() -> list[str]:
    """Returns the names of all metrics."""
    _load_installed()
    return list(_METRICS)
