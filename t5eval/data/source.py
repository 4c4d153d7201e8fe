"""Where examples come from: official files in a folder, or a copy of a benchmark that a library keeps."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from t5eval.data import hugging_face
from t5eval.data.hugging_face import HuggingFaceData
from t5eval.data.official_files import OfficialFiles
from t5eval.data.summary import Summary
from t5eval.data.tfds import PIP, PREFIX, TfdsData, default_folder, is_installed
from t5eval.support.errors import DataError
from task_specs import Example, TaskSpec

DATA_DIR_VARIABLE = "T5EVAL_DATA_DIR"


class DataSource(Protocol):
    """The examples of every task that is at hand in one place, with the ids and features of the official files."""

    @property
    def option(self) -> str:
        """What `--data-dir` says for this source, from any folder."""

    def splits(self, spec: TaskSpec) -> list[str]:
        """Returns the splits of which at least a part is at hand, in the usual order."""

    def require(self, spec: TaskSpec, split: str) -> None:
        """Raises a MissingFile that says what is missing, if a split is not at hand."""

    def read(self, spec: TaskSpec, split: str, summary: Summary, with_labels: bool) -> Iterator[Example]:
        """Yields a split's examples, and fills the summary but for its counts.

        Raises:
            DataError: what is there is damaged, or is not the benchmark's.
        """

    def unsubmittable(self, spec: TaskSpec) -> str:
        """Returns why no submission can be made from this source, empty if one can."""


class NoData:
    """Where nobody named data and none is found: only who asks for a task's examples learns of it.

    Text is trained on without any task, and then this is never asked.
    """

    option = ""

    def splits(self, spec: TaskSpec) -> list[str]:
        raise self._error()

    def require(self, spec: TaskSpec, split: str) -> None:
        raise self._error()

    def read(self, spec: TaskSpec, split: str, summary: Summary, with_labels: bool) -> Iterator[Example]:
        raise self._error()

    def unsubmittable(self, spec: TaskSpec) -> str:
        raise self._error()

    def _error(self) -> DataError:
        lacks = f"but nothing is prepared in {default_folder()}" if is_installed() else "which is not installed"
        return DataError(
            f"no data: name the folder that holds glue/ and other benchmarks with --data-dir DIR or "
            f"{DATA_DIR_VARIABLE} (`t5eval data get` makes one); without, it comes from TensorFlow Datasets ({PIP}), "
            f"{lacks}"
        )


def as_source(data: DataSource | Path) -> DataSource:
    """Returns the source that is meant: a folder is one of official files."""
    return OfficialFiles(data) if isinstance(data, Path) else data


def data_source(option: str | None) -> DataSource:
    """Returns the source that `--data-dir` names, else the environment variable, else TensorFlow Datasets, else none.

    Raises:
        DataError: what is named is not there.
    """
    named = option or os.environ.get(DATA_DIR_VARIABLE)
    if not named:
        return TfdsData(default_folder()) if default_folder().is_dir() and is_installed() else NoData()
    kind, colon, rest = named.partition(":")
    if colon and f"{kind}:" == PREFIX:
        folder = Path(rest) if rest else default_folder()
        if not folder.is_dir():
            raise DataError(f"--data-dir {named}: there is no folder {folder}")
        return TfdsData(folder)
    if colon and f"{kind}:" == hugging_face.PREFIX:
        return HuggingFaceData(rest)
    path = Path(named)
    if not path.is_dir():
        raise DataError(f"--data-dir {named}: there is no such folder")
    return OfficialFiles(path)
