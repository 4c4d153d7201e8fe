"""Commands that write models are killed at any step: each folder is whole or absent, and the next run ends the same.

`make torture` kills each of them many more times (T5EVAL_TEST_KILLS).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load

from tests.commands.places import KILLS, SEED, STALE, Files, Place
from tests.forked import Forks
from tests.t5eval.tiny_t5 import write_tiny_t5

pytestmark = pytest.mark.slow


@pytest.fixture
def place(suite: Path, tmp_path: Path, tensorflow_forks: Forks) -> Place:
    """A folder with a task's data and a tiny model."""
    folder = tmp_path / "place"
    shutil.copytree(suite / "glue/WNLI", folder / "data/glue/WNLI")
    write_tiny_t5(folder / "tiny")
    return Place(folder, tensorflow_forks)


def train(place: Place, steps: int = 6) -> list[str]:
    """Of three checkpoints two stay: the last one, and the first one, which did best."""
    return [
        "train", "--task", "glue/wnli", "--data-dir", place.path("data"), "--model", place.path("tiny"), "--out",
        place.path("out"), "--steps", str(steps), "--batch-size", "4", "--checkpoint-every", "2", "--keep", "1",
        "--validate-limit", "2",
    ]  # fmt: skip


def convert(place: Place) -> list[str]:
    return ["convert", place.path("tiny"), place.path("out")]


def to_keras_hub(place: Place) -> list[str]:
    return [*convert(place), "--to", "keras_hub"]


FEWEST_STEPS = {train: 180, convert: 40, to_keras_hub: 40}
"""No command has fewer, so that one kill needs no run that counts them."""


def require_whole(name: str, data: bytes, old: Files, new: Files) -> None:
    """Asserts that a file is the old one or the new one, or belongs to a checkpoint that is removed in the end."""
    if name in new or name in old:
        assert data in (old.get(name), new.get(name)), name
    else:
        assert Path(name).match("out/checkpoints/step-0000000?/*"), name
        if name.endswith(".safetensors"):
            load(data)  # which compares the header with the length


@pytest.mark.parametrize("stale", STALE)
@pytest.mark.parametrize("command", FEWEST_STEPS if KILLS > 1 else [train, convert])
def test_killed_at_any_step_it_leaves_whole_folders_and_ends_the_same(
    t5eval: Any, place: Place, tmp_path: Path, command: Callable[[Place], list[str]], stale: bool
) -> None:
    if stale and command is train:
        assert t5eval(*train(place, steps=2)).status == 0
    elif stale:
        (place.folder / "out").mkdir()
    arguments = command(place)
    start, kept = place.files(), tmp_path / "start"
    shutil.copytree(place.folder, kept)
    steps = FEWEST_STEPS[command]
    if KILLS > 1:
        steps = place.steps_of(arguments)
        assert steps >= FEWEST_STEPS[command]
        place.restore(kept)
    whole = t5eval(*arguments)
    assert whole.status == 0, whole.err
    new = place.files()
    random_steps = random.Random(f"{SEED} {command.__name__} {stale}")
    for last in sorted(random_steps.choices(range(1, steps + 1), k=KILLS)):
        place.restore(kept)
        killed = place.run(arguments, last)
        assert killed.returncode == -9, (last, steps, killed.stderr)
        for name, data in place.whole_files().items():
            require_whole(name, data, start, new)
        again = t5eval(*arguments)
        assert again.status == 0, (last, again.err)
        assert place.files() == new, last
        assert not list(place.folder.rglob(".writing-*")), last
