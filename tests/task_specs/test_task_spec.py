"""A row that contradicts itself is refused, and a row cannot be changed."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import task_specs
from task_specs import ClassFile, Decode, Lengths, NumberFile, SpecError, TaskSpec
from task_specs.answers.labels import Label, Number
from task_specs.records import Example, FrozenDict
from task_specs.sources.download import Download
from task_specs.sources.tsv import Labels, Tsv
from task_specs.submission_files.json_lines import JsonClassFile, MultiRcFile
from task_specs.texts.fields import Fields

SOURCE = Tsv("mine", {"train": "a.tsv", "test": "b.tsv"}, {"s": "sentence"}, label="y", classes=("0", "1"))


def row(**changes: Any) -> TaskSpec:
    """Returns a small valid row with some of its values replaced."""
    values: dict[str, Any] = {
        "name": "mine/first",
        "benchmark": "mine",
        "source": SOURCE,
        "text": Fields("first", ("s",)),
        "answer": Label(("no", "yes")),
        "metrics": ("f1", "accuracy"),
        "sizes": {"test": 3},
        "lengths": Lengths(64, 8),
    }
    return TaskSpec(**{**values, **changes})


def source(**changes: Any) -> Tsv:
    return dataclasses.replace(SOURCE, **changes)


def test_defaults() -> None:
    spec = row()
    assert spec.task_score == ("f1",)  # the first metric
    assert (spec.decode, spec.aliases, spec.submission, spec.published) == (Decode("greedy", 1, 0.0), (), None, ())
    assert (NumberFile("f.tsv", 0, 5).decimals, NumberFile("f.tsv", 0, 5, decimals=0).decimals) == (3, 0)
    assert (spec.copies.renumbered, spec.copies.unlabelled) == (False, ())


FAULTS: list[tuple[Callable[[], object], str]] = [
    (lambda: row(name=""), "task name ''"),
    (lambda: row(name="../up"), "task name '../up'"),
    (lambda: row(name="a/../b"), "at most one slash"),
    (lambda: row(name="a/b/c"), "at most one slash"),
    (lambda: row(name="/root"), "task name '/root'"),
    (lambda: row(name="a b"), "letters, digits"),
    (lambda: row(name="a\n"), "letters, digits"),
    (lambda: row(aliases=("fine", "not fine")), "task name 'not fine'"),
    (lambda: row(metrics=()), "mine/first: a task needs at least one metric"),
    (lambda: row(task_score=("f1", "em")), r"task_score 'em' is not among its metrics \['f1', 'accuracy'\]"),
    (lambda: row(sizes={"dev": 3}), "split 'dev' is unknown; splits are train, validation, test"),
    (lambda: row(sizes={"validation": 3}), "sizes name split 'validation', but its source has no file for it"),
    (lambda: row(sizes={"test": 0}), "the size of test must be a positive whole number, got 0"),
    (lambda: row(sizes={"test": 2.5}), "positive whole number, got 2.5"),
    (lambda: row(training_pairs=0), "training_pairs = 0, but nothing to train on"),
    (lambda: row(source=source(files={"test": "t.tsv"}), training_pairs=3), "training_pairs = 3, but nothing to train"),
    (lambda: row(source=source(files={"dev": "d.tsv"})), "split 'dev' is unknown"),
    (lambda: row(text=Fields("first", ("s", "t"))), r"its text needs \['t'\], its source has fields \['s'\]"),
    (lambda: row(answer=Label(("a", "b", "c"))), r"the answer has classes \['a', 'b', 'c'\], the source \['0', '1'\]"),
    (lambda: row(answer=Number(0, 5)), r"the answer has classes \[\], the source \['0', '1'\]"),
    (lambda: row(source=source(classes=())), r"the answer has classes \['no', 'yes'\], the source \[\]"),
    (lambda: row(submission=ClassFile("f.tsv", ("0",))), r"the submission spells \['0'\]"),
    (lambda: row(submission=NumberFile("f.tsv", 0, 1)), "its submission takes numbers, its answer has classes"),
    (
        lambda: row(submission=ClassFile("f.tsv", ("0", "1"), split="validation")),
        "its submission needs split 'validation', which has no file",
    ),
    (lambda: NumberFile("f.tsv", 1, 1), "low < high"),
    (lambda: NumberFile("f.tsv", 0, math.inf), "low < high"),
    (lambda: NumberFile("f.tsv", 0, 1, decimals=-1), "decimals from 0"),
    (lambda: Decode("sample"), "decode method is 'greedy' or 'beam', got 'sample'"),
    (lambda: Decode("greedy", 4), "greedy has beam_size 1"),
    (lambda: Decode("beam", 1), "greedy has beam_size 1, beam more; got beam, 1"),
    (lambda: Decode("beam", 0), "got beam, 0"),
    (lambda: Decode("greedy", 1, 0.6), "0 for greedy"),
    (lambda: Decode("beam", 4, -1.0), "alpha is at least 0"),
    (lambda: Decode("beam", 4, math.nan), "alpha is at least 0"),
    (lambda: Lengths(1, 8), "room for a token and the end"),
    (lambda: Lengths(8, 1), "room for a token and the end"),
    (lambda: Fields("x", ()), "at least one field"),
    (lambda: source(files={}), "at least one file"),
    (lambda: source(fields={"label": "y"}), "'label' is not a text field"),
    (lambda: source(classes=("0", "0")), "repeat a value"),
    (lambda: source(columns=("sentence", "y")), "'columns' and 'headerless' go together"),
    (lambda: source(headerless=("train",)), "'columns' and 'headerless' go together"),
    (lambda: source(headerless=("dev",), columns=("sentence", "y")), "split 'dev' has no file"),
    (lambda: source(headerless=("train",), columns=("sentence", "z")), r"\['y'\] is not among columns"),
    (lambda: source(drop_incomplete=("validation",)), "split 'validation' has no file"),
    (lambda: source(labels={"validation": Labels("l.tsv", "y")}), "split 'validation' has no file"),
    (
        lambda: source(labels={"test": Labels("l.tsv", "y", {"t": "T"})}),
        r"labels compare \['t'\], not among its fields",
    ),
    (lambda: source(classes=(), labels={"test": Labels("l.tsv", "y")}), "name them with classes"),
    (lambda: Download("ftp://a.org/b", "b"), "https:// or http://, got 'ftp://a.org/b'"),
    (lambda: Download("https:///b", "b"), "an address begins with"),
    (lambda: Download("https://a.org/b", ""), "'to' is a path below the data directory, got ''"),
    (lambda: Download("https://a.org/b", "/b"), "'to' is a path below"),
    (lambda: Download("https://a.org/b", "b/../../c"), "'to' is a path below"),
    (lambda: Download("https://a.org/b", "b", sha256="A" * 64), "sha256 is 64 hexadecimal digits"),
    (lambda: Download("https://a.org/b", "b", sha256="a" * 65), "sha256 is 64 hexadecimal digits"),
]


@pytest.mark.parametrize(("make", "message"), FAULTS)
def test_contradictions(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value) or "name" in message


def test_a_list_of_labels_is_frozen_too() -> None:
    files = [ClassFile("f", ["0", "1"]), JsonClassFile("f", [0, 1]), MultiRcFile("f", 1, 1, [0, 1])]  # type: ignore[arg-type]
    assert [file.labels for file in files] == [("0", "1"), (0, 1), (0, 1)]
    assert len(set(files)) == 3


def test_a_download_is_a_value() -> None:
    sound = Download("http://a.org/b", "b..c/d", ["*.tsv"], sha256="0" * 64)  # type: ignore[arg-type]
    assert sound == Download("http://a.org/b", "b..c/d", ("*.tsv",), sha256="0" * 64)
    assert len({sound, Download("http://a.org/b", "b..c/d")}) == 2


def test_slices_do_not_tell_an_example_from_its_copy() -> None:
    assert Example("1", {"s": "a"}, FrozenDict(genre="fiction")) == Example("1", {"s": "a"})


@pytest.mark.parametrize("spec", task_specs.all_tasks(), ids=lambda spec: spec.name)
def test_rows_are_frozen_to_the_bottom(spec: TaskSpec) -> None:
    frozen = "cannot (be changed|assign)"
    with pytest.raises((TypeError, dataclasses.FrozenInstanceError), match=frozen):
        spec.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError, match=frozen):
        spec.sizes["test"] = 1  # type: ignore[index]
    for change in (
        lambda: spec.sizes.update(test=1),  # type: ignore[attr-defined]
        lambda: spec.sizes.pop("test"),  # type: ignore[attr-defined]
        lambda: spec.sizes.clear(),  # type: ignore[attr-defined]
        lambda: spec.sizes.setdefault("dev", 1),  # type: ignore[attr-defined]
        lambda: spec.sizes.__ior__({"dev": 1}),  # type: ignore[attr-defined]
    ):
        with pytest.raises(TypeError, match=frozen):
            change()


@pytest.mark.parametrize("spec", task_specs.all_tasks(), ids=lambda spec: spec.name)
def test_rows_are_values(spec: TaskSpec) -> None:
    assert pickle.loads(pickle.dumps(spec)) == spec
    twin = copy.deepcopy(spec)
    assert twin == spec
    assert hash(twin) == hash(spec)
    assert twin.fingerprint == spec.fingerprint
    assert dataclasses.replace(spec, name="other/task") != spec


def test_the_fingerprint_covers_what_can_change_a_score_and_nothing_else() -> None:
    spec = row()
    same = [{"aliases": ("a",)}, {"note": "n"}, {"tfds": "t"}, {"sizes": {"test": 4}}, {"training_pairs": 9}]
    other: list[dict[str, Any]] = [
        {"text": Fields("second", ("s",))},
        {"answer": Label(("no", "Yes"))},
        {"metrics": ("f1", "accuracy", "matthews")},
        {"task_score": ("accuracy",)},
        {"lengths": Lengths(65, 8)},
        {"decode": Decode("beam", 4, 0.6)},
        {"source": source(label="z")},
        {"source": source(drop_incomplete=("train",))},
    ]
    assert {dataclasses.replace(spec, **change).fingerprint for change in same} == {spec.fingerprint}
    prints = [dataclasses.replace(spec, **change).fingerprint for change in other]
    assert len({spec.fingerprint, *prints}) == len(other) + 1
