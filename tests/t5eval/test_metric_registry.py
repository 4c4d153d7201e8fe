"""Metrics by name, of this package and of installed ones."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from t5eval.errors import UserError
from t5eval.metrics import Metric, get_metric, metric_names, register, registry
from tests.t5eval.batches import class_batch

GLUE = "accuracy accuracy_matched accuracy_mismatched f1 matthews matthews_t5 pearson pearson_t5 spearman spearman_t5"


@pytest.mark.parametrize("name", GLUE.split())
def test_glues_metrics(name: str) -> None:
    metric = get_metric(name)
    assert metric.name == name
    assert metric.higher_is_better
    assert name in metric_names()
    assert metric.choices  # its signature says what becomes of unreadable answers
    assert "unreadable" in metric.choices


def test_unknown_names() -> None:
    with pytest.raises(UserError, match=r"unknown metric 'acuracy'\. Did you mean 'accuracy'.*Known: accuracy, "):
        get_metric("acuracy")


def test_what_is_no_metric() -> None:
    class Nameless(Metric):
        def statistics(self, batch: object) -> None:  # type: ignore[override]
            raise NotImplementedError

        aggregate = statistics  # type: ignore[assignment]

    with pytest.raises(UserError, match="Nameless has no name; set the class attribute `name`"):
        register(Nameless())
    with pytest.raises(UserError, match=r"a metric is an instance of t5eval\.metrics\.Metric, got ABCMeta"):
        register(Nameless)  # type: ignore[arg-type]
    Nameless.name = "accuracy"
    with pytest.raises(UserError, match="metric 'accuracy' is already there; give Nameless another name"):
        register(Nameless())


MODULE = """
import numpy as np
from t5eval.metrics import Metric

class Errors(Metric):
    name = "errors"
    higher_is_better = False
    def statistics(self, batch):
        return np.stack([batch.answers != batch.gold, np.ones(len(batch.examples))], axis=1).astype(float)
    def aggregate(self, totals):
        return 100 * totals[..., 0] / totals[..., 1]

class Clash(Errors):
    name = "accuracy"

class Unfinished(Metric):
    name = "unfinished"

instance = Errors()
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Installs a small distribution whose entry point is given as `module:object`."""
    (tmp_path / "more_metrics.py").write_text(MODULE, encoding="utf-8")
    folder = tmp_path / "more_metrics-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: more-metrics\nVersion: 1.0\n", encoding="utf-8")

    def install(target: str) -> None:
        (folder / "entry_points.txt").write_text(f"[t5eval.metrics]\nmore = {target}\n", encoding="utf-8")
        importlib.invalidate_caches()
        registry._load_installed.cache_clear()

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_METRICS", dict(registry._METRICS))
    yield install
    sys.modules.pop("more_metrics", None)
    registry._load_installed.cache_clear()


@pytest.mark.parametrize("target", ["more_metrics:Errors", "more_metrics:instance"])
def test_metrics_of_an_installed_package(installed: Callable[[str], None], target: str) -> None:
    installed(target)
    assert metric_names()[-1] == "errors"
    metric, batch = get_metric("errors"), class_batch([0, 1, 1], [0, 0, -1])
    assert metric.value(batch, metric.statistics(batch)) == pytest.approx(200 / 3)
    assert get_metric("errors") is metric


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("more_metrics:Clash", "metric 'accuracy' is already there; give Clash another name"),
        ("more_metrics:ABSENT", "cannot be loaded: AttributeError"),
        ("more_metrics:Unfinished", "cannot be loaded: TypeError"),
        ("more_metrics:np", "a metric is an instance of t5eval.metrics.Metric, got module"),
        ("absent_module:X", "cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_faulty_packages(installed: Callable[[str], None], target: str, message: str) -> None:
    installed(target)
    with pytest.raises(UserError) as caught:
        get_metric("errors")
    assert message in str(caught.value)
    assert "more-metrics's entry point 'more'" in str(caught.value)
    assert get_metric("accuracy").name == "accuracy"  # the built-in ones do not suffer
