"""Datasets that TensorFlow Datasets has prepared, opened where they lie: nothing is downloaded."""

import importlib.util
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.data.copies import Part, other_direction, part_names, read_copy, reason, rows_of, splits_at_hand
from t5eval.data.copy_rows import ID_COLUMNS
from t5eval.data.summary import Summary
from t5eval.support.errors import DataError, MissingFile, MissingPackage
from t5eval.support.strict_json import parse_json
from t5eval.support.tensorflow_import import silent_stderr
from task_specs import Example, TaskSpec
from task_specs.sources.parallel import ParallelText
from task_specs.support.errors import quoted

PREFIX = "tfds:"
PIP = "pip install 't5eval[tfds]'"
BATCH_ROWS = 512
TEST_SETS = "wmt_translate"  # where `t5eval data build` puts WMT's sets without the training corpora

# What `features.json` names a feature's class by, now and in earlier versions.
_CLASS_KEYS = {"pythonClassName", "python_class_name", "type"}
_FEATURES = "tensorflow_datasets.core.features."
_FEATURE_CLASSES = {
    "features_dict.FeaturesDict",
    "text_feature.Text",
    "class_label_feature.ClassLabel",
    "tensor_feature.Tensor",
    "scalar.Scalar",
    "sequence_feature.Sequence",
    "translation_feature.Translation",
}

_VERSION = re.compile(r"\d+\.\d+\.\d+")


def default_folder() -> Path:
    """Returns where TensorFlow Datasets keeps what it prepares, unless it is told otherwise."""
    return Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets")


def is_installed() -> bool:
    """Returns whether TensorFlow Datasets and what it reads its files with are installed."""
    return all(importlib.util.find_spec(name) for name in ("tensorflow", "tensorflow_datasets"))


@dataclass(frozen=True)
class PreparedDataset:
    """One dataset, at one version.

    Attributes:
        folder: its own folder.
        name: `BUILDER/CONFIG/VERSION`.
        splits: its splits, by what its information file says.
    """

    folder: Path
    name: str
    splits: tuple[str, ...]


@dataclass(frozen=True)
class TfdsData:
    """A data directory of TensorFlow Datasets.

    Attributes:
        folder: the directory; a dataset lies in `BUILDER/CONFIG/VERSION` below it.
    """

    folder: Path

    @property
    def option(self) -> str:
        return f"{PREFIX}{self.folder.resolve()}"

    def find(self, spec: TaskSpec) -> PreparedDataset | None:
        """Returns a task's dataset, the newest version of it that is there; None where there is none."""
        names = [spec.tfds] if spec.tfds else []
        if spec.tfds and isinstance(spec.source, ParallelText):
            year, pair = spec.tfds.split("/")
            names.append(f"{TEST_SETS}/{pair}.{year}")
        for name in names:
            versions = [
                path
                for path in (self.folder / name).glob("*.*.*")
                if _VERSION.fullmatch(path.name) and (path / "dataset_info.json").is_file()
            ]
            if versions:
                newest = max(versions, key=lambda path: tuple(map(int, path.name.split("."))))
                return PreparedDataset(newest, f"{name}/{newest.name}", _splits(newest))
        return None

    def splits(self, spec: TaskSpec) -> list[str]:
        found = self.find(spec)
        return splits_at_hand(spec, found.splits) if found else []

    def require(self, spec: TaskSpec, split: str) -> None:
        found = self.find(spec)
        if found is None:
            if spec.tfds is None:
                raise MissingFile(f"{self.option}: TensorFlow Datasets has no {spec.name}; name a folder of its files")
            raise MissingFile(
                f"{self.folder / spec.tfds}: not prepared; `t5eval data build --manual-dir DIR --data-dir "
                f"{PREFIX}{self.folder} {spec.name}` prepares it from downloaded archives"
            )
        missing = [name for name in part_names(spec, split).values() if name not in found.splits]
        if missing:
            raise MissingFile(
                f"{found.folder}: has no split {' and '.join(missing)}, which {spec.name} needs; it has "
                f"{', '.join(found.splits)}"
            )
        if not is_installed():
            raise MissingPackage(f"reading {self.option} needs tensorflow-datasets and tensorflow: {PIP}")

    def read(self, spec: TaskSpec, split: str, summary: Summary, with_labels: bool) -> Iterator[Example]:
        found = self.find(spec)
        if found is None:
            raise DataError(f"{self.folder / (spec.tfds or spec.name)}: is no longer there")
        parts = (_part(found, part, name) for part, name in part_names(spec, split).items())
        yield from read_copy(spec, split, parts, f"{PREFIX}{found.name}/{split}", summary)
        if note := other_direction(spec, split):
            summary.notes.append(note)

    def unsubmittable(self, spec: TaskSpec) -> str:
        column = ID_COLUMNS[spec.source.kind]
        found = self.find(spec) if column and is_installed() else None
        # What cannot be read is another error.
        if column and (found is None or not found.splits or column in _features(_open(found, found.splits[0])[0])):
            return ""
        return (
            f"the rows of {spec.name} have no ids in TensorFlow Datasets, which keeps them in an order of its own; "
            f"name a folder of official files with --data-dir"
        )


def _splits(folder: Path) -> tuple[str, ...]:
    path = folder / "dataset_info.json"
    try:
        splits = parse_json(path.read_bytes()).get("splits", [])
        return tuple(split["name"] for split in splits if isinstance(split["name"], str))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        raise DataError(f"{path}: not the information file of a prepared dataset") from None


def _part(found: PreparedDataset, part: str, name: str) -> Part:
    builder, rows = _open(found, name)
    label = _features(builder).get("label")
    names = list(getattr(label, "names", None) or ())
    return Part(part, f"{found.folder} {name}", names, rows)


def _require_own_features(folder: Path) -> None:
    """Refuses a dataset that names a class which is not one of TensorFlow Datasets' own for texts, labels and numbers.

    The library imports whatever module the file names, so it gets the file only after this.
    """
    path = folder / "features.json"
    try:
        waiting = [parse_json(path.read_bytes())]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{path}: not the features of a prepared dataset: {error}") from None
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            for key in _CLASS_KEYS & value.keys():
                name = value[key]
                if isinstance(name, str) and name.removeprefix(_FEATURES) not in _FEATURE_CLASSES:
                    raise DataError(
                        f"{path}: names the class {quoted(name)}, and is not given to TensorFlow Datasets, which would "
                        f"import it; a task's features are texts, labels, numbers and lists of them"
                    )
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _features(builder: Any) -> dict[str, Any]:
    return dict(builder.info.features.items())


def _open(found: PreparedDataset, name: str) -> tuple[Any, Iterator[Mapping[str, Any]]]:
    _require_own_features(found.folder)
    try:
        with silent_stderr():
            import tensorflow_datasets as tfds

            builder = tfds.builder_from_directory(found.folder)
            # One shard after the other: the same order each time. Nothing is kept for a second reading.
            config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
            # Many rows at once come three times as fast, where none has a list in it.
            batch = BATCH_ROWS if _is_flat(builder.info.features.shape) else None
            dataset = builder.as_dataset(split=name, shuffle_files=False, read_config=config, batch_size=batch)
            iterator = iter(dataset.as_numpy_iterator())
    except ModuleNotFoundError as error:
        raise MissingPackage(f"reading {PREFIX}{found.folder} needs {error.name}: {PIP}") from None
    except Exception as error:  # whatever the library makes of a damaged folder
        raise _unreadable(found, name, error) from None
    return builder, _plain_rows(found, name, iterator, batch is not None)


def _is_flat(shape: Any) -> bool:
    """Returns whether every feature of a row is one value."""
    return all(map(_is_flat, shape.values())) if isinstance(shape, Mapping) else shape == ()


def _unbatched(value: Any) -> list[Any]:
    """Returns the rows of a batch, whose features are arrays."""
    if not isinstance(value, Mapping):
        rows: list[Any] = _plain(value)
        return rows
    columns = {key: _unbatched(item) for key, item in value.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain_rows(
    found: PreparedDataset, name: str, iterator: Iterator[Any], batched: bool
) -> Iterator[Mapping[str, Any]]:
    for value in rows_of(iterator, lambda error: _unreadable(found, name, error)):
        try:
            rows = _unbatched(value) if batched else [_plain(value)]
        except UnicodeDecodeError as error:
            raise DataError(f"{found.folder}: split {name}: a text is not UTF-8 ({error.reason})") from None
        yield from rows


def _unreadable(found: PreparedDataset, name: str, error: Exception) -> DataError:
    return DataError(f"{found.folder}: TensorFlow Datasets cannot read its split {name}: {reason(error)}")


def _plain(value: Any) -> Any:
    """Returns a feature in Python's own types: text for bytes, lists for arrays, numbers for NumPy's."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
