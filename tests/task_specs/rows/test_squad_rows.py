"""SQuAD's rows against the benchmark's and T5's tables, written out again here."""

from __future__ import annotations

import pytest

import task_specs
from task_specs import BENCHMARKS, SpecError
from task_specs.sources.squad import SquadJson

# task: T5's name, version, training and validation questions
TASKS = {
    "squad/v1.1": ("squad_v010_allanswers", "1.1", 87599, 10570),
    "squad/v1.1_context_free": ("squad_v010_context_free", "1.1", 87599, 10570),
    "squad/v1.1_span": ("squad_v010_allanswers_span", "1.1", 87599, 10570),
    "squad/v2.0": (None, "2.0", 130319, 11873),
}


@pytest.mark.parametrize("name", TASKS)
def test_rows(name: str) -> None:
    alias, version, train, validation = TASKS[name]
    spec = task_specs.get(alias or name)
    assert spec is task_specs.get(name)
    older = ("squad_v010",) if name == "squad/v1.1" else ()
    assert spec.aliases == ((alias, *older) if alias else ())
    assert spec.sizes == {"train": train, "validation": validation}
    assert isinstance(spec.source, SquadJson)
    assert (spec.source.folder, spec.source.version) == ("squad", version)
    assert spec.source.files == {"train": f"train-v{version}.json", "validation": f"dev-v{version}.json"}
    assert spec.tfds == f"squad/v{version}"
    assert (spec.lengths.inputs, spec.lengths.targets, spec.decode.method) == (512, 97, "greedy")
    assert task_specs.from_plain(spec.to_dict(), name) == spec


def test_the_benchmark_holds_both_versions() -> None:
    assert BENCHMARKS["squad"].tasks == ("squad/v1.1", "squad/v2.0")
    assert BENCHMARKS["squad"].average == ()
    assert {spec.name for spec in task_specs.all_tasks() if spec.benchmark == "squad"} == set(TASKS)
    submitted = {s.name: s.submission.split for s in task_specs.all_tasks() if s.benchmark == "squad" and s.submission}
    assert submitted == dict.fromkeys(BENCHMARKS["squad"].tasks, "validation")


def test_t5s_scores_are_of_padded_text() -> None:
    published = task_specs.get("squad/v1.1").published
    assert {p.split for p in published} == {"validation"}
    assert {p.model: tuple(p.scores.values()) for p in published} == {
        "t5-small": (79.10, 87.24), "t5-base": (85.44, 92.08), "t5-large": (86.66, 93.79),
        "t5-3b": (88.53, 94.95), "t5-11b": (91.26, 96.22),
    }  # fmt: skip
    assert all(list(p.scores) == ["em_t5", "f1_t5"] for p in published)


def test_a_source_checks_itself() -> None:
    with pytest.raises(SpecError, match=r"version is one of 1\.1, 2\.0, got '2'"):
        SquadJson("squad", {"train": "a.json"}, version="2")
    with pytest.raises(SpecError, match="at least one file"):
        SquadJson("squad", {}, version="1.1")


def test_version_2_alone_says_whether_a_question_can_be_answered() -> None:
    fields = {name: set(task_specs.get(f"squad/{name}").source.fields) for name in ("v1.1", "v2.0")}
    assert fields["v2.0"] - fields["v1.1"] == {"is_impossible"}
    assert fields["v1.1"] == {"id", "title", "context", "question", "answers"}
