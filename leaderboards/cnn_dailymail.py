"""CNN/DailyMail: there is no server; what is published are the summaries, for others to score.

Three forms: a folder or a zip of `test.hypo`, one summary a line in the order of the split, and `test.ids`, the id of
each line's story; `test.hypo` alone; and the folder form that pyrouge takes, asked for by a name that ends in
`.pyrouge`. A summary that is empty stays an empty line.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from leaderboards.files.archive import unpack
from leaderboards.files.writing import folder_digest, write_file, write_folder, zip_bytes
from leaderboards.forms import pyrouge
from leaderboards.forms.segments import BREAKING, check_text, one_line
from leaderboards.forms.text import text_lines
from leaderboards.forms.text_causes import causes
from leaderboards.leaderboard import Answers, Examined, Ids, Leaderboard, Rows, Written, official_size
from leaderboards.values import submission_of
from leaderboards.verdict import FileFaults, Verdict, verdict_of
from task_specs import TaskSpec, UserError
from task_specs.rows.cnn_dailymail import CNN_DAILYMAIL as TASK
from task_specs.support.errors import quoted

PYROUGE = ".pyrouge"

_BREAKING = re.compile(BREAKING.pattern.replace("\x00-\x1f", "\x00-\x08\x0a-\x1f"))  # a tab does no harm here


class CnnDailymail(Leaderboard):
    """Summaries of the test articles."""

    suffix = ".hypo"

    def __init__(self, name: str, task: TaskSpec):
        super().__init__(name, [task])
        self.task = task
        self.hypo = submission_of(task).file
        self.ids_file = f"{Path(self.hypo).stem}.ids"

    def ids(self, spec: TaskSpec) -> Sequence[str]:
        return ()

    def keeps(self, out: Path, tasks: Collection[str]) -> str:
        return "references" if out.suffix.lower() == PYROUGE else ""

    def write_keeping(self, out: Path, answers: Answers, kept: Mapping[str, Any], system: str) -> Written:
        """Writes a submission.

        Args:
            out: a name that ends in `.pyrouge` is that folder form, `.zip` a zip, `.hypo` the summaries alone;
                anything else is a folder.
            answers: the task's name to example id to summary, in the order of the split.
            kept: the task's name to its true summaries in the same order, or to None where there are none.

        Raises:
            UserError: a summary is no text, or the files cannot be written.
        """
        self._known(answers)
        summaries = answers.get(self.task.name)
        if not summaries:
            raise UserError(f"{self.name}: there are no answers to write")
        for example_id, text in summaries.items():
            check_text(self.task.name, example_id, text)
        rows = len(summaries)
        files = {self.hypo: self.render(self.task, summaries)[0], self.ids_file: _lines(list(summaries))}
        empty = sum(not one_line(text) for text in summaries.values())
        if empty == rows:
            raise UserError(f"{self.task.name}: every summary is empty; there is nothing to publish")
        notes = (f"empty summaries, which score 0: {empty:,}",) if empty else ()
        form = out.suffix.lower()
        if form == PYROUGE:
            ids = {self.ids_file: files[self.ids_file]}
            pyrouge.write_folder(out, list(summaries.values()), kept.get(self.task.name), ids)
            counts = {pyrouge.DECODED: rows}
            if kept.get(self.task.name) is not None:
                counts[pyrouge.REFERENCE] = rows
            return Written(counts, {}, folder_digest(files), notes)
        if form == self.suffix and not out.is_dir():
            return Written({out.name: rows}, {}, write_file(out, files[self.hypo]), notes)
        if form == ".zip":
            return Written(dict.fromkeys(files, rows), {}, write_file(out, zip_bytes(files)), notes)
        if (out / pyrouge.DECODED).exists():
            raise UserError(f"{out}: is the folder form that pyrouge takes; use an empty folder")
        return Written(dict.fromkeys(files, rows), {}, write_folder(out, files), notes)

    def write(self, out: Path, answers: Answers) -> Written:
        return self.write_keeping(out, answers, {}, "")

    def render(self, spec: TaskSpec, answers: Mapping[str, Any]) -> tuple[bytes, int]:
        return _lines([one_line(text) for text in answers.values()]), 0

    def parse(self, spec: TaskSpec, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
        expected = len(ids) or official_size(spec)
        found = _read_lines(data, expected, faults)
        return self._rows(found, ids or [str(row) for row in range(expected)], faults)

    def _rows(self, summaries: Sequence[str], ids: Sequence[str], faults: FileFaults) -> Rows:
        if len(summaries) != len(ids):
            faults.add(None, f"{len(summaries):,} summaries for {len(ids):,} articles; one summary a line, in order")
            return Rows(len(summaries), {})
        return Rows(len(summaries), dict(zip(ids, summaries, strict=True)))

    def _examine(self, path: Path, ids: Ids | None) -> Examined:
        expected = list(self._given(ids).get(self.task.name, ()))
        if path.is_dir() and (path / pyrouge.DECODED).is_dir():
            return self._examine_pyrouge(path, expected)
        alone = path.is_file() and path.suffix.lower() != ".zip"
        wanted = (path.name,) if alone else (self.hypo, self.ids_file)
        contents = unpack(path, wanted, path.suffix.lower() if alone else self.suffix)
        name = path.name if alone else self.hypo
        faults = {file: FileFaults() for file in (name, self.ids_file) if file in contents.files}
        rows: dict[str, int] = {}
        values: dict[str, Any] = {}
        notes: list[str] = []
        order = expected or super().ids(self.task)
        if name in contents.files:
            if self.ids_file in contents.files:
                order = self._read_ids(contents.files[self.ids_file], expected, faults[self.ids_file])
                rows[self.ids_file] = len(order)
            summaries = _read_lines(contents.files[name], len(order), faults[name])
            read = self._rows(summaries, order, faults[name])
            rows[name], values = read.count, read.values
            notes += _empty_note(summaries)
            notes += causes({str(line): text for line, text in enumerate(summaries, start=1)}, "line")
        without = "" if name in contents.files else f"holds no {self.hypo}, and no folder {pyrouge.DECODED}"
        self._add_refused(path, contents, faults, without)
        return self._judged(contents.others, faults, rows, notes, expected), {self.task.name: values}

    def _concerns(self, file: str, spec: TaskSpec) -> bool:
        return True

    def _examine_pyrouge(self, path: Path, expected: list[str]) -> Examined:
        faults: dict[str, FileFaults] = {}
        summaries = pyrouge.read_part(path, pyrouge.DECODED, faults)
        rows = {pyrouge.DECODED: len(summaries)}
        order = expected or super().ids(self.task)
        ids_path = path / self.ids_file
        if ids_path.is_file() and not ids_path.is_symlink():
            data = unpack(ids_path, (self.ids_file,), ids_path.suffix).files.get(self.ids_file, b"")
            order = self._read_ids(data, expected, faults.setdefault(self.ids_file, FileFaults()))
        read = self._rows(summaries, order, faults.setdefault(pyrouge.DECODED, FileFaults()))
        if (path / pyrouge.REFERENCE).is_dir():
            references = pyrouge.read_part(path, pyrouge.REFERENCE, faults)
            rows[pyrouge.REFERENCE] = len(references)
            if len(references) != len(summaries):
                found = faults.setdefault(pyrouge.REFERENCE, FileFaults())
                found.add(None, f"{len(references):,} references for {len(summaries):,} summaries")
        return self._judged((), faults, rows, _empty_note(summaries), expected), {self.task.name: read.values}

    def _judged(
        self,
        others: Sequence[str],
        faults: Mapping[str, FileFaults],
        rows: Mapping[str, int],
        notes: Sequence[str],
        expected: Sequence[str],
    ) -> Verdict:
        official = official_size(self.task)
        foreign = bool(expected) and len(expected) != official
        counts = [f"{len(expected):,} articles in this data; the test set has {official:,}"] if foreign else []
        compared = bool(expected) or self.ids_file not in faults
        return verdict_of(faults, rows, [*counts, *notes], others=others, foreign=foreign, ids_checked=compared)

    def _read_ids(self, data: bytes, expected: Sequence[str], faults: FileFaults) -> list[str]:
        """Returns the ids of a file of ids, adding those that are unknown, missing or come twice to its faults."""
        found = text_lines(data, len(expected) or official_size(self.task), faults) or []
        known = frozenset(expected)
        first: dict[str, int] = {}
        for line, example_id in enumerate(found, start=1):
            if example_id in first:
                faults.add(
                    line, f"id {quoted(example_id[:200])} comes again; it came first on line {first[example_id]}"
                )
            elif not example_id or (known and example_id not in known):
                faults.add(line, f"id {quoted(example_id[:200])} is none of the data's")
            first.setdefault(example_id, line)
        if not faults.add_missing("ids", expected, first) and not expected and len(found) != official_size(self.task):
            faults.add(None, f"{len(found):,} ids; the test set has {official_size(self.task):,}")
        return found


def _lines(texts: Sequence[str]) -> bytes:
    return "".join(f"{text}\n" for text in texts).encode()


def _read_lines(data: bytes, rows: int, faults: FileFaults) -> list[str]:
    found = text_lines(data, rows, faults) or []
    for number, line in enumerate(found, start=1):
        character = _BREAKING.search(line)
        if character:
            code = f"U+{ord(character.group()):04X}"
            faults.add(number, f"the character {code}, at which some readers break the line; write a space")
    return found


def _empty_note(summaries: Sequence[str]) -> list[str]:
    empty = sum(not text.strip() for text in summaries)
    return [f"empty summaries, which score 0: {empty:,}"] if empty else []


CNN_DAILYMAIL = CnnDailymail("cnn_dailymail", TASK)
