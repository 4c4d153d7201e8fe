"""Commands that are killed at any step: no file is ever half there, and the next run ends as if nothing had been.

`make torture` kills each command many more times (T5EVAL_TEST_KILLS).
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import open_split
from tests.commands.conftest import write_predictions
from tests.commands.places import KILLS, SEED, STALE, Files, Place
from tests.forked import Forks

pytestmark = pytest.mark.slow

ROWS = {"glue/WNLI/test.tsv": 146, "glue/diagnostic/diagnostic.tsv": 1104}  # in the leaderboard's test files
TASKS = {"glue/wnli": "somebody else", "glue/ax": "neutral"}


@pytest.fixture
def place(suite: Path, tmp_path: Path, ready_forks: Forks) -> Place:
    """A folder with two tasks' data, of as many rows as the leaderboard's, and predictions for it."""
    folder = tmp_path / "place"
    for name, rows in ROWS.items():
        head, *lines = (suite / name).read_text(encoding="utf-8").splitlines()
        numbered = [f"{row}\t{lines[row % len(lines)].partition(chr(9))[2]}" for row in range(rows)]
        target = folder / "data" / name
        target.parent.mkdir(parents=True)
        target.write_text("\n".join([head, *numbered]) + "\n", encoding="utf-8")
    for name, answer in TASKS.items():
        ids = [example.id for example in open_split(task_specs.get(name), "test", folder / "data")]
        write_predictions(folder / "run" / "predictions" / name / "test.jsonl", [(i, answer) for i in ids])
    for name in ("dev.tsv", "train.tsv"):
        shutil.copy(suite / "glue/WNLI" / name, folder / "data/glue/WNLI" / name)
    ids = [example.id for example in open_split(task_specs.get("glue/wnli"), "validation", folder / "data")]
    write_predictions(folder / "validation.jsonl", [(i, "somebody else") for i in ids])
    return Place(folder, ready_forks)


def evaluate(place: Place, *tasks: str) -> list[str]:
    return [
        "evaluate", "--model", f"predictions:{place.path('run')}", "--task", *(tasks or TASKS), "--split", "test",
        "--data-dir", place.path("data"), "--out", place.path("out"), "--batch-tokens", "64",
    ]  # fmt: skip


def score(place: Place, *_: str) -> list[str]:
    data, file = place.path("data"), place.path("validation.jsonl")
    return ["score", "glue/wnli", "--split", "validation", "--data-dir", data, "--predictions", file, "--json"]


def submit(place: Place, *_: str) -> list[str]:
    return [
        "submit", "glue", "--run", place.path("run"), "--data-dir", place.path("data"), "--partial", "--out",
        place.path("out.zip"),
    ]  # fmt: skip


def report(place: Place, *_: str) -> list[str]:
    out = place.path("out")
    return [
        "report", place.path("run"), "--data-dir", place.path("data"), "--out", out, "--csv", f"{out}/scores.csv",
        "--latex", f"{out}/scores.tex",
    ]  # fmt: skip


def prepare(place: Place, *_: str) -> list[str]:
    return [
        "prepare", "--task", "glue/wnli", "--data-dir", place.path("data"), "--vocab", "bytes", "--workers", "1",
        "--out", place.path("out"),
    ]  # fmt: skip


def other_predictions(place: Place) -> dict[Path, bytes]:
    """Puts other predictions in place of the run's; returns what was there."""
    before = {}
    for name, answer in {"glue/wnli": "nobody", "glue/ax": "entailment"}.items():
        path = place.folder / "run" / "predictions" / name / "test.jsonl"
        before[path] = path.read_bytes()
        ids = [json.loads(line)["id"] for line in before[path].splitlines()]
        write_predictions(path, [(i, answer) for i in ids])
    return before


def write_old(place: Place, command: Callable[..., list[str]]) -> None:
    """Leaves what an earlier run of the command wrote.

    It was of other predictions, or, of evaluate, of one task alone, or, of prepare, killed before its last step.
    """
    if command is prepare:
        steps = place.steps_of(prepare(place))
        shutil.rmtree(place.folder / "out")
        assert place.run(prepare(place), steps - 1).returncode == -9
        return
    if command is evaluate:
        assert place.run(evaluate(place, "glue/wnli")).returncode == 0
        return
    before = other_predictions(place)
    assert place.run(command(place)).returncode == 0
    for path, data in before.items():
        path.write_bytes(data)


def require_whole(name: str, data: bytes, old: Files, new: Files) -> None:
    """Asserts that a file is the old one or the new one.

    What evaluate writes as it goes on may be between: a store has some of its lines, results.json some of its splits.
    """
    if Path(name).match("out/predictions/*/*/test.jsonl"):
        lines = data.splitlines(keepends=True)
        assert set(lines) <= set(new[name].splitlines(keepends=True)), name
    elif name == "out/results.json" and data != old.get(name):
        document, whole = json.loads(data), json.loads(new[name])
        assert {**whole["results"], **document["results"]} == whole["results"]
        assert {**document, "results": whole["results"]} == whole
    else:
        assert data in (old.get(name), new.get(name)), name


@pytest.mark.parametrize("stale", STALE)
@pytest.mark.parametrize("command", [evaluate, score, submit, report, prepare])
def test_killed_at_any_step_it_leaves_whole_files_and_runs_again(
    place: Place, tmp_path: Path, command: Callable[..., list[str]], stale: bool
) -> None:
    if stale:
        write_old(place, command)
    arguments = command(place)
    start, kept = place.files(), tmp_path / "start"
    shutil.copytree(place.folder, kept)
    whole = place.run(arguments)
    assert whole.returncode == 0, whole.stderr
    steps = int(whole.stderr.split()[-1])
    new = place.files()
    random_steps = random.Random(f"{SEED} {command.__name__} {stale}")
    for last in sorted(random_steps.choices(range(1, steps + 1), k=KILLS)):
        place.restore(kept)
        assert place.run(arguments, last).returncode == -9, (last, steps)
        for name, data in place.whole_files().items():
            require_whole(name, data, start, new)
        again: Any = place.run(arguments)
        assert again.returncode == 0, (last, again.stderr)
        assert place.files() == new, last
        assert not list(place.folder.rglob(".writing-*")), last
        if command is score:
            assert again.stdout == whole.stdout
