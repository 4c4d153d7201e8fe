"""GLUE's rows against the tables of the benchmark and of T5's paper, written out again here."""

from __future__ import annotations

import pytest

import task_specs
from task_specs import BENCHMARKS, ClassFile, NumberFile
from task_specs.rows.benchmarks import Benchmark
from tests.task_specs.rows.averages import columns_of

# task: classes in their order, sizes of train, validation and test
TASKS: dict[str, tuple[tuple[str, ...], tuple[int, int, int]]] = {
    "cola": (("unacceptable", "acceptable"), (8551, 1043, 1063)),
    "sst2": (("negative", "positive"), (67349, 872, 1821)),
    "mrpc": (("not_equivalent", "equivalent"), (3668, 408, 1725)),
    "qqp": (("not_duplicate", "duplicate"), (363846, 40430, 390965)),
    "stsb": ((), (5749, 1500, 1379)),
    "mnli": (("entailment", "neutral", "contradiction"), (392702, 9815 + 9832, 9796 + 9847)),
    "mnli_matched": (("entailment", "neutral", "contradiction"), (0, 9815, 9796)),
    "mnli_mismatched": (("entailment", "neutral", "contradiction"), (0, 9832, 9847)),
    "qnli": (("entailment", "not_entailment"), (104743, 5463, 5463)),
    "rte": (("entailment", "not_entailment"), (2490, 277, 3000)),
    "wnli": (("not_entailment", "entailment"), (635, 71, 146)),
    "wnli_plain": (("not_entailment", "entailment"), (635, 71, 146)),
    "ax": (("entailment", "neutral", "contradiction"), (0, 0, 1104)),
}

BINARY = ("0", "1")
THREE = ("entailment", "neutral", "contradiction")
TWO = ("entailment", "not_entailment")
# file: task, rows, what is written for the task's classes in their order (none: a number)
SUBMISSION: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "CoLA.tsv": ("cola", 1063, BINARY),
    "SST-2.tsv": ("sst2", 1821, BINARY),
    "MRPC.tsv": ("mrpc", 1725, BINARY),
    "STS-B.tsv": ("stsb", 1379, ()),
    "QQP.tsv": ("qqp", 390965, BINARY),
    "MNLI-m.tsv": ("mnli_matched", 9796, THREE),
    "MNLI-mm.tsv": ("mnli_mismatched", 9847, THREE),
    "QNLI.tsv": ("qnli", 5463, TWO),
    "RTE.tsv": ("rte", 3000, TWO),
    "WNLI.tsv": ("wnli", 146, BINARY),  # 1 is entailment, the second class
    "AX.tsv": ("ax", 1104, THREE),
}

# The scores that the leaderboard reports, in its order; their mean is the task's score.
SCORES = {
    "cola": ("matthews",),
    "sst2": ("accuracy",),
    "mrpc": ("f1", "accuracy"),
    "stsb": ("pearson", "spearman"),
    "qqp": ("f1", "accuracy"),
    "mnli_matched": ("accuracy",),
    "mnli_mismatched": ("accuracy",),
    "qnli": ("accuracy",),
    "rte": ("accuracy",),
    "wnli": ("accuracy",),
    "ax": ("matthews",),
    "mnli": ("accuracy_matched", "accuracy_mismatched"),
}

# Raffel et al. 2020, table 14: test set, T5 Small, Base, Large, 3B, 11B.
TABLE_14 = {
    ("cola", "matthews"): (41.0, 51.1, 61.2, 67.1, 71.6),
    ("sst2", "accuracy"): (91.8, 95.2, 96.3, 97.4, 97.5),
    ("mrpc", "f1"): (89.7, 90.7, 92.4, 92.5, 92.8),
    ("mrpc", "accuracy"): (86.6, 87.5, 89.9, 90.0, 90.4),
    ("stsb", "pearson"): (85.6, 89.4, 89.9, 90.6, 93.1),
    ("stsb", "spearman"): (85.0, 88.6, 89.2, 89.8, 92.8),
    ("qqp", "f1"): (70.0, 72.6, 73.9, 74.4, 75.1),
    ("qqp", "accuracy"): (88.0, 89.4, 89.9, 89.7, 90.6),
    ("mnli_matched", "accuracy"): (82.4, 87.1, 89.9, 91.4, 92.2),
    ("mnli_mismatched", "accuracy"): (82.3, 86.2, 89.6, 91.2, 91.9),
    ("mnli", "accuracy_matched"): (82.4, 87.1, 89.9, 91.4, 92.2),
    ("mnli", "accuracy_mismatched"): (82.3, 86.2, 89.6, 91.2, 91.9),
    ("qnli", "accuracy"): (90.3, 93.7, 94.8, 96.3, 96.9),
    ("rte", "accuracy"): (69.9, 80.1, 87.2, 91.1, 92.8),
    ("wnli", "accuracy"): (69.2, 78.8, 85.6, 89.7, 94.5),
}
MODELS = ("t5-small", "t5-base", "t5-large", "t5-3b", "t5-11b")


def test_the_tasks_are_these() -> None:
    assert {s.name for s in task_specs.all_tasks() if s.benchmark == "glue"} == {f"glue/{name}" for name in TASKS}


@pytest.mark.parametrize("name", TASKS)
def test_classes_and_sizes(name: str) -> None:
    spec = task_specs.get(f"glue/{name}")
    classes, sizes = TASKS[name]
    assert getattr(spec.answer, "classes", ()) == classes
    expected = {s: n for s, n in zip(("train", "validation", "test"), sizes, strict=True) if n}
    assert dict(spec.sizes) == expected
    assert spec.source.splits == tuple(expected)
    assert (spec.lengths.inputs, spec.lengths.targets) == (512, 84)
    assert (spec.decode.method, spec.decode.beam_size) == ("greedy", 1)


def test_submission_files() -> None:
    files = {}
    for task in BENCHMARKS["glue"].tasks:
        spec = task_specs.get(task)
        assert spec.submission is not None
        assert spec.submission.split == "test"
        labels = spec.submission.labels if isinstance(spec.submission, ClassFile) else ()
        files[spec.submission.file] = (task.removeprefix("glue/"), spec.sizes["test"], labels)
        if isinstance(spec.submission, NumberFile):
            assert (spec.submission.low, spec.submission.high, spec.submission.decimals) == (0.0, 5.0, 3)
    assert files == SUBMISSION
    others = [s.name for s in task_specs.all_tasks() if s.benchmark == "glue" and s.submission is None]
    assert others == ["glue/mnli", "glue/wnli_plain"]


@pytest.mark.parametrize("name", SCORES)
def test_scores(name: str) -> None:
    spec = task_specs.get(f"glue/{name}")
    assert spec.task_score == SCORES[name]
    assert tuple(m for m in spec.metrics if not m.endswith("_t5")) == SCORES[name]


def test_t5s_own_scores_stand_beside_those_they_differ_from() -> None:
    beside = {
        s.name: [m for m in s.metrics if m.endswith("_t5")] for s in task_specs.all_tasks() if s.benchmark == "glue"
    }
    assert {name: found for name, found in beside.items() if found} == {
        "glue/cola": ["matthews_t5"],
        "glue/ax": ["matthews_t5"],
        "glue/stsb": ["pearson_t5", "spearman_t5"],
    }


def test_published_scores() -> None:
    found = {}
    for spec in task_specs.all_tasks():
        if spec.benchmark != "glue" or not spec.published:
            continue
        assert tuple(p.model for p in spec.published) == MODELS
        assert {(p.split, p.source) for p in spec.published} == {("test", "Raffel et al. 2020, table 14")}
        for score in spec.published[0].scores:
            assert score in spec.metrics
            found[spec.name.removeprefix("glue/"), score] = tuple(p.scores[score] for p in spec.published)
    assert found == TABLE_14


@pytest.mark.parametrize(("model", "average"), list(zip(MODELS, (77.4, 82.7, 86.4, 88.5, 90.3), strict=True)))
def test_the_published_average_follows_from_the_rows(model: str, average: float) -> None:
    columns = columns_of("glue", model)
    assert len(columns) == 9
    assert round(sum(columns) / 9, 1) == average


def test_the_benchmark() -> None:
    glue = BENCHMARKS["glue"]
    assert isinstance(glue, Benchmark)
    assert (
        glue.tasks
        == tuple(f"glue/{task}" for task, _, _ in SUBMISSION.values())
        == tuple(
            f"glue/{name}" for name in "cola sst2 mrpc stsb qqp mnli_matched mnli_mismatched qnli rte wnli ax".split()
        )
    )
    assert {task for column in glue.average for task in column} == set(glue.tasks) - {"glue/ax"}


def test_no_two_rows_are_scored_alike_by_accident() -> None:
    prints = {spec.fingerprint for spec in task_specs.all_tasks()}
    assert len(prints) == len(task_specs.all_tasks())
