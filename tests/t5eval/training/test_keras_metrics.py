"""The Keras metric of a task, and the sums beneath it: the numbers of `t5eval score`, however the examples come."""

from __future__ import annotations

import math
import random
from pathlib import Path

import keras
import numpy as np
import pytest

import t5eval
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.data import OfficialFiles, available_splits, open_split
from t5eval.demo.demo import suite_folder
from t5eval.scoring import score as scoring
from t5eval.training.running_scores import RunningScores
from t5eval.training.task_metric import TaskMetric
from task_specs import Example, TaskSpec, all_tasks, get
from task_specs.support.errors import UserError
from tests.t5eval.squad_documents import version_2, write

DATA = OfficialFiles(suite_folder())
AT_HAND = [spec.name for spec in all_tasks() if "validation" in available_splits(spec, DATA)]


def said_of(spec: TaskSpec, examples: list[Example], garbled: float) -> dict[str, str]:
    """Predictions: true ones, those of other examples, and a share that says nothing."""
    chance = random.Random(spec.name)
    targets = [scoring.evaluation_pair(spec, example).targets for example in examples]
    said = {}
    for example, target in zip(examples, targets, strict=True):
        text = target if chance.random() < 0.6 else chance.choice(targets)
        said[example.id] = "entails?" if chance.random() < garbled else text
    return said


def in_parts(examples: list[Example], said: dict[str, str]) -> list[tuple[list[Example], list[str]]]:
    """The examples in another order, one to seven at a time."""
    chance = random.Random(7)
    rest, parts = chance.sample(examples, len(examples)), []
    while rest:
        part, rest = rest[: (size := chance.randint(1, 7))], rest[size:]
        parts.append((part, [said[example.id] for example in part]))
    return parts


def nan_if_none(value: float | None) -> float:
    return math.nan if value is None else value


def require_equal(task: str, split: str, garbled: float, data: Path) -> dict[str, float]:
    """Compares metric and command, and returns the scores."""
    spec = get(task)
    examples = list(open_split(spec, split, OfficialFiles(data), with_labels=True))
    said = said_of(spec, examples, garbled)
    expected = t5eval.score(task, said, data=data, split=split).score
    metric = TaskMetric(task)
    for part, texts in in_parts(examples, said):
        metric.update_state(part, texts)
    # What the texts would score as they were written is shown beside a file's score, not in training.
    scores = {name: score for name, score in expected.scores.items() if not name.endswith("_as_written")}
    values = {task: expected.task_score, **{f"{task}/{name}": score.value for name, score in scores.items()}}
    found = metric.result()
    assert list(found) == list(values)
    close = {name: nan_if_none(value) for name, value in values.items()}
    assert found == pytest.approx(close, rel=1e-9, abs=1e-9, nan_ok=True)
    metric.reset_state()
    assert all(map(math.isnan, metric.result().values()))
    return found


@pytest.mark.parametrize("garbled", [0.0, 0.2])
@pytest.mark.parametrize("task", AT_HAND)
def test_the_numbers_are_those_of_score(task: str, garbled: float) -> None:
    found = require_equal(task, "validation", garbled, suite_folder())
    if garbled and task == "glue/stsb":  # undefined while an answer is no number, and then over the others
        assert math.isnan(found[task])
        assert {f"{task}/pearson_readable", f"{task}/spearman_readable"} < set(found)
    elif not garbled:
        assert any(0.1 < abs(value) < 99.9 for value in found.values())  # equal, and not at an end of the scale


@pytest.mark.parametrize("task", ["glue/ax", "super_glue/axb", "super_glue/axg"])
def test_the_numbers_of_a_labelled_test_split(task: str) -> None:
    assert len(require_equal(task, "test", 0.0, suite_folder())) >= 2


def test_the_numbers_of_questions_without_an_answer(tmp_path: Path) -> None:
    data = write(tmp_path, version_2(), "dev-v2.0.json")
    found = require_equal("squad/v2.0", "validation", 0.0, data)
    assert "squad/v2.0/no_ans_f1" in found


def test_additive_metrics_keep_no_examples() -> None:
    # Words of Japanese are found by packages that need not be here.
    specs = [spec for spec in all_tasks() if not spec.name.endswith("-ja")]
    kept = {spec.name: RunningScores(spec)._kept_for for spec in specs}
    assert {task: names for task, names in kept.items() if names} == {
        "glue/stsb": ("spearman", "spearman_t5"),
        "super_glue/multirc": ("em", "em_t5"),
        "super_glue/axg": ("gender_parity",),
    }


def test_targets_as_texts_or_ids() -> None:
    targets, said = ["entailment", "not_entailment", "entailment"], ["entailment", "entailment", "true"]
    metric = TaskMetric("glue/rte", ByteTokenizer())
    metric.update_state(targets, said)
    assert metric.name == "glue/rte"
    assert metric.result() == pytest.approx({"glue/rte": 100 / 3, "glue/rte/accuracy": 100 / 3})
    metric.reset_state()
    metric.update_state(keras.ops.convert_to_tensor(padded(targets)), padded(said))
    metric.update_state(np.array(targets[:2]), np.array([text.encode() for text in targets[:2]]))
    assert metric.result()["glue/rte"] == pytest.approx(60)
    bleu = TaskMetric("wmt14/en-de")
    bleu.update_state(["Das ist ein Haus ."], ["Das ist ein Haus ."])
    assert bleu.result()["wmt14/en-de"] == pytest.approx(100)


def padded(texts: list[str]) -> np.ndarray:
    """Byte ids of texts, int32 [texts, longest], as a model writes them."""
    ids = ByteTokenizer().encode(texts)
    return np.array([row + [0] * (max(map(len, ids)) - len(row)) for row in ids], np.int32)


@pytest.mark.parametrize(
    ("task", "y_true", "y_pred", "message"),
    [
        ("glue/stsb", ["3.8"], ["3.8"], "targets of kind 'number' do not say the whole truth; give update_state"),
        ("glue/mnli", ["neutral"], ["neutral"], "accuracy_matched goes by the examples' ids; give update_state"),
        ("super_glue/multirc", ["True"], ["True"], "f1a goes by the examples' ids"),
        ("super_glue/axg", ["entailment"], ["entailment"], "gender_parity goes by the examples' ids"),
        ("glue/rte", ["neutral"], ["entailment"], "the target 'neutral' is none of entailment, not_entailment"),
        ("glue/rte", ["entailment"], ["x", "y"], "1 examples, but 2 predictions"),
        ("glue/rte", ["entailment"], [], "1 examples, but 0 predictions"),
        ("glue/rte", [[1, 1]], ["entailment"], r"needs the tokenizer: TaskMetric\(task, tokenizer\)"),
        ("glue/rte", [[1.0, 1.0]], ["entailment"], r"got float64 of shape \[1, 2\]"),
        ("glue/rte", [Example("3", {"sentence1": "", "sentence2": "", "label": -1})], ["x"], "3 has no label"),
    ],
)
def test_what_cannot_be_judged(task: str, y_true: object, y_pred: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        TaskMetric(task).update_state(y_true, y_pred)


def test_inside_a_compiled_step() -> None:
    import tensorflow as tf

    metric = TaskMetric("glue/rte", ByteTokenizer())
    with pytest.raises(UserError, match=r"reads texts, which a compiled step does not have.*TaskScores"):
        tf.function(metric.update_state)(tf.constant([[1]]), tf.constant([[1]]))


def test_an_id_comes_once() -> None:
    example = Example("3", {"sentence1": "", "sentence2": "", "label": 1})
    with pytest.raises(UserError, match="an example's id comes twice in a batch"):
        TaskMetric("glue/rte").update_state([example, example], ["x", "y"])
