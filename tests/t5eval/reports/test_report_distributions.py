"""What the report's charts count, and what a single example comes to, against other libraries and definitions."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF
from sklearn.metrics import confusion_matrix

import task_specs
from t5eval.metrics.bootstrap import wilson95
from t5eval.reports.distributions import MISSING, UNREADABLE, confusion, histogram, length_parts, means_by_length
from t5eval.reports.measures import measure
from t5eval.reports.training_curves import thinned
from tests.t5eval.batches import UNREAD, class_batch, number_batch, text_batch


def test_the_confusion_matrix_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    gold, said = rng.integers(0, 3, 200).tolist(), rng.integers(0, 3, 200).tolist()
    batch = class_batch(gold, said, 3)
    found = confusion(batch.examples, batch.classes, labelled=True)
    assert list(found.columns) == list(batch.classes)
    assert [list(counts) for _, counts in found.rows] == confusion_matrix(gold, said).tolist()
    assert found.hits == [0, 1, 2]


def test_unreadable_and_missing_answers_have_columns_of_their_own() -> None:
    batch = class_batch([0, 1, 1], [UNREAD, UNREAD, 1])
    examples = [dataclasses.replace(batch.examples[0], missing=True), *batch.examples[1:]]
    found = confusion(examples, batch.classes, labelled=True)
    assert list(found.columns[2:]) == [UNREADABLE, MISSING]
    assert [list(counts) for _, counts in found.rows] == [[0, 0, 0, 1], [0, 1, 1, 0]]


def test_without_labels_it_counts_answers() -> None:
    batch = class_batch([0, 0, 0], [0, 1, 1])
    found = confusion(batch.examples, batch.classes, labelled=False)
    assert [list(counts) for _, counts in found.rows] == [[1, 2]]
    assert found.hits == [None]


def test_a_histogram_counts_every_value_once() -> None:
    bars = histogram([0.0, 4.9, 5.0, 99.9, 100.0], 100.0)
    assert [(bar.low, bar.high, bar.count) for bar in bars if bar.count] == [(0, 5, 2), (5, 10, 1), (95, 100, 2)]
    assert sum(bar.count for bar in histogram([0.0, 0.0], 0.0)) == 2  # every answer exact


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 9))
def test_lengths_fall_into_parts_that_do_not_overlap(lengths: list[int], count: int) -> None:
    parts = length_parts(lengths, count)
    assert len(parts) <= count
    assert parts[0].low == min(lengths)
    assert parts[-1].high == max(lengths)
    assert all(a.low <= a.high < b.low for a, b in itertools.pairwise(parts))
    values = [float(length) if length % 3 else None for length in lengths]
    for part, found in zip(parts, means_by_length(parts, lengths, values, shares=False), strict=True):
        inside = [
            v for length, v in zip(lengths, values, strict=True) if v is not None and part.low <= length <= part.high
        ]
        assert found.count == len(inside)
        assert found.mean == (pytest.approx(sum(inside) / len(inside)) if inside else None)
        if len(inside) > 1:
            low, high = found.ci95 or (np.nan, np.nan)
            assert min(inside) - 1e-9 <= low <= high <= max(inside) + 1e-9


def test_a_part_of_right_answers_alone_has_an_interval() -> None:
    right, _ = means_by_length(
        length_parts([1] * 9 + [5] * 9, 2), [1] * 9 + [5] * 9, [100.0] * 9 + [0.0] * 9, shares=True
    )
    assert (right.count, right.mean, right.ci95) == (9, 100.0, wilson95(9, 9))


def test_a_class_is_right_or_wrong() -> None:
    found = measure(task_specs.get("glue/mrpc"), class_batch([0, 1, 1], [0, 0, UNREAD]).examples)
    assert found is not None
    assert (found.kind, list(found.values)) == ("right", [100, 0, 0])


def test_a_number_is_off_by_something() -> None:
    found = measure(task_specs.get("glue/stsb"), number_batch([1.0, 2.0, 3.0], [1.5, 2.0, None]).examples)
    assert found is not None
    assert (found.kind, list(found.values)) == ("error", [0.5, 0.0, None])
    assert found.badness(2) > found.badness(0) > found.badness(1)


def test_a_translation_has_the_chrf_of_its_sentence() -> None:
    pairs = [("the cat sat", "the cat sat"), ("a dog", "the cat sat"), ("the cats", "the cat sat")]
    found = measure(task_specs.get("wmt14/en-de"), text_batch([r for _, r in pairs], [p for p, _ in pairs]).examples)
    assert found is not None
    assert (found.kind, found.name) == ("score", "chrf")
    assert found.values == pytest.approx([CHRF().sentence_score(p, [r]).score for p, r in pairs])


@pytest.mark.parametrize("name", [spec.name for spec in task_specs.all_tasks()])
def test_every_task_has_a_measure_of_single_examples(name: str, official: object) -> None:
    from t5eval.data import as_source, available_splits, open_split
    from t5eval.scoring import score as scoring

    spec = task_specs.get(name)
    source = as_source(official)  # type: ignore[arg-type]
    for split in available_splits(spec, source):
        examples = list(open_split(spec, split, source, with_labels=True)) if split != "train" else []
        judged = scoring.judge(spec, examples, {})
        if judged and all(example.gold is not scoring.UNLABELLED for example in judged):
            found = measure(spec, judged)
            assert found is not None
            assert len(found.values) == len(judged)


def test_a_long_curve_keeps_its_ends() -> None:
    curve = [(step, 1 / step) for step in range(1, 100_001)]
    assert len(thinned(curve, 500)) == 500
    assert (thinned(curve, 500)[0], thinned(curve, 500)[-1]) == (curve[0], curve[-1])
    assert thinned(curve[:3], 500) == curve[:3]
