"""A folder of prepared records: made, kept or only opened, the same for tasks and for plain text."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from t5eval.runs.folder import locked
from t5eval.support.errors import MissingPackage
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.data.record_shards import Shard
    from keras_model.data.records import RecordSet

Progress = contextlib.AbstractContextManager[Callable[[int, int], None]]
"""A context around the making of a set of records, which is told how many examples are done, of how many."""

Display = Callable[[str], Progress]
"""Makes the progress of a set of records from its name."""

SAY_EVERY_SECONDS = 30.0


@dataclass(frozen=True)
class Wanted:
    """The records of one split that somebody needs, whether they are there or not.

    Attributes:
        split: its name.
        differences: by task (`text` for plain text), what says how records of its name differ from the needed ones.
        prepare: makes the needed records in a folder, as `fill` does, and returns the sets by name.
        manifest: the manifest's file; another one where they are the share of one of several jobs.
    """

    split: str
    differences: Mapping[str, Callable[[RecordSet], Iterable[str]]]
    prepare: Callable[[Path], dict[str, RecordSet]]
    manifest: str = "manifest.json"

    def existing(self, folder: Path) -> dict[str, RecordSet]:
        """Returns the needed sets that a complete folder holds, by task.

        Raises:
            UserError: the folder is not complete, or its records were made of or by something else.
        """
        from keras_model.data.records import read_manifest

        with record_errors_told():
            sets = read_manifest(folder, self.manifest)
        names = {task: set_name(task, self.split) for task in self.differences}
        absent = [task for task, name in names.items() if name not in sets]
        if absent:
            raise UserError(f"{folder}: holds no records of {', '.join(absent)} {self.split}; it has {', '.join(sets)}")
        found = {task: sets[name] for task, name in names.items()}
        different = [d for task, differences in self.differences.items() for d in differences(found[task])]
        if different:
            raise UserError(f"{folder}: its records are not this run's: {'; '.join(different)}. Prepare them again")
        return found

    def given(self, folder: Path) -> dict[str, Examples]:
        """Returns the examples, by task, from a folder that a user names.

        Raises:
            UserError: it does not hold them, or they are damaged or made of or by something else.
        """
        return {task: opened(folder, made) for task, made in self.existing(folder).items()}

    def of_run(self, folder: Path) -> dict[str, Examples]:
        """Returns the examples, by task, from a folder of the run's own, which is prepared if it is not yet.

        Raises:
            UserError: the data cannot be read, or the folder cannot be written.
        """
        try:
            return self.given(folder)
        except UserError:  # absent, damaged, or of a run that was begun with something else
            return {task: opened(folder, made) for task, made in self._prepared(folder).items()}

    def prepare_or_keep(self, folder: Path) -> tuple[dict[str, RecordSet], bool]:
        """Prepares the records into a folder, unless it holds them already, undamaged.

        Returns:
            The sets of records, by task, and whether they were there.

        Raises:
            UserError: the folder holds other or damaged records, or something else, or the data cannot be read.
        """
        from keras_model.data.records import check_records
        from keras_model.files.atomic import sweep

        sweep(folder)  # a kill may come after the last file, and before what was temporary is gone
        if not (folder / self.manifest).is_file():
            return self._prepared(folder), False
        found = self.existing(folder)
        with record_errors_told():
            for made in found.values():
                check_records(folder, made)
        return found, True

    def _prepared(self, folder: Path) -> dict[str, RecordSet]:
        sets = self.prepare(folder)
        return {task: sets[set_name(task, self.split)] for task in self.differences}


def set_name(task: str, split: str) -> str:
    """Returns what a split's records are called."""
    return f"{task}/{split}"


def fill(folder: Path, write: Callable[[Path], None], manifest: str = "manifest.json") -> dict[str, RecordSet]:
    """Lets records and their manifest be written into a folder; what it held is replaced.

    A folder without a manifest is not complete. What a killed preparation left there is removed by the next one; one
    that fails removes it itself.

    Returns:
        The sets of records, by name.

    Raises:
        UserError: the data cannot be read, the folder cannot be written, holds something else or is being prepared.
    """
    from keras_model.data.records import begin, discard, read_manifest, require_no_other

    try:
        import safetensors  # noqa: F401
    except ModuleNotFoundError:
        raise MissingPackage(
            "prepared records are safetensors files: pip install 't5eval[keras]', or 't5eval[beam]'"
        ) from None
    with record_errors_told():
        require_no_other(folder)
        with locked(folder):
            begin(folder)
            try:
                write(folder)
            except BaseException:
                discard(folder)
                raise
            return read_manifest(folder, manifest)


def opened(folder: Path, made: RecordSet) -> Examples:
    """Returns the examples of a set of records, mapped from its files.

    Raises:
        UserError: a file is missing or damaged.
    """
    from keras_model.data.records import open_records

    with record_errors_told():
        return open_records(folder, made)


def write_part(folder: Path, name: str, number: int, parts: Sequence[Examples]) -> list[Shard]:
    """Writes examples as the shard of a set with some number; returns it, or nothing where there is no example."""
    from keras_model.data.batches import Examples
    from keras_model.data.record_shards import write_shard
    from keras_model.data.records import shard_file

    examples = Examples.concatenate(parts)
    return [write_shard(folder, shard_file(name, number), examples)] if len(examples) else []


def is_another_file(path: Path, sha256: str | None) -> bool:
    """Returns whether a file has another hash; not if it is not at hand, as on another machine."""
    return path.is_file() and file_hash(path) != sha256


def file_hash(path: Path) -> str:
    """Returns a file's SHA-256. Raises UserError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def in_lines(say: Callable[[str], None]) -> Display:
    """Returns a display of progress in lines, one every half minute."""

    @contextlib.contextmanager
    def display(name: str) -> Iterator[Callable[[int, int], None]]:
        said = time.monotonic()

        def progress(done: int, total: int) -> None:
            nonlocal said
            if time.monotonic() - said > SAY_EVERY_SECONDS:
                said = time.monotonic()
                say(f"{name}: {done:,}{f' of {total:,}' if total > done else ''} examples prepared")

        yield progress

    return display


@contextlib.contextmanager
def record_errors_told() -> Iterator[None]:
    """Makes what is wrong with records a `UserError`."""
    from keras_model.data.record_shards import RecordError

    try:
        yield
    except RecordError as error:
        raise UserError(str(error)) from error
