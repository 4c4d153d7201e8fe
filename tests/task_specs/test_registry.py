"""Looking tasks up: names, aliases, benchmarks and typing mistakes."""

from __future__ import annotations

import pytest

import task_specs
from task_specs import SpecError, registry

ALIASES = {f"glue_{name}_v002": f"glue/{name}" for name in
           "cola sst2 mrpc qqp stsb mnli mnli_matched mnli_mismatched qnli rte ax".split()}  # fmt: skip
ALIASES |= {"glue_wnli_v002": "glue/wnli_plain", "glue_wnli_v002_simple_eval": "glue/wnli"}


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_t5s_names(alias: str, name: str) -> None:
    assert task_specs.get(alias) is task_specs.get(name)


def test_glue_has_no_other_aliases() -> None:
    found = {a: s.name for s in task_specs.all_tasks() if s.benchmark == "glue" for a in s.aliases}
    assert found == ALIASES


def test_names_lead_to_their_tasks() -> None:
    for spec in task_specs.all_tasks():
        assert task_specs.get(spec.name) is spec
        assert all(task_specs.get(alias) is spec for alias in spec.aliases)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("glue/sst", "Did you mean 'glue/sst2'"),
        ("glue/SST2", "Did you mean 'glue/sst2'"),
        ("glue/stb", "'glue/stsb'"),
        ("glue_rte", "'glue_rte_v002'"),
        ("glue/mnli-matched", "'glue/mnli_matched'"),
        ("cola", "'glue/cola'"),
        ("stsb", "'glue/stsb'"),
    ],
)
def test_typing_mistakes(name: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        task_specs.get(name)
    assert str(caught.value).startswith(f"unknown task {name!r}. Did you mean ")
    assert hint in str(caught.value)


def test_names_like_nothing() -> None:
    with pytest.raises(SpecError, match=r"^unknown task 'qwzx'\. `t5eval tasks` lists every task\.$"):
        task_specs.get("qwzx")
    with pytest.raises(SpecError, match=r"^unknown task ''"):
        task_specs.get("")
    with pytest.raises(SpecError, match=r"^'glue' is a benchmark, not a task; its tasks are glue/cola, glue/sst2,"):
        task_specs.get("glue")


def test_resolve() -> None:
    glue = [task_specs.get(name) for name in task_specs.BENCHMARKS["glue"].tasks]
    assert task_specs.resolve(["glue"]) == glue
    assert task_specs.resolve([]) == []
    assert task_specs.resolve(["glue_rte_v002", "glue/rte", "glue/cola"]) == [
        task_specs.get("glue/rte"),
        task_specs.get("glue/cola"),
    ]
    assert task_specs.resolve(["glue/ax", "glue"]) == [glue[-1], *glue[:-1]]
    everything = task_specs.resolve(["all"])
    assert everything[: len(glue)] == glue
    of_t5 = ("glue", "super_glue", "dpr", "squad", "cnn_dailymail", "wmt")
    assert {spec.name for spec in everything} == {t for name in of_t5 for t in task_specs.BENCHMARKS[name].tasks}
    with pytest.raises(SpecError, match="unknown task 'gleu'"):
        task_specs.resolve(["glue", "gleu"])


def test_a_mixtures_tasks_are_each_there_once() -> None:
    inner = task_specs.Mixture("inner_for_this_test", ("glue/rte", "glue/mnli"))
    outer = task_specs.Mixture("outer_for_this_test", ("glue/mnli", "glue", "glue/rte", "super_glue/rte"))
    for mixture, first in ((inner, "glue/rte"), (outer, "glue/mnli")):
        names = [spec.name for spec in task_specs.tasks_of(mixture)]
        assert len(names) == len(set(names))
        assert names[0] == first
    # A benchmark is what is trained on and what its leaderboard takes: MNLI whole, and its halves.
    benchmark = task_specs.BENCHMARKS["glue"]
    assert set(names) == {*benchmark.tasks, *benchmark.training, "super_glue/rte"}


def test_two_tasks_of_one_name() -> None:
    rte, cola = task_specs.get("glue/rte"), task_specs.get("glue/cola")
    with pytest.raises(SpecError, match="two tasks are called 'glue/rte': glue/rte and glue/rte; rename one"):
        registry.index([rte, cola, rte])
