"""Looking tasks up: names, aliases, benchmarks, typing mistakes, and tasks of installed packages."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

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
    assert {spec.name for spec in everything} == {t for b in task_specs.BENCHMARKS.values() for t in b.tasks}
    with pytest.raises(SpecError, match="unknown task 'gleu'"):
        task_specs.resolve(["glue", "gleu"])


def test_two_tasks_of_one_name() -> None:
    rte, cola = task_specs.get("glue/rte"), task_specs.get("glue/cola")
    with pytest.raises(SpecError, match="two tasks are called 'glue/rte': glue/rte and glue/rte; rename one"):
        registry.index([rte, cola, rte])


MODULE = """
from dataclasses import replace
import task_specs
RTE = task_specs.get("glue/rte")
FIRST = replace(RTE, name="polite/first", aliases=("polite_v001",), benchmark="polite")
SECOND = replace(FIRST, name="polite/second", aliases=())
BOTH = [FIRST, SECOND]
CLASH = replace(FIRST, name="glue/rte", aliases=())
NOTHING = 3
MIXED = [FIRST, "polite/second"]
FAULTY = lambda: 0
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Installs a small distribution whose entry point is given as `module:object`."""
    (tmp_path / "polite_tasks.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "polite_broken.py").write_text("import package_that_is_not_there\n", encoding="utf-8")
    folder = tmp_path / "polite_tasks-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: polite-tasks\nVersion: 1.0\n", encoding="utf-8")

    def install(target: str) -> None:
        (folder / "entry_points.txt").write_text(f"[t5eval.tasks]\npolite = {target}\n", encoding="utf-8")
        importlib.invalidate_caches()
        registry._with_installed.cache_clear()

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for name in ("polite_tasks", "polite_broken"):
        importlib.sys.modules.pop(name, None)  # type: ignore[attr-defined]
    registry._with_installed.cache_clear()


@pytest.mark.parametrize(("target", "names"), [("FIRST", ["first"]), ("BOTH", ["first", "second"])])
def test_tasks_of_an_installed_package(installed: Callable[[str], None], target: str, names: list[str]) -> None:
    built_in = task_specs.all_tasks()
    installed(f"polite_tasks:{target}")
    assert task_specs.get("polite_v001").name == "polite/first"
    assert [spec.name for spec in task_specs.all_tasks()] == [
        *(spec.name for spec in built_in),
        *(f"polite/{name}" for name in names),
    ]
    with pytest.raises(SpecError, match="Did you mean 'polite/first'"):
        task_specs.get("polite/frist")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("polite_tasks:NOTHING", "must be a TaskSpec or a list of them, got int"),
        ("polite_tasks:MIXED", "must be a TaskSpec or a list of them, got list"),
        ("polite_tasks:FAULTY", "must be a TaskSpec or a list of them, got function"),
        ("polite_tasks:ABSENT", "cannot be imported: AttributeError"),
        ("polite_broken:ANY", "cannot be imported: ModuleNotFoundError"),
        ("polite_tasks:CLASH", "two tasks are called 'glue/rte'"),
    ],
)
def test_faulty_packages(installed: Callable[[str], None], target: str, message: str) -> None:
    installed(target)
    with pytest.raises(SpecError) as caught:
        task_specs.get("polite/first")
    assert message in str(caught.value)
    assert "polite-tasks's entry point 'polite'" in str(caught.value)
    # The built-in tasks do not suffer.
    assert task_specs.get("glue/rte").name == "glue/rte"
    assert len(task_specs.resolve(["glue"])) == 11
