"""Plain text as records: the pairs of `text_pairs`, in shards, and only where they are of the same making."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keras_model.data.objectives import PrefixLm, SpanCorruption
from keras_model.data.text_files import text_pairs
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.preparation import text_records as prepared_text
from t5eval.preparation.existing_records import Said
from t5eval.preparation.text_data import TextData
from t5eval.preparation.text_records import given_text, prepare_or_keep_text, text_of_run
from task_specs.errors import UserError

INPUTS = 32


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


@pytest.mark.parametrize("objective", ["span_corruption", "prefix_lm"])
def test_the_records_are_the_pairs(
    objective: str, files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_text, "SHARD_BYTES", 100 * (8 * INPUTS + 16))
    text, tokenizer = text_data(files, objective=objective), ByteTokenizer()
    examples = text_of_run(tmp_path / "out", text, tokenizer, 3, print)
    make = SpanCorruption.of(tokenizer, INPUTS) if objective == "span_corruption" else PrefixLm(INPUTS)
    expected = list(text_pairs(files, tokenizer, make, 3))
    assert len(examples) == len(expected) > 500
    for row, (source, target) in enumerate(expected):
        np.testing.assert_array_equal(examples.sources[row], source)
        np.testing.assert_array_equal(examples.targets[row], target)
    made = json.loads((tmp_path / "out" / "manifest.json").read_text())["sets"]["text/train"]
    assert [shard["records"] for shard in made["shards"][:-1]] == [100] * (len(expected) // 100)
    assert made["objective"] == objective
    assert made["seed"] == 3

    written = (tmp_path / "out" / "manifest.json").stat().st_mtime_ns
    again = text_of_run(tmp_path / "out", text, tokenizer, 3, print)
    assert again.fingerprint() == examples.fingerprint()
    assert (tmp_path / "out" / "manifest.json").stat().st_mtime_ns == written
    other = text_of_run(tmp_path / "out", text, tokenizer, 4, print)  # a run's own is made anew
    assert other.fingerprint() != examples.fingerprint()


def test_shards_are_written_as_pairs_come(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more pairs in memory than a shard has."""
    monkeypatch.setattr(prepared_text, "SHARD_BYTES", 100 * (8 * INPUTS + 16))
    told: list[tuple[int, int]] = []

    class Progress(Said):
        def __call__(self, done: int, total: int) -> None:
            told.append((done, len(list((tmp_path / "out").rglob("*.safetensors")))))

    monkeypatch.setattr(prepared_text, "SHOWN_EVERY", 1)
    prepare_or_keep_text(text_data(files), ByteTokenizer(), 0, tmp_path / "out", lambda name: Progress(name, print))
    assert len(told) > 300
    assert all(done - 100 * shards <= 101 for done, shards in told)


@pytest.mark.parametrize(
    ("changes", "seed", "message"),
    [
        ({}, 1, "seed was 0, now 1. Prepare them again"),
        ({"inputs": 40}, 0, "inputs was 32, now 40"),
        ({"objective": "prefix_lm"}, 0, "objective was 'span_corruption', now 'prefix_lm'"),
        ({"files": 1}, 0, "they were made of 2 files, now 1"),
        ({"files": 0}, 0, "a.txt is not the file that they were made of"),
    ],
)
def test_records_of_another_making(
    changes: dict[str, Any], seed: int, message: str, files: list[str], tmp_path: Path
) -> None:
    folder, tokenizer = tmp_path / "out", ByteTokenizer()
    prepare_or_keep_text(text_data(files), tokenizer, 0, folder, lambda name: Said(name, print))
    _, were_there = prepare_or_keep_text(text_data(files), tokenizer, 0, folder, lambda name: Said(name, print))
    assert were_there
    if "files" in changes:
        changes = {"files": files[: changes["files"]] or [files[0], files[0]]}
        Path(files[0]).write_text("another") if len(changes["files"]) == 2 else None
    with pytest.raises(UserError, match=message):
        given_text(folder, TextData.from_table({"files": files, "inputs": INPUTS, **changes}), tokenizer, seed)


def test_files_that_are_not_at_hand_are_not_compared(files: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    made, _ = prepare_or_keep_text(text_data(files), ByteTokenizer(), 0, folder, lambda name: Said(name, print))
    moved = [file.replace("txt", "text") for file in files]
    assert len(given_text(folder, text_data(moved), ByteTokenizer(), 0)) == len(made)
    with pytest.raises(UserError, match="holds no prepared records"):
        given_text(tmp_path / "none", text_data(files), ByteTokenizer(), 0)
