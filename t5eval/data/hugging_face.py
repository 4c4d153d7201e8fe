"""Hugging Face datasets as a source: saved in a folder, by their name on the hub, or each task's usual one."""

import functools
import importlib.util
import re
import tempfile
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

PREFIX = "hf:"
PIP = "pip install 't5eval[hf]'"

_FILE = re.compile(r"(?P<split>(train|validation|test)(_[a-z]+)?)(-\d+-of-\d+)?\.(?P<form>parquet|jsonl|json)")
_FORMS = {"parquet": "parquet", "jsonl": "json", "json": "json"}


@dataclass(frozen=True)
class Layout:
    """Where the splits of one dataset in a folder are.

    Attributes:
        folder: the dataset's folder.
        name: what the summary calls it.
        splits: split to the form of its files and the files; of form `disk`, the folder that was saved to.
    """

    folder: Path
    name: str
    splits: Mapping[str, tuple[str, tuple[Path, ...]]]


@dataclass(frozen=True)
class HuggingFaceData:
    """Datasets in a folder, one of the hub, or of each task the one that its row names.

    In a folder, a task's dataset lies in the subfolder of its name in TensorFlow Datasets (`glue/rte`), of the task's
    own name, or of its name on the hub (`nyu-mll/glue/rte`), or is the folder itself: saved with `save_to_disk`, or as
    `SPLIT.parquet` or `SPLIT.jsonl`.

    Attributes:
        where: the folder; else a name on the hub, with `:CONFIG` where it is not the task's name there; else empty, for
            the dataset on the hub that a task's row names.
    """

    where: str

    @property
    def option(self) -> str:
        return f"{PREFIX}{Path(self.where).resolve() if self._is_folder else self.where}"

    @property
    def _is_folder(self) -> bool:
        return bool(self.where) and Path(self.where).is_dir()

    def _find(self, spec: TaskSpec) -> Layout | None:
        """Returns the layout of a task's dataset in the folder; None where there is none."""
        root = Path(self.where)
        for name in (spec.tfds or spec.row.name, spec.row.name, "/".join(filter(None, usual_dataset(spec))), ""):
            splits = _layout(root / name)
            if splits:
                return Layout(root / name, name or root.resolve().name, splits)
        return None

    def _on_hub(self, spec: TaskSpec) -> tuple[str, str, bool]:
        """Returns a task's dataset on the hub: its name, its configuration, and whether that was named.

        Raises:
            MissingFile: nobody named one.
        """
        usual, usual_config = usual_dataset(spec)
        name, _, config = self.where.partition(":")
        if not name and not usual:
            raise MissingFile(
                f"--data-dir {PREFIX}: the row of {spec.name} names no dataset of the Hugging Face hub; name one with "
                f"--data-dir {PREFIX}OWNER/NAME"
            )
        if not name:
            return usual, usual_config, ":" in spec.hub
        return name, config or (spec.tfds or "").partition("/")[2], bool(config)

    def _hub(self, spec: TaskSpec) -> Mapping[str, Any]:
        _require_package(self.option)
        name, config, required = self._on_hub(spec)
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
            raise DataError(f"--data-dir {self.option}: there is no such folder, and it is no name of a dataset")
        return _load_from_hub(name, config, required)

    def splits(self, spec: TaskSpec) -> list[str]:
        if not self._is_folder:
            return splits_at_hand(spec, self._hub(spec)) if self.where or spec.hub else []
        found = self._find(spec)
        return splits_at_hand(spec, found.splits) if found else []

    def require(self, spec: TaskSpec, split: str) -> None:
        if self._is_folder:
            found = self._find(spec)
            if found is None:
                raise MissingFile(
                    f"{self.option}: has no dataset of {spec.name}; expected a dataset_dict.json, or files such as "
                    f"{split}.parquet or {split}.jsonl, in {spec.tfds or spec.row.name}/ or in the folder itself"
                )
            names = list(found.splits)
        else:
            names = list(self._hub(spec))
        missing = [name for name in part_names(spec, split).values() if name not in names]
        if missing:
            raise MissingFile(
                f"{self.option}: {spec.name} has no split {' and '.join(missing)} there; it has {', '.join(names)}"
            )
        _require_package(self.option)

    def _open(self, spec: TaskSpec, name: str) -> tuple[str, Any]:
        """Returns what a split is called, and the split as the library opens it."""
        if not self._is_folder:
            return self.where or spec.hub, self._hub(spec)[name]
        found = self._find(spec)
        if found is None or name not in found.splits:
            raise DataError(f"{self.option}: {spec.name} is no longer there")
        return found.name, _open_files(*found.splits[name])

    def read(self, spec: TaskSpec, split: str, summary: Summary, with_labels: bool) -> Iterator[Example]:
        parts: list[Part] = []
        shown = ""
        for part, name in part_names(spec, split).items():
            shown, dataset = self._open(spec, name)
            names = getattr((dataset.features or {}).get("label"), "names", None)
            place = f"{self.option} {spec.name} {name}"
            parts.append(Part(part, place, list(names or ()), _rows(dataset, place)))
        yield from read_copy(spec, split, parts, f"{PREFIX}{shown}/{split}", summary)
        if not self._is_folder and (note := other_direction(spec, split)):
            summary.notes.append(note)

    def unsubmittable(self, spec: TaskSpec) -> str:
        column = ID_COLUMNS[spec.source.kind]
        if not column:
            return (
                f"the rows of {spec.name} have no ids in a Hugging Face dataset, and nothing says that they are in "
                f"the official order; name a folder of official files with --data-dir"
            )
        if spec.submission is None or spec.submission.split not in self.splits(spec):
            return ""
        name = next(iter(part_names(spec, spec.submission.split).values()))
        row = next(_rows(self._open(spec, name)[1], self.option), {})
        if column not in row:
            return f"{self.option}: the rows of {spec.name} have no column {column!r}, which says which row is which"
        return ""


def usual_dataset(spec: TaskSpec) -> tuple[str, str]:
    """Returns the name on the hub of a task's usual dataset, and its configuration, each empty where there is none."""
    name, _, config = spec.hub.partition(":")
    return name, config or (spec.tfds or "").partition("/")[2] if name else ""


def _require_package(option: str) -> None:
    if importlib.util.find_spec("datasets") is None:
        raise MissingPackage(f"reading {option} needs datasets: {PIP}")


def _layout(folder: Path) -> dict[str, tuple[str, tuple[Path, ...]]]:
    """Returns where each split of the dataset in a folder is; nothing where there is no dataset."""
    saved = folder / "dataset_dict.json"
    if saved.is_file():
        try:
            names = parse_json(saved.read_bytes())["splits"]
            return {name: ("disk", (folder / name,)) for name in names if (folder / name / "state.json").is_file()}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise DataError(f"{saved}: not what save_to_disk writes") from None
    alone = folder / "state.json"
    if alone.is_file():  # one split, saved by itself
        try:
            name = parse_json(alone.read_bytes())["_split"]
        except (OSError, ValueError, KeyError, TypeError):
            raise DataError(f"{alone}: not what save_to_disk writes") from None
        if not isinstance(name, str):
            raise DataError(f"{alone}: does not say which split it is; save it with its DatasetDict")
        return {name: ("disk", (folder,))}
    found: dict[str, tuple[str, tuple[Path, ...]]] = {}
    for place in (folder / "data", folder):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if (path / "state.json").is_file():
                found[path.name] = ("disk", (path,))
            elif (match := _FILE.fullmatch(path.name)) and path.is_file():
                form, files = found.get(match["split"], (_FORMS[match["form"]], ()))
                if form == _FORMS[match["form"]]:
                    found[match["split"]] = form, (*files, path)
    return found


def _open_files(form: str, files: tuple[Path, ...]) -> Any:
    try:
        with silent_stderr():
            import datasets

            if form == "disk":
                return datasets.load_from_disk(str(files[0]))
            # Streamed, so that no copy of the files is made.
            paths = {"rows": [str(path) for path in files]}
            opened = datasets.load_dataset(
                form, data_files=paths, split="rows", streaming=True, cache_dir=_scratch().name
            )
            return opened if opened.features else opened._resolve_features()
    except ModuleNotFoundError as error:
        raise MissingPackage(f"reading {files[0]} needs {error.name}: {PIP}") from None
    except Exception as error:  # whatever the library makes of damaged files
        raise _unreadable(str(files[0]), error) from None


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes with this process: the library wants one even for a stream, and the home may not be ours."""
    return tempfile.TemporaryDirectory(prefix="t5eval-")


@functools.cache
def _load_from_hub(name: str, config: str, required: bool) -> Mapping[str, Any]:
    """Returns a dataset's splits; a task's name is its configuration there, unless the dataset knows no such one."""
    try:
        with silent_stderr():
            import datasets

            try:
                found: Mapping[str, Any] = datasets.load_dataset(name, config or None)
            except ValueError as error:
                if required or not config or "BuilderConfig" not in str(error):
                    raise
                found = datasets.load_dataset(name)
        return found
    except Exception as error:
        raise _unreadable(f"{PREFIX}{name}", error) from None


def _plain_columns(dataset: Any) -> Any:
    """Returns a dataset without the columns that hold more than texts and numbers, such as images.

    The library decodes those as it reads them, and may fetch what they name from the network.
    """
    others = [name for name, feature in (dataset.features or {}).items() if not _is_plain(feature)]
    if others and hasattr(dataset, "decode"):
        dataset = dataset.decode(False)  # a stream decodes a row before columns are removed from it
    return dataset.remove_columns(others) if others else dataset


def _is_plain(feature: Any) -> bool:
    if isinstance(feature, Mapping):
        return all(map(_is_plain, feature.values()))
    if isinstance(feature, list):
        return all(map(_is_plain, feature))
    if type(feature).__name__ in ("List", "LargeList", "Sequence"):
        return _is_plain(feature.feature)
    return type(feature).__name__ in ("Value", "ClassLabel", "Translation")


def _rows(dataset: Any, place: str) -> Iterator[Mapping[str, Any]]:
    return rows_of(_plain_columns(dataset), lambda error: _unreadable(place, error))


def _unreadable(place: str, error: Exception) -> DataError:
    return DataError(f"{place}: the library datasets cannot read it: {reason(error)}")
