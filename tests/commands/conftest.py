"""Running commands in this process or as a user would, on the embedded suite."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.cli.main import run
from t5eval.data import available_splits, open_split
from t5eval.demo.demo import suite_folder
from t5eval.scoring.score import evaluation_pair
from tests.forked import Forks
from tests.t5eval.tiny_t5 import write_tiny_t5


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


Command = Callable[..., Outcome]
PLUGINS = Path(__file__).resolve().parents[2] / "examples" / "plugin"


@pytest.fixture
def t5eval(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process."""

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return call


def forked(forks: Forks) -> Command:
    """What runs a command in a process of its own."""

    def call(*arguments: str | Path, **options: Any) -> Outcome:
        done = forks.run(["-m", "t5eval", *arguments], **options)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture
def t5eval_process(forks: Forks) -> Command:
    """Runs a command in a process of its own."""
    return forked(forks)


@pytest.fixture
def tensorflow_process(tensorflow_forks: Forks) -> Command:
    """Runs a command that needs TensorFlow in a process of its own."""
    return forked(tensorflow_forks)


@pytest.fixture
def forget_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Returns what makes this process forget every plugin, as a new process would; it does so after the test, too."""
    from t5eval.plugins import installed
    from t5eval.plugins import loader as plugin_loading
    from t5eval.support.plugin_record import LOADED
    from task_specs import registry

    before = [dict(table) for table in plugin_loading.TABLES]
    monkeypatch.setattr(plugin_loading, "_installed", {})

    def forget() -> None:
        for table, old in zip(plugin_loading.TABLES, before, strict=True):
            table.clear()
            table.update(old)
        LOADED.clear()
        plugin_loading._installed.clear()
        installed.entry_points.cache_clear()
        registry._known.cache_clear()

    yield forget
    forget()


@pytest.fixture(scope="session")
def suite() -> Path:
    """The embedded suite, a data directory in GLUE's layout."""
    return suite_folder()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder, which no test changes: random weights, and a vocabulary of the suite's text."""
    return write_tiny_t5(tmp_path_factory.mktemp("model") / "t5")


def write_predictions(path: Path, records: Sequence[tuple[Any, str]]) -> Path:
    """Writes predictions as JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"id": i, "prediction": p}) + "\n" for i, p in records), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def perfect_answers(tmp_path_factory: pytest.TempPathFactory, suite: Path) -> Path:
    """What `perfect_run` is a copy of."""
    return write_answers(tmp_path_factory.mktemp("perfect") / "run", task_specs.BENCHMARKS["glue"].tasks, suite)


def write_answers(run: Path, tasks: Sequence[str], data: Path) -> Path:
    """Writes a readable answer to each example of validation and test into a run, the true one where it is known."""
    for name in tasks:
        spec = task_specs.get(name)
        for split in ("validation", "test"):
            if split not in available_splits(spec, data):
                continue
            records = []
            for example in open_split(spec, split, data):
                target = evaluation_pair(spec, example).targets
                if name == "glue/wnli" and example.features["label"] == 0:
                    target = "somebody else"  # the target is always the candidate, also where it is not the referent
                unlabelled = target in ("", "<unk>", "-1.0")
                first = (*spec.answer.choices, *example.features.get("entities", ()), "something")[0]
                records.append((example.id, first if unlabelled else target))
            write_predictions(run / "predictions" / name / f"{split}.jsonl", records)
    return run


@pytest.fixture
def perfect_run(tmp_path: Path, perfect_answers: Path) -> Path:
    """A run folder made by hand: for every GLUE split of the suite but train, a readable answer to each example."""
    return shutil.copytree(perfect_answers, tmp_path / "run")


@pytest.fixture
def evaluate_stars(t5eval: Command, tmp_path: Path, forget_plugins: Callable[[], None]) -> Command:
    """Evaluates the examples' task of stars, with a piece of one of the plugins replaced."""

    def call(old: str = "", new: str = "", file: str = "") -> Outcome:
        forget_plugins()
        options: list[str | Path] = []
        for name in ("source", "text_format", "answer_parser", "metric", "model"):
            code = (PLUGINS / f"{name}.py").read_text()
            assert old in code or name != file
            (tmp_path / f"{name}.py").write_text(code.replace(old, new) if name == file else code)
            options += ["--plugin", tmp_path / f"{name}.py"]
        return t5eval(
            *options, "evaluate", "--task", PLUGINS / "stars.toml", "--model", "always:4 stars",
            "--data-dir", PLUGINS / "data", "--out", tmp_path / "run",
        )  # fmt: skip

    return call
