"""Rows in TOML files: the same schema as the built-in rows, and one line for every mistake."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import tomli_w

import task_specs
from task_specs import Example, SpecError, TaskSpec

VALID: dict[str, Any] = {
    "name": "mine/polite",
    "benchmark": "mine",
    "metrics": ["accuracy"],
    "sizes": {"test": 12},
    "lengths": {"inputs": 64, "targets": 8},
    "source": {
        "kind": "tsv",
        "folder": "mine",
        "files": {"train": {"a": "a.tsv", "b": "b.tsv"}, "test": "test.tsv"},
        "fields": {"sentence": "Sentence"},
        "label": "polite",
        "classes": ["n", "y"],
        "labels": {"test": {"file": "labels.tsv", "column": "polite", "same": {"sentence": "Sentence"}}},
    },
    "text": {"kind": "fields", "prefix": "polite", "fields": ["sentence"]},
    "answer": {"kind": "label", "classes": ["rude", "polite"]},
    "submission": {"kind": "class", "file": "Polite.tsv", "labels": ["0", "1"]},
    "published": [{"model": "m", "split": "test", "scores": {"accuracy": 71}, "source": "a paper"}],
}


def changed(*path: str | int, value: Any = None, remove: bool = False) -> dict[str, Any]:
    """Returns the valid row with one place replaced or removed."""
    row = copy.deepcopy(VALID)
    place: Any = row
    for step in path[:-1]:
        place = place[step]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return row


def test_a_valid_file(tmp_path: Path) -> None:
    path = tmp_path / "polite.toml"
    path.write_text(tomli_w.dumps(VALID), encoding="utf-8")
    spec = task_specs.get(str(path))
    assert spec == task_specs.read_toml(path)
    (pair,) = spec.pairs(Example("0", {"sentence": "Please.", "label": 1}))
    assert (pair.inputs, pair.targets) == ("polite sentence: Please.", "polite")
    assert spec.source.paths("train") == {"a": "a.tsv", "b": "b.tsv"}
    assert spec.source.labels["test"].same == {"sentence": "Sentence"}
    assert spec.published[0].scores == {"accuracy": 71}
    assert task_specs.resolve([str(path), str(path), "glue/rte"]) == [spec, task_specs.get("glue/rte")]


@pytest.mark.parametrize("spec", task_specs.all_tasks(), ids=lambda spec: spec.name)
def test_every_row_survives_toml(spec: TaskSpec, tmp_path: Path) -> None:
    path = tmp_path / "row.toml"
    path.write_text(tomli_w.dumps(spec.to_dict()), encoding="utf-8")
    again = task_specs.read_toml(path)
    assert again == spec
    assert again.fingerprint == spec.fingerprint
    assert task_specs.from_plain(spec.to_dict(), "here") == spec


def test_what_a_row_leaves_out_is_not_written() -> None:
    assert task_specs.from_plain(VALID, "here").to_dict() == {**VALID, "task_score": ["accuracy"]}


# The row, and the words of the message after the file's name.
FAULTS = [
    (changed("metrix", value=["f1"]), "unknown key 'metrix'; the keys are name, benchmark,"),
    (changed("metrix", value=["f1"]), "Did you mean 'metrics'?"),
    (changed("name", remove=True), "the key 'name' is missing"),
    (changed("source", remove=True), "the key 'source' is missing"),
    (changed("lengths", remove=True), "the key 'lengths' is missing"),
    (changed("sizes", remove=True), "the key 'sizes' is missing"),
    (changed("name", value=3), "name has the wrong type: 3"),
    (changed("metrics", value="accuracy"), "metrics has the wrong type: 'accuracy'"),
    (changed("metrics", value=["accuracy", 1]), "metrics has the wrong type"),
    (changed("sizes", value=[12]), "sizes has the wrong type"),
    (changed("sizes", "test", value="12"), "sizes has the wrong type"),
    (changed("sizes", "test", value=True), "sizes has the wrong type"),
    (changed("sizes", "test", value=1.5), "sizes has the wrong type"),
    (changed("note", value=["a"]), "note has the wrong type"),
    (changed("tfds", value=1), "tfds has the wrong type"),
    (changed("source", value="tsv"), "source must be a table, got 'tsv'"),
    (changed("source", "kind", remove=True), "[source] needs kind = one of tsv"),
    (changed("source", "kind", value="tvs"), "got 'tvs'. Did you mean 'tsv'?"),
    (changed("source", "kind", value=1), "[source] needs kind = one of"),
    (changed("text", "kind", value="field"), "Did you mean 'fields'?"),
    (changed("answer", "kind", value="labels"), "Did you mean 'label'?"),
    (changed("submission", "kind", value="zip"), "[submission] needs kind = one of class, number"),
    (changed("source", "folder", remove=True), "[source]: the key 'folder' is missing"),
    (changed("source", "folders", value="x"), "[source]: unknown key 'folders'"),
    (changed("source", "files", value="x.tsv"), "[source]: files has the wrong type"),
    (changed("source", "files", "test", value=3), "[source]: files has the wrong type"),
    (changed("source", "files", "train", "a", value=3), "[source]: files has the wrong type"),
    (changed("source", "classes", value=["n", 1]), "[source]: classes has the wrong type"),
    (changed("source", "labels", "test", value="l.tsv"), "[source]: labels has the wrong type"),
    (changed("source", "labels", "test", "colum", value="x"), "[source]: labels.test: unknown key 'colum'"),
    (changed("source", "labels", "test", "file", remove=True), "[source]: labels.test: the key 'file' is missing"),
    (changed("source", "labels", "test", "file", value=3), "[source]: labels.test: file has the wrong type: 3"),
    (changed("source", "labels", "test", "same", value={"t": "T"}), "[source]: source 'tsv': labels compare ['t']"),
    (changed("text", "fields", value=[]), "[text]: text format 'fields' needs at least one field"),
    (changed("text", "fields", value=["s"]), "mine/polite: its text needs ['s']"),
    (changed("answer", "classes", value=["polite"]), "[answer]: answer 'label' needs at least two"),
    (changed("answer", "classes", value=["a", "b", "c"]), "the answer has classes ['a', 'b', 'c'], the source"),
    (changed("answer", value={"kind": "number", "low": "0", "high": 5}), "[answer]: low has the wrong type: '0'"),
    (changed("answer", value={"kind": "number", "low": 5, "high": 0}), "[answer]: answer 'number' needs"),
    (changed("lengths", value=64), "lengths must be a table, got 64"),
    (changed("lengths", "inputs", value=True), "[lengths]: inputs has the wrong type: True"),
    (changed("lengths", "inputs", value=1), "[lengths]: lengths must leave room"),
    (changed("lengths", "targets", remove=True), "[lengths]: the key 'targets' is missing"),
    (changed("decode", value={"method": "beam"}), "[decode]: decode: greedy has beam_size 1"),
    (changed("decode", value={"beams": 4}), "[decode]: unknown key 'beams'"),
    (changed("published", value={"model": "m"}), "published must be an array of tables"),
    (changed("published", 0, "scores", remove=True), "[[published]]: the key 'scores' is missing"),
    (changed("published", 0, "scores", "accuracy", value="71"), "[[published]]: scores has the wrong type"),
    (changed("published", 0, "year", value=2020), "[[published]]: unknown key 'year'"),
    (changed("task_score", value=["f1"]), "mine/polite: task_score 'f1' is not among its metrics"),
    (changed("sizes", "validation", value=3), "sizes name split 'validation', but its source has no file"),
    (changed("submission", "labels", value=["0"]), "the submission spells ['0']"),
    (changed("name", value="a/b/c"), "task name 'a/b/c'"),
]


@pytest.mark.parametrize(("row", "message"), FAULTS)
def test_faults(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(tomli_w.dumps(row), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        task_specs.get(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", "not a TOML file"),
        (b"name = 'caf\xe9'", "not a TOML file"),
        (b"a = " + b"[" * 100_000, "not a TOML file"),
        (b"", "the key 'name' is missing"),
    ],
)
def test_files_that_are_not_toml(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        task_specs.get(str(path))
    assert str(caught.value).startswith(f"{path}: {message}")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        task_specs.get(str(tmp_path / "absent.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(SpecError, match="cannot be read: Is a directory"):
        task_specs.get(str(tmp_path / "folder.toml"))
