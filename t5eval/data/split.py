"""A split of a task, as a stream of examples that knows what it has read."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from t5eval.data.json_lines import json_lines_files, read_json_lines, read_wsc
from t5eval.data.nested_json_lines import read_multirc, read_record
from t5eval.data.parallel_files import parallel_files, parallel_otherwise
from t5eval.data.parallel_text import read_parallel_text
from t5eval.data.pronoun_blocks import read_pronoun_blocks
from t5eval.data.squad_json import read_squad, squad_files
from t5eval.data.stories import read_stories, story_files, story_otherwise
from t5eval.data.tsv import read_tsv, tsv_files
from t5eval.errors import DataError, MissingFile, UserError, did_you_mean
from task_specs import Example, TaskSpec

DATA_DIR_VARIABLE = "T5EVAL_DATA_DIR"


@dataclass
class Summary:
    """What reading a split found.

    Attributes:
        files: the files read, relative to the data directory, each with the SHA-256 of its bytes.
        examples: how many examples came out.
        dropped: how many rows the official reader drops too.
        labels: how many examples each class has, empty for numbers and texts.
        notes: what a user should know of this data: dropped rows, counts other than the official ones.
    """

    files: dict[str, str] = field(default_factory=dict)
    examples: int = 0
    dropped: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the files' hashes, in the order of their names."""
        text = "".join(f"{name}\0{digest}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Returns the summary as JSON data."""
        return {
            "sha256": self.fingerprint,
            "files": dict(self.files),
            "examples": self.examples,
            "dropped": self.dropped,
            "labels": dict(self.labels),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Reader:
    """How the files of one kind of source are read.

    Attributes:
        read: (spec, split, data directory, summary, with labels) to examples, filling the summary on the way.
        files: (spec, split, data directory) to the paths it needs, relative to the data directory; where a split may
            stand in one of several forms, the paths of the form that is there, else of the first.
        otherwise: (spec, split) to a phrase that names the other forms, for the message that a file is not there.
    """

    read: Callable[[TaskSpec, str, Path, Summary, bool], Iterator[Example]]
    files: Callable[[TaskSpec, str, Path], list[str]]
    otherwise: Callable[[TaskSpec, str], str] = lambda spec, split: ""


READERS: dict[str, Reader] = {
    "tsv": Reader(read_tsv, tsv_files),
    "json_lines": Reader(read_json_lines, json_lines_files),
    "wsc_json_lines": Reader(read_wsc, json_lines_files),
    "multirc_json_lines": Reader(read_multirc, json_lines_files),
    "record_json_lines": Reader(read_record, json_lines_files),
    "pronoun_blocks": Reader(read_pronoun_blocks, json_lines_files),
    "squad_json": Reader(read_squad, squad_files),
    "stories": Reader(read_stories, story_files, story_otherwise),
    "parallel_text": Reader(read_parallel_text, parallel_files, parallel_otherwise),
}


class Split:
    """One split of one task: iterate it for its examples, in file order; `summary` is whole after that."""

    def __init__(self, spec: TaskSpec, split: str, data_dir: Path, with_labels: bool) -> None:
        self.spec = spec
        self.split = split
        self.data_dir = data_dir
        self.with_labels = with_labels
        self.summary = Summary()

    def __iter__(self) -> Iterator[Example]:
        summary = Summary()
        classes = getattr(self.spec.answer, "classes", ())
        for example in READERS[self.spec.source.kind].read(
            self.spec, self.split, self.data_dir, summary, self.with_labels
        ):
            summary.examples += 1
            if classes and example.features["label"] >= 0:
                summary.labels[classes[example.features["label"]]] += 1
            yield example
        official = self.spec.sizes.get(self.split)
        if official is not None and summary.examples != official:
            summary.notes.append(
                f"{self.spec.name} {self.split} has {summary.examples:,} examples here, officially {official:,}"
            )
        self.summary = summary


def data_dir_from(option: str | None) -> Path:
    """Returns the data directory: the option, else the environment variable.

    Raises:
        DataError: neither names one, or it is not a folder.
    """
    named = option or os.environ.get(DATA_DIR_VARIABLE)
    if not named:
        raise DataError(
            f"no data: name the folder that holds glue/ and other benchmarks with --data-dir DIR or {DATA_DIR_VARIABLE}"
        )
    path = Path(named)
    if not path.is_dir():
        raise DataError(f"--data-dir {named}: there is no such folder")
    return path


def available_splits(spec: TaskSpec, data_dir: Path) -> list[str]:
    """Returns the splits of which at least one file is at hand, in the usual order."""
    files = READERS[spec.source.kind].files
    return [s for s in spec.source.splits if any((data_dir / name).exists() for name in files(spec, s, data_dir))]


def open_split(spec: TaskSpec, split: str, data_dir: Path, *, with_labels: bool = False) -> Split:
    """Returns a split of a task, ready to be iterated.

    Args:
        spec: the task.
        split: `train`, `validation` or `test`, if the task has it.
        data_dir: the folder that holds the benchmarks.
        with_labels: also read labels that stand in a file of their own (GLUE's AX), which the formats must not see.

    Raises:
        UserError: the task has no such split.
        MissingFile: one of its files is not there.
    """
    if split not in spec.source.splits:
        known = list(spec.source.splits)
        raise UserError(f"{spec.name} has no split {split!r}; it has {', '.join(known)}.{did_you_mean(split, known)}")
    reader = READERS[spec.source.kind]
    for name in reader.files(spec, split, data_dir):
        if not (data_dir / name).is_file():
            otherwise = reader.otherwise(spec, split)
            raise MissingFile(
                f"{data_dir / name}: no such file; {spec.name} needs it for its {split} split"
                + (f", or {otherwise}" if otherwise else "")
            )
    return Split(spec, split, data_dir, with_labels)
