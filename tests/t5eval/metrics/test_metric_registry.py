"""Metrics by name."""

from __future__ import annotations

import pytest

from t5eval.metrics import Metric, get_metric, metric_names, register, registry
from task_specs import plugins
from task_specs.support.errors import UserError

GLUE = "accuracy accuracy_matched accuracy_mismatched f1 matthews matthews_t5 pearson pearson_t5 spearman spearman_t5"


@pytest.mark.parametrize("name", GLUE.split())
def test_glues_metrics(name: str) -> None:
    metric = get_metric(name)
    assert metric.name == name
    assert metric.higher_is_better
    assert name in metric_names()
    assert metric.choices  # its signature says what becomes of unreadable answers
    assert "unreadable" in metric.choices


def test_what_metrics_say_of_themselves() -> None:
    every = registry._METRICS
    # Those that need a question's answers together, a pair's, or everybody's ranks.
    alone = {("em", "label"), ("em_t5", "label"), ("gender_parity", ""), ("spearman", ""), ("spearman_t5", "")}
    assert {key for key, metric in every.items() if not metric.additive} == alone
    spans = {(name, f"{kind}_span") for name in ("em", "f1") for kind in ("context", "optional_context", "word")}
    assert {key for key, metric in every.items() if metric.as_written} == spans
    assert {key for key, metric in every.items() if not metric.higher_is_better} == {("ter", "text")}
    by_letters = {(name, "text") for name in ("bleu", "bleu_t5", "chrf", "chrf++", "ter")}
    assert {key for key, metric in every.items() if metric.surface} == by_letters


def test_plugins_are_loaded_before_names_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(plugins, "_loaders", [lambda: loaded.append("x") or ()])
    assert "accuracy" in metric_names()
    assert loaded


def test_unknown_names() -> None:
    with pytest.raises(UserError, match=r"unknown metric 'acuracy'\. Did you mean 'accuracy'.*Known: accuracy, "):
        get_metric("acuracy")


def test_a_name_for_other_answers() -> None:
    with pytest.raises(UserError, match="'f1_t5' judges answers of kind context_span, word_span, not of kind 'x'"):
        get_metric("f1_t5", "x")


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
