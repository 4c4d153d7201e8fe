"""SuperGLUE's and DPR's rows against the tables of the benchmark and of T5's paper, written out again here."""

from __future__ import annotations

import pytest

import task_specs
from task_specs import BENCHMARKS
from task_specs.submission_files.json_lines import JsonClassFile, JsonTextFile, MultiRcFile
from tests.task_specs.rows.averages import columns_of

FALSE_TRUE = ("False", "True")
TWO = ("entailment", "not_entailment")
THREE = ("entailment", "contradiction", "neutral")
# task: classes in their order, sizes of train, validation and test
TASKS: dict[str, tuple[tuple[str, ...], tuple[int, int, int]]] = {
    "boolq": (FALSE_TRUE, (9427, 3270, 3245)),
    "cb": (THREE, (250, 56, 250)),
    "copa": (("choice1", "choice2"), (400, 100, 500)),
    "multirc": (FALSE_TRUE, (27243, 4848, 9693)),
    "record": ((), (100730, 10000, 10000)),
    "rte": (TWO, (2490, 277, 3000)),
    "wic": (FALSE_TRUE, (5428, 638, 1400)),
    "wsc": (FALSE_TRUE, (554, 104, 146)),
    "axb": (TWO, (0, 0, 1104)),
    "axg": (TWO, (0, 0, 356)),
}

# file: task, kind of file, what is written for the task's classes in their order
SUBMISSION = {
    "BoolQ.jsonl": ("boolq", JsonClassFile, ("false", "true")),
    "CB.jsonl": ("cb", JsonClassFile, THREE),
    "COPA.jsonl": ("copa", JsonClassFile, (0, 1)),
    "MultiRC.jsonl": ("multirc", MultiRcFile, (0, 1)),
    "ReCoRD.jsonl": ("record", JsonTextFile, ()),
    "RTE.jsonl": ("rte", JsonClassFile, TWO),
    "WiC.jsonl": ("wic", JsonClassFile, ("false", "true")),
    "WSC.jsonl": ("wsc", JsonClassFile, ("False", "True")),
    "AX-b.jsonl": ("axb", JsonClassFile, TWO),
    "AX-g.jsonl": ("axg", JsonClassFile, TWO),
}

# The scores whose mean is the task's; of the diagnostics, what the leaderboard reports.
SCORES = {
    "boolq": ("accuracy",),
    "cb": ("f1_macro", "accuracy"),
    "copa": ("accuracy",),
    "multirc": ("f1a", "em"),
    "record": ("f1", "em"),
    "rte": ("accuracy",),
    "wic": ("accuracy",),
    "wsc": ("accuracy",),
}
REPORTED = {"axb": ("matthews",), "axg": ("accuracy", "gender_parity")}

# Raffel et al. 2020, table 14: test set, T5 Small, Base, Large, 3B, 11B.
TABLE_14 = {
    ("boolq", "accuracy"): (76.4, 81.4, 85.4, 89.9, 91.0),
    ("cb", "f1_macro"): (56.9, 86.2, 91.6, 90.3, 93.0),
    ("cb", "accuracy"): (81.6, 94.0, 94.8, 94.4, 96.4),
    ("copa", "accuracy"): (46.0, 71.2, 83.4, 92.0, 94.8),
    ("multirc", "f1a"): (69.3, 79.7, 83.3, 86.8, 88.2),
    ("multirc", "em"): (26.3, 43.1, 50.7, 58.3, 62.3),
    ("record", "f1"): (56.3, 75.0, 86.8, 91.2, 93.3),
    ("record", "em"): (55.4, 74.2, 85.9, 90.4, 92.5),
    ("rte", "accuracy"): (73.3, 81.5, 87.8, 90.7, 92.5),
    ("wic", "accuracy"): (66.9, 68.3, 69.3, 72.1, 76.1),
    ("wsc", "accuracy"): (70.5, 80.8, 86.3, 90.4, 93.8),
}
MODELS = ("t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b")


def test_the_tasks_are_these() -> None:
    found = {s.name for s in task_specs.all_tasks() if s.benchmark == "super_glue"}
    assert found == {f"super_glue/{name}" for name in TASKS}
    assert BENCHMARKS["super_glue"].tasks == tuple(f"super_glue/{task}" for task, _, _ in SUBMISSION.values())


@pytest.mark.parametrize("name", TASKS)
def test_classes_and_sizes(name: str) -> None:
    spec = task_specs.get(f"super_glue/{name}")
    classes, sizes = TASKS[name]
    assert getattr(spec.answer, "classes", ()) == classes
    expected = {s: n for s, n in zip(("train", "validation", "test"), sizes, strict=True) if n}
    assert dict(spec.sizes) == expected
    assert spec.source.splits == tuple(expected)
    assert (spec.lengths.inputs, spec.lengths.targets) == (512, 62)
    assert (spec.decode.method, spec.decode.beam_size) == ("greedy", 1)
    assert spec.tfds == ("super_glue/wsc.fixed" if name == "wsc" else f"super_glue/{name}")


def test_submission_files() -> None:
    for file, (name, kind, labels) in SUBMISSION.items():
        submission = task_specs.get(f"super_glue/{name}").submission
        assert submission is not None
        assert (submission.file, type(submission), submission.split) == (file, kind, "test")
        found = getattr(submission, "labels", ())
        assert [(type(label), label) for label in found] == [(type(label), label) for label in labels]
    multirc = task_specs.get("super_glue/multirc").submission
    assert isinstance(multirc, MultiRcFile)
    assert multirc.paragraphs == 166


def test_scores() -> None:
    for name, scores in SCORES.items():
        assert task_specs.get(f"super_glue/{name}").task_score == scores
    for name, scores in {**SCORES, **REPORTED}.items():
        metrics = task_specs.get(f"super_glue/{name}").metrics
        assert tuple(m for m in metrics if not m.endswith("_t5")) == scores


def test_every_name_of_t5s_is_an_alias() -> None:
    for name in TASKS:
        if name != "wsc":
            assert task_specs.get(f"super_glue_{name}_v102").name == f"super_glue/{name}"
    for suffix in ("train", "eval"):
        assert task_specs.get(f"super_glue_wsc_v102_simple_{suffix}").name == "super_glue/wsc"
    assert task_specs.get("dpr_v001_simple").name == "dpr"


def test_dpr() -> None:
    dpr = task_specs.get("dpr")
    assert dict(dpr.sizes) == {"train": 1322, "test": 564}
    assert (dpr.lengths.inputs, dpr.lengths.targets) == (512, 62)
    assert dpr.submission is None
    assert dpr.tfds == "definite_pronoun_resolution"
    assert task_specs.resolve(["dpr"]) == [dpr]
    assert dpr in task_specs.resolve(["all"])


def test_published_scores() -> None:
    found = {}
    for name in TASKS:
        spec = task_specs.get(f"super_glue/{name}")
        if spec.published:
            assert tuple(p.model for p in spec.published) == MODELS
            assert {(p.split, p.source) for p in spec.published} == {("test", "Raffel et al. 2020, table 14")}
        for score in spec.published[0].scores if spec.published else ():
            assert score in spec.metrics
            found[name, score] = tuple(p.scores[score] for p in spec.published)
    assert found == TABLE_14


@pytest.mark.parametrize(("model", "average"), list(zip(MODELS, (63.25, 76.16, 82.34, 86.35, 88.88), strict=True)))
def test_the_published_average_follows_from_the_rows(model: str, average: float) -> None:
    columns = columns_of("super_glue", model)
    assert len(columns) == 8
    assert sum(columns) / 8 == pytest.approx(average, abs=0.011)


def test_the_average_leaves_the_diagnostics_out() -> None:
    averaged = {task for column in BENCHMARKS["super_glue"].average for task in column}
    assert averaged == set(BENCHMARKS["super_glue"].tasks) - {"super_glue/axb", "super_glue/axg"}
