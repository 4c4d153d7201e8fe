"""Records that are there already: whether they are the ones that somebody needs, and the examples in them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from t5eval.data import READERS, DataSource, OfficialFiles, Split, open_split
from t5eval.preparation.task_records import Make, in_processes, prepare, set_name
from task_specs import TaskSpec
from task_specs.errors import UserError

if TYPE_CHECKING:
    from keras_model.data.batches import Examples
    from keras_model.data.records import RecordSet
    from keras_model.tokenizers.tokenizer import Tokenizer

SAY_EVERY_SECONDS = 30.0


def existing(
    folder: Path, specs: Sequence[TaskSpec], split: str, data: DataSource, tokenizer: Tokenizer
) -> dict[str, RecordSet]:
    """Returns the sets of records that a complete folder holds of tasks, in their order, by task.

    Raises:
        UserError: the folder is not complete, or its records were made of or by something else.
    """
    sets = sets_of(folder)
    absent = [spec.name for spec in specs if set_name(spec, split) not in sets]
    if absent:
        raise UserError(f"{folder}: holds no records of {', '.join(absent)} {split}; it has {', '.join(sets)}")
    found = {spec.name: sets[set_name(spec, split)] for spec in specs}
    different = [d for spec in specs for d in _differences(found[spec.name], spec, split, data, tokenizer)]
    if different:
        raise UserError(f"{folder}: its records are not this run's: {'; '.join(different)}. Prepare them again")
    return found


def sets_of(folder: Path) -> dict[str, RecordSet]:
    """Returns the sets of records that a complete folder holds, by their names.

    Raises:
        UserError: the folder is not complete.
    """
    from keras_model.data.record_shards import RecordError
    from keras_model.data.records import read_manifest

    try:
        return read_manifest(folder)
    except RecordError as error:
        raise UserError(str(error)) from error


def opened(folder: Path, made: RecordSet) -> Examples:
    """Returns the examples of a set of records, mapped from its files.

    Raises:
        UserError: a file is missing or damaged.
    """
    from keras_model.data.record_shards import RecordError
    from keras_model.data.records import open_records

    try:
        return open_records(folder, made)
    except RecordError as error:
        raise UserError(str(error)) from error


def undamaged(folder: Path, made: RecordSet) -> RecordSet:
    """Returns a set of records of which every byte is right.

    Raises:
        UserError: a file is missing or damaged.
    """
    from keras_model.data.record_shards import RecordError
    from keras_model.data.records import check_records

    try:
        check_records(folder, made)
    except RecordError as error:
        raise UserError(str(error)) from error
    return made


def given_records(
    folder: Path, specs: Sequence[TaskSpec], data: DataSource, tokenizer: Tokenizer
) -> dict[str, Examples]:
    """Returns the training examples of tasks from a folder that a user names.

    Raises:
        UserError: it does not hold them, or they are damaged or made of or by something else.
    """
    sets = existing(folder, specs, "train", data, tokenizer)
    return {name: opened(folder, made) for name, made in sets.items()}


def records_of_run(
    folder: Path, specs: Sequence[TaskSpec], data: DataSource, tokenizer: Tokenizer, say: Callable[[str], None]
) -> dict[str, Examples]:
    """Returns the training examples of tasks from a folder of the run's own, which is prepared if it is not yet.

    Raises:
        UserError: the data cannot be read, or the folder cannot be written.
    """
    try:
        return given_records(folder, specs, data, tokenizer)
    except UserError:  # absent, damaged, or of a run that was begun with something else
        splits = [open_split(spec, "train", data) for spec in specs]
        made = prepare(splits, tokenizer, folder, in_processes(None, lambda name: Said(name, say)))
        return {spec.name: opened(folder, made[set_name(spec, "train")]) for spec in specs}


def prepare_or_keep(
    splits: Sequence[Split], tokenizer: Tokenizer, folder: Path, make: Make
) -> tuple[dict[str, RecordSet], bool]:
    """Prepares splits of one name, of one source, into a folder, unless it holds them already, undamaged.

    Returns:
        The sets of records, by task, and whether they were there.

    Raises:
        UserError: the folder holds other or damaged records, or something else, or the data cannot be read.
    """
    from keras_model.data.records import is_complete
    from keras_model.files.temporary import sweep

    sweep(folder)
    specs, split = [each.spec for each in splits], splits[0].split
    if not is_complete(folder):
        made = prepare(splits, tokenizer, folder, make)
        return {spec.name: made[set_name(spec, split)] for spec in specs}, False
    found = existing(folder, specs, split, splits[0].source, tokenizer)
    return {name: undamaged(folder, made) for name, made in found.items()}, True


class Said:
    """Progress in lines, one every half minute."""

    def __init__(self, name: str, say: Callable[[str], None]) -> None:
        self.name = name
        self.say = say
        self._said = time.monotonic()

    def __enter__(self) -> Said:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._said > SAY_EVERY_SECONDS:
            self._said = time.monotonic()
            self.say(f"{self.name}: {done:,}{f' of {total:,}' if total > done else ''} examples prepared")


def _differences(made: RecordSet, spec: TaskSpec, split: str, data: DataSource, tokenizer: Tokenizer) -> Iterator[str]:
    name = set_name(spec, split)
    if made.about.get("vocabulary") != tokenizer.fingerprint:
        yield f"{name} was made with another vocabulary"
    if made.about.get("specification") != spec.fingerprint:
        yield f"{name} was made by another row of the task"
    # A copy has a hash of its rows alone, which would all have to be read for it; its name has its version.
    if not isinstance(data, OfficialFiles):
        return
    before = made.about["data"]["files"]
    for file in READERS[spec.source.kind].files(spec, split, data.folder):
        path = data.folder / file
        if path.is_file() and before.get(file) != sha256(path):
            yield f"{path} is not the file that {name} was made of"


def sha256(path: Path) -> str:
    """Returns a file's hash.

    Raises:
        UserError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
