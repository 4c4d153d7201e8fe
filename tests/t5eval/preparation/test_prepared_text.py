"""Plain text as records: the pairs of `text_pairs`, in shards, and only where they are of the same making."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_model.data import text_files
from keras_model.data.objectives import Objective
from keras_model.data.text_files import text_pairs
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.cli.progress import SplitProgress
from t5eval.preparation.record_folder import Display, Wanted, in_lines
from t5eval.preparation.text_data import TextData
from t5eval.preparation.text_records import text_records
from task_specs.support.errors import UserError

INPUTS = 32
SHOWN = in_lines(print)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    chance = random.Random(5)
    lines = [" ".join(chance.choices(["goat", "é", "rope", "garden"], k=chance.randint(1, 30))) for _ in range(400)]
    (tmp_path / "a.txt").write_text("\n".join(lines[:300]), encoding="utf-8")
    with gzip.open(tmp_path / "b.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines[300:]))
    return [str(tmp_path / "a.txt"), str(tmp_path / "b.txt.gz")]


def text_data(files: list[str], **table: Any) -> TextData:
    return TextData.from_table({"files": files, "inputs": INPUTS, **table})


def wanted(text: TextData, tokenizer: Any, seed: int, display: Display = SHOWN) -> Wanted:
    return text_records(text, tokenizer, seed, display)


@pytest.mark.parametrize("objective", ["spans", "prefix_lm", "ul2"])
def test_the_records_are_the_pairs(
    objective: str, files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 5000)
    text, tokenizer = text_data(files, objective=objective), ByteTokenizer()
    examples = wanted(text, tokenizer, 3).of_run(tmp_path / "out")["text"]
    make = Objective.of(objective, tokenizer, INPUTS)
    expected = list(text_pairs(files, tokenizer, make, 3))
    assert len(examples) == len(expected) > 300
    for row, (source, target) in enumerate(expected):
        np.testing.assert_array_equal(examples.sources[row], source)
        np.testing.assert_array_equal(examples.targets[row], target)
    made = json.loads((tmp_path / "out" / "manifest.json").read_text())["sets"]["text/train"]
    assert len(made["shards"]) > 5
    assert all(100 < shard["records"] < 400 for shard in made["shards"][:-1])  # each has a block of text
    assert made["objective"] == objective
    assert made["seed"] == 3

    written = (tmp_path / "out" / "manifest.json").stat().st_mtime_ns
    again = wanted(text, tokenizer, 3).of_run(tmp_path / "out")["text"]
    assert again.fingerprint() == examples.fingerprint()
    assert (tmp_path / "out" / "manifest.json").stat().st_mtime_ns == written
    other = wanted(text, tokenizer, 4).of_run(tmp_path / "out")["text"]  # a run's own is made anew
    assert other.fingerprint() != examples.fingerprint()


def test_shards_are_written_as_pairs_come(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more pairs in memory than a shard has."""
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 5000)
    told: list[tuple[int, int]] = []

    class Progress(SplitProgress):
        def __call__(self, done: int, total: int) -> None:
            told.append((done, len(list((tmp_path / "out").rglob("*.safetensors")))))

    made, _ = wanted(text_data(files), ByteTokenizer(), 0, Progress).prepare_or_keep(tmp_path / "out")
    records = [shard.records for shard in made["text"].shards]
    assert len(told) > len(records) > 5
    assert all(done <= sum(records[: shards + 1]) for done, shards in told)


@pytest.mark.parametrize(
    ("changes", "seed", "message"),
    [
        ({}, 1, "seed was 0, now 1. Prepare them again"),
        ({"inputs": 40}, 0, "inputs was 32, now 40"),
        ({"objective": "prefix_lm"}, 0, "objective was 'spans', now 'prefix_lm'"),
        ({"files": 1}, 0, "they were made of 2 files, now 1"),
        ({"files": 0}, 0, "a.txt is not the file that they were made of"),
    ],
)
def test_records_of_another_making(
    changes: dict[str, Any], seed: int, message: str, files: list[str], tmp_path: Path
) -> None:
    folder, tokenizer = tmp_path / "out", ByteTokenizer()
    wanted(text_data(files), tokenizer, 0).prepare_or_keep(folder)
    _, were_there = wanted(text_data(files), tokenizer, 0).prepare_or_keep(folder)
    assert were_there
    if "files" in changes:
        changes = {"files": files[: changes["files"]] or [files[0], files[0]]}
        Path(files[0]).write_text("another") if len(changes["files"]) == 2 else None
    with pytest.raises(UserError, match=message):
        wanted(text_data(**{"files": files, **changes}), tokenizer, seed).given(folder)


def test_files_that_are_not_at_hand_are_not_compared(files: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    made, _ = wanted(text_data(files), ByteTokenizer(), 0).prepare_or_keep(folder)
    moved = [file.replace("txt", "text") for file in files]
    assert len(wanted(text_data(moved), ByteTokenizer(), 0).given(folder)["text"]) == len(made["text"])
    with pytest.raises(UserError, match="holds no prepared records"):
        wanted(text_data(files), ByteTokenizer(), 0).given(tmp_path / "none")


def test_a_part_is_held_out_the_same_for_every_seed(files: list[str], tmp_path: Path) -> None:
    text, tokenizer = text_data(files, held_out=0.1), ByteTokenizer()
    parts = []
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        trained = wanted(text, tokenizer, seed).of_run(folder)["text"]
        held = text_records(text, tokenizer, seed, SHOWN, split="validation").given(folder)["text"]
        parts.append((trained.fingerprint(), held.fingerprint()))
    assert parts[0][0] != parts[1][0]
    assert parts[0][1] == parts[1][1]
    everything = wanted(text_data(files), tokenizer, 0).of_run(tmp_path / "all")["text"]
    assert 0.05 < len(held) / len(everything) < 0.2
    assert abs(len(trained) + len(held) - len(everything)) <= 1  # each of the three has a last one that is shorter
    with pytest.raises(UserError, match=r"held_out = 1e-09 leaves no document to validate on; raise it"):
        wanted(text_data(files, held_out=1e-9), tokenizer, 0).of_run(tmp_path / "none")
    with pytest.raises(UserError, match=r"held_out was 0\.1, now 0\.2"):
        wanted(text_data(files, held_out=0.2), tokenizer, 0).given(tmp_path / "0")


def test_a_limit_of_tokens(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 100)  # so that it reaches over several
    text = text_data(files, limit_tokens=350, objective="lm")
    examples = wanted(text, ByteTokenizer(), 0).of_run(tmp_path / "out")["text"]
    assert sum(examples.targets.lengths - 1) == 350
    # The held-out part is the same, whatever the limit.
    held = []
    for limit in (350, 10**9):
        monkeypatch.undo()
        text = text_data(files, limit_tokens=limit, held_out=0.1)
        blocks = text.held_out_blocks(ByteTokenizer(), text.objective_of(ByteTokenizer()))
        [examples] = [part for _, of_block in blocks for part in of_block]
        held.append(examples.fingerprint())
    assert held[0] == held[1]


def test_a_row_has_room_for_an_example(files: list[str]) -> None:
    text = text_data(files, objective="bert")
    text.require_fit(ByteTokenizer(), (32, 32))
    with pytest.raises(
        UserError, match=r"objective bert makes sources of 32 tokens and targets of 32, .* pack = \[32, 32\]"
    ):
        text.require_fit(ByteTokenizer(), (32, 20))
