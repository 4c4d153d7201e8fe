"""`Leaderboard`: what every leaderboard does in the same way; a module of its own adds the form of its files."""

import copy
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from leaderboards.causes import other_data, other_owners
from leaderboards.files.archive import Contents, is_junk, printable, unpack
from leaderboards.files.writing import write_file, write_folder, zip_bytes
from leaderboards.values import submission_of
from leaderboards.verdict import INVALID, FileFaults, Verdict, lines, verdict_of
from task_specs import NumberFile, TaskSpec, UserError
from task_specs.support.errors import did_you_mean, quoted, some

Ids = Mapping[str, Sequence[str]]  # task name to the ids of its data
Answers = Mapping[str, Mapping[str, Any]]  # task name to example id to value
Examined = tuple[Verdict, dict[str, dict[str, Any]]]  # and the values, as `Answers` has them


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        files: file to its number of data rows.
        clipped: file to how many of its numbers were clipped into the leaderboard's range; only files that have such.
        sha256: of the zip's bytes; for a folder, of what `sha256sum` prints for its files.
        notes: what else was changed in the answers for the file's sake.
    """

    files: Mapping[str, int]
    clipped: Mapping[str, int]
    sha256: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rows:
    """What was read from one file: how many data rows it has, and the values of those that are sound, by id."""

    count: int
    values: dict[str, Any]


class Leaderboard(ABC):
    """Writes, checks and reads back the submissions of one leaderboard.

    Args:
        name: the leaderboard's name.
        tasks: the tasks whose answers it takes, in its order; each row of the registry names its file.
    """

    suffix: ClassVar[str]  # how its files' names end
    one_task: ClassVar[bool] = False  # whether its tasks are versions of one, and a submission is of one of them
    independent: ClassVar[bool] = False  # whether each task's file is a submission by itself
    subfolders: ClassVar[bool] = False  # whether its files may stand in folders of the zip

    def __init__(self, name: str, tasks: Iterable[TaskSpec]):
        self.name = name
        self.tasks = tuple(tasks)
        self.files = {submission_of(spec).file: spec for spec in self.tasks}

    @abstractmethod
    def render(self, spec: TaskSpec, answers: Mapping[str, Any]) -> tuple[bytes, int]:
        """Returns a task's file and how many of its numbers were clipped.

        Raises:
            UserError: an id or a value cannot stand in the file; names the task and the id.
        """

    @abstractmethod
    def parse(self, spec: TaskSpec, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
        """Reads a task's file, adding every fault that it has.

        Args:
            spec: the task.
            data: the file.
            ids: the ids that it must hold; none where only the data tells them, and the data is not at hand.
            faults: where faults are added.
        """

    def ids(self, spec: TaskSpec) -> Sequence[str]:
        """Returns the ids of a task's official data: row numbers, unless a leaderboard has others.

        A leaderboard whose ids only the data tells returns none, and has `official_size` to go by.
        """
        return [str(row) for row in range(official_size(spec))]

    def size(self, spec: TaskSpec, ids: Sequence[str] = ()) -> int:
        """Returns how many data rows a task's file has, for these ids or else officially."""
        return len(ids) or official_size(spec)

    def is_official(self, spec: TaskSpec, ids: Sequence[str]) -> bool:
        """Returns whether the ids of data are the leaderboard's, as far as these are known."""
        known = self.ids(spec)
        return not known or set(known) == set(ids)

    def rows(self, spec: TaskSpec, answers: Mapping[str, Any]) -> int:
        """Returns how many data rows `render` makes of answers: one each, unless rows hold several."""
        return len(answers)

    def write(self, out: Path, answers: Answers) -> Written:
        """Writes a submission: a zip, or separate files if `out` is an existing folder.

        Args:
            out: the zip, made anew, or the folder.
            answers: task name to example id to value (class index, number or text). Tasks that are not in it are left
                out.

        Returns:
            What was written. Rows ascend by id; the same answers give the same bytes.

        Raises:
            UserError: a task is not the leaderboard's or has no answers, a value is no class index or no finite
                number, or the files cannot be written. Then nothing is left behind.
        """
        self._known(answers)
        if not answers:
            raise UserError(f"{self.name}: there are no answers to write")
        files: dict[str, bytes] = {}
        clipped: dict[str, int] = {}
        for file, spec in self.files.items():
            if spec.name in answers:
                if not answers[spec.name]:
                    raise UserError(f"{spec.name}: no answers for {file}; leave the task out, or give its answers")
                files[file], count = self.render(spec, answers[spec.name])
                if count:
                    clipped[file] = count
        rows = {file: self.rows(self.files[file], answers[self.files[file].name]) for file in files}
        if os.path.isdir(out) and out.suffix.lower() != ".zip":
            return Written(rows, clipped, self._write_folder(out, files))
        return Written(rows, clipped, write_file(out, zip_bytes(files)))

    def _write_folder(self, out: Path, files: Mapping[str, bytes]) -> str:
        """Writes files into a folder, unless others of the leaderboard would be left in it, and returns its digest."""
        stale = [file for file in self.files if file not in files and os.path.lexists(out / file)]
        if stale:
            raise UserError(f"{out}: holds {some(stale)}, which these answers do not replace; use an empty folder")
        return write_folder(out, files)

    def keeps(self, out: Path, tasks: Collection[str]) -> str:
        """Returns what a submission of the form that `out` asks for keeps of the data of these tasks.

        Returns:
            ``frame``: the documents of a test set; ``references``: its true answers; empty where ids are enough.

        Raises:
            UserError: the form cannot hold these tasks.
        """
        return ""

    def write_keeping(self, out: Path, answers: Answers, kept: Mapping[str, Any], system: str) -> Written:
        """Writes a submission that has more in it than answers; see `write`.

        Args:
            out: see `write`.
            answers: see `write`.
            kept: task name to what `keeps` asks for; none where it asks for nothing.
            system: the name of the system that gave the answers, for forms that have a place for it.
        """
        return self.write(out, answers)

    def check(self, path: Path, ids: Ids | None = None) -> Verdict:
        """Judges a submission.

        Args:
            path: a zip, a folder, or one of the leaderboard's files.
            ids: task name to the ids of its data, where that is at hand; the other tasks must have the official ids.

        Raises:
            UserError: there is nothing to judge at `path`.
        """
        return self._examine(path, ids)[0]

    def read(self, path: Path, ids: Ids | None = None) -> dict[str, dict[str, Any]]:
        """Reads a submission back: task name to example id to value, for the tasks whose files are there.

        Args:
            path: as in `check`.
            ids: as in `check`.

        Raises:
            UserError: it has any fault but absent files.
        """
        verdict, values = self._examine(path, ids)
        if verdict.status == INVALID:
            first = lines(verdict)[0]
            others = f" (and {verdict.fault_count - 1} more)" if verdict.fault_count > 1 else ""
            raise UserError(f"{path}: {first}{others}; `t5eval check {self.name}` lists every fault")
        return values

    def read_task(self, path: Path, spec: TaskSpec, ids: Sequence[str]) -> dict[str, Any]:
        """Reads one task's answers from a submission, whatever its other files are like: example id to value.

        Numbers may lie outside the leaderboard's range: it would refuse them, but they have a score.

        Args:
            path: as in `check`.
            spec: the task.
            ids: the ids of its data.

        Raises:
            UserError: its file is not there, or has a fault.
        """
        verdict, values = self._examine(path, {spec.name: ids})
        own = [fault for fault in verdict.faults if self._concerns(fault.file, spec)]
        if own and isinstance(spec.submission, NumberFile):
            unbounded = copy.copy(self)
            wide = replace(spec, submission=replace(spec.submission, low=-sys.float_info.max, high=sys.float_info.max))
            unbounded.tasks = tuple(wide if other == spec else other for other in self.tasks)
            unbounded.files = {file: wide if other == spec else other for file, other in self.files.items()}
            found, numbers = unbounded._examine(path, {spec.name: ids})
            if not any(self._concerns(fault.file, spec) for fault in found.faults):
                own, values = [], numbers
        if spec.name not in values:
            own = own or [fault for fault in verdict.faults if fault.file not in verdict.files]
        if own:
            where = own[0].file if own[0].line is None else f"{own[0].file}:{own[0].line}"
            count = len(own) + sum(verdict.more.get(file, 0) for file in {fault.file for fault in own})
            others = f" (and {count - 1:,} more)" if count > 1 else ""
            raise UserError(
                f"{path}: {where}: {own[0].message}{others}; `t5eval check {self.name}` lists the faults of every file"
            )
        if spec.name not in values:
            held = f"; it answers {some(list(values))}" if values else ""
            raise UserError(f"{path}: has no {submission_of(spec).file} with answers to {spec.name} to score{held}")
        return values[spec.name]

    def _concerns(self, file: str, spec: TaskSpec) -> bool:
        """Returns whether a fault of a file keeps a task's answers from being read."""
        return file.rpartition("/")[2] == submission_of(spec).file

    def _examine(self, path: Path, ids: Ids | None) -> Examined:
        ids = self._given(ids)
        self._refuse_foreign(path)
        contents = unpack(path, self.files, self.suffix, self.subfolders)
        sizes = {spec: self.size(spec, ids.get(spec.name, ())) for spec in self.tasks}
        faults = {file: FileFaults() for file in self.files}
        rows: dict[str, int] = {}
        values: dict[str, dict[str, Any]] = {}
        for file, spec in self.files.items():
            if file in contents.files:
                expected = ids[spec.name] if spec.name in ids else self.ids(spec)
                found = self.parse(spec, contents.files[file], expected, faults[file])
                rows[file], values[spec.name] = found.count, found.values
                if faults[file].count:
                    faults[file].cause(other_data(spec, found.count, sizes))
        self._add_refused(path, contents, faults, "" if rows else self._holds_none(contents))
        absent = [file for file in self.files if file not in rows and not faults[file].count]
        foreign = self._foreign(rows, ids)
        return verdict_of(faults, rows, foreign, others=contents.others, absent=absent, foreign=bool(foreign)), values

    def _add_refused(self, path: Path, contents: Contents, faults: dict[str, FileFaults], without: str) -> None:
        """Adds what must not be there, and, where nothing else is at fault, `without`: which files it should have."""
        misplaced = ((name, self._fault_of(name, contents.packed)) for name in contents.others)
        for name, reason in (*contents.refused, *misplaced):
            if reason:
                faults.setdefault(name, FileFaults()).add(None, reason)
        if without and not any(found.count for found in faults.values()):
            faults.setdefault(path.resolve().name, FileFaults()).add(None, without)

    def _foreign(self, rows: Mapping[str, int], ids: Ids) -> list[str]:
        """Returns in which of the files the data at hand is not the leaderboard's."""
        given = {file: spec for file, spec in self.files.items() if file in rows and spec.name in ids}
        foreign = [
            f"{file}: {len(ids[spec.name]):,} rows in this data; the leaderboard has {official_size(spec):,}"
            for file, spec in given.items()
            if len(ids[spec.name]) != official_size(spec)
        ]
        return foreign + [
            f"{file}: the ids of this data are not the leaderboard's, which are numbered from 0"
            for file, spec in given.items()
            if len(ids[spec.name]) == official_size(spec) and not self.is_official(spec, ids[spec.name])
        ]

    def _fault_of(self, name: str, packed: bool) -> str:
        """Returns why a file that is none of the leaderboard's must not be there, empty if it does no harm."""
        folder, _, last = name.rpartition("/")
        ending = Path(last).suffix.lower()
        if is_junk(name):
            return ""
        if ending == ".zip" and packed:
            return "a zip within the zip; the leaderboard does not open it"
        if ending != self.suffix:
            return ""
        if folder and not self.subfolders:
            where = f"in the folder {printable(folder)}"
            return f"{where}; the leaderboard wants its files at the zip's root: zip the files alone"
        return f"not a file of this leaderboard.{self._meant(last)} It takes {', '.join(self.files)}"

    def _refuse_foreign(self, path: Path) -> None:
        """Raises a UserError for a single file that by its name is another leaderboard's."""
        found = "" if path.name in self.files else other_owners([path.name], self.name)
        if found and path.is_file():
            raise UserError(f"{path}: not a file of leaderboard {self.name}; {found}")

    def _holds_none(self, contents: Contents) -> str:
        others = other_owners(contents.others, self.name)
        return f"holds none of the leaderboard's files: {', '.join(self.files)}{others and f'; {others}'}"

    def _meant(self, name: str) -> str:
        from difflib import get_close_matches

        # Without the ending, which makes all names alike.
        files = {Path(file).stem.lower(): file for file in self.files}
        close = get_close_matches(Path(name).stem.lower(), list(files), n=1)
        return f" Did you mean {files[close[0]]!r}?" if close else ""

    def _given(self, ids: Ids | None) -> Ids:
        """Returns the ids to judge by, none if there is no data.

        Raises:
            UserError: a task is not the leaderboard's, or its data has no examples.
        """
        ids = ids or {}
        self._known(ids)
        for name, given in ids.items():
            if not given:
                raise UserError(f"{name}: the data has no examples to judge by")
        return ids

    def _known(self, names: Iterable[str]) -> None:
        known = [spec.name for spec in self.tasks]
        for name in names:
            if name not in known:
                raise UserError(
                    f"{quoted(name)} is not a task of leaderboard {self.name!r}.{did_you_mean(name, known)} "
                    f"Its tasks are {', '.join(known)}"
                )


def official_size(spec: TaskSpec) -> int:
    """Returns how many examples the leaderboard wants answers for."""
    return spec.sizes[submission_of(spec).split]
