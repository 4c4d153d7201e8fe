"""WMT: a test set's translations, as plain text, SGML, or XML.

Each task's file is a submission by itself. Plain text has a segment a line, in the order of the official source; the
other two forms keep the documents of the test set, which the data must then hold. In all three a segment is one line
without tabs, and never empty: where a model wrote nothing stands `NO TRANSLATION AVAILABLE`, which reads back as
nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaderboards.files.archive import printable, unpack
from leaderboards.files.writing import write_file, zip_bytes
from leaderboards.forms.documents import Frame
from leaderboards.forms.segments import NO_TRANSLATION, as_segments, read_segment, segment_fault
from leaderboards.forms.text import text_lines
from leaderboards.forms.text_causes import causes, untranslated
from leaderboards.forms.wmt_markup import Hypothesis, read_sgml, read_xml, render_sgml, render_xml
from leaderboards.leaderboard import Answers, Examined, Ids, Leaderboard, Rows, Written
from leaderboards.values import submission_of
from leaderboards.verdict import FileFaults, verdict_of
from task_specs import TaskSpec, UserError
from task_specs.rows import wmt, wmt_since_2020
from task_specs.sources.parallel import ParallelText
from task_specs.support.errors import quoted

FORMS = (".txt", ".sgm", ".xml")
MAX_ROWS = 100_000  # of a file whose test set is not known yet


def _stem(spec: TaskSpec) -> str:
    """Returns a task's file name without its ending: `wmt14.en-de`."""
    return submission_of(spec).file.removesuffix(".txt")


def _source(spec: TaskSpec) -> ParallelText:
    assert isinstance(spec.source, ParallelText)
    return spec.source


@dataclass(frozen=True)
class _Taken:
    """What a file was taken for: a task, the ids that it must have, and why it could be another one's."""

    spec: TaskSpec
    ids: Sequence[str]
    note: str = ""


class Wmt(Leaderboard):
    """Translations of any of the test sets."""

    suffix = ".txt"
    independent = True

    def keeps(self, out: Path, tasks: Collection[str]) -> str:
        form = out.suffix.lower()
        if form in FORMS and not out.is_dir() and len(tasks) > 1:
            raise UserError(
                f"{out}: one file holds one task, and there are answers to {', '.join(tasks)}; choose one (--task), or "
                f"name a folder"
            )
        return "frame" if form in (".sgm", ".xml") else ""

    def write_keeping(self, out: Path, answers: Answers, kept: Mapping[str, Any], system: str) -> Written:
        """Writes a submission.

        Args:
            out: the form is that of its ending: `.txt`, `.sgm` or `.xml` for one task, `.zip` for a zip with the
                plain text of each task; anything else is a folder with these.
            answers: task name to example id to translation, in the order of the test set.
            kept: task name to `Frame`, for SGML and XML.
            system: the system's name, which stands in SGML and XML.

        Raises:
            UserError: a form of one task is asked for several, the frame is not the data's, or a file cannot be
                written.
        """
        self._known(answers)
        for name, texts in answers.items():
            if not texts:
                raise UserError(f"{name}: there are no answers to write")
        if not answers:
            raise UserError(f"{self.name}: there are no answers to write")
        self.keeps(out, answers)
        form = out.suffix.lower()
        if form in FORMS and not out.is_dir():
            (spec,) = (spec for spec in self.tasks if spec.name in answers)
            data, notes = self._render(spec, answers[spec.name], out.name, kept.get(spec.name), system)
            return Written({out.name: len(answers[spec.name])}, {}, write_file(out, data), notes)
        files: dict[str, bytes] = {}
        said: list[str] = []
        for spec in self.tasks:
            if spec.name in answers:
                file = submission_of(spec).file
                files[file], notes = self._render(spec, answers[spec.name], file, None, system)
                said += notes
        rows = {file: len(answers[self.files[file].name]) for file in files}
        digest = write_file(out, zip_bytes(files)) if form == ".zip" else self._write_folder(out, files)
        return Written(rows, {}, digest, tuple(said))

    def write(self, out: Path, answers: Answers) -> Written:
        return self.write_keeping(out, answers, {}, "")

    def _render(
        self, spec: TaskSpec, answers: Mapping[str, Any], file: str, frame: Frame | None, system: str
    ) -> tuple[bytes, tuple[str, ...]]:
        form = Path(file).suffix.lower()
        segments, empty = as_segments(spec.name, answers)
        texts = list(segments.values())
        notes = (f"{file}: empty translations, written as {NO_TRANSLATION!r}: {empty:,}",) if empty else ()
        if form == ".txt":
            return ("\n".join(texts) + "\n").encode(), notes
        if frame is None:
            raise UserError(f"{spec.name}: the documents of its test set are needed for {form}; write .txt instead")
        expected = sum(1 for _ in frame.segments)
        if expected != len(texts):
            raise UserError(f"{spec.name}: {len(texts):,} translations for the {expected:,} segments of {frame.set_id}")
        write = render_sgml if form == ".sgm" else render_xml
        source = _source(spec)
        return write(frame, texts, source.source, source.target, system or "t5eval").encode(), notes

    def render(self, spec: TaskSpec, answers: Mapping[str, Any]) -> tuple[bytes, int]:
        return self._render(spec, answers, submission_of(spec).file, None, "")[0], 0

    def parse(self, spec: TaskSpec, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
        found = self._read(".txt", data, len(ids), faults)
        return self._judge(found, _Taken(spec, ids), faults)

    def _read(self, form: str, data: bytes, rows: int, faults: FileFaults) -> Hypothesis | None:
        if form == ".sgm":
            return read_sgml(data, faults)
        if form == ".xml":
            return read_xml(data, faults)
        lines = text_lines(data, rows, faults)
        if lines is None:
            return None
        for number, line in enumerate(lines, start=1):
            fault = segment_fault(line)
            if fault:
                faults.add(number, fault)
        return Hypothesis(segments=list(enumerate(lines, start=1)))

    def _judge(self, found: Hypothesis | None, taken: _Taken, faults: FileFaults) -> Rows:
        """Compares a file's segments with those that its task has."""
        if found is None:
            return Rows(0, {})
        source = _source(taken.spec)
        for what, said, true in (("target", found.target, source.target), ("source", found.source, source.source)):
            if said and said.partition("-")[0].lower() != true:
                faults.add(None, f"its {what} language is {said!r}; {taken.spec.name} has {true!r}")
        if len(found.segments) != len(taken.ids):
            way = "segments stand in the order of the official source, one for each"
            has = f"{len(found.segments):,} segments, {taken.spec.name} has {len(taken.ids):,}"
            faults.add(None, f"{has}; {way}")
            return Rows(len(found.segments), {})
        values = {i: read_segment(text) for i, (_, text) in zip(taken.ids, found.segments, strict=True)}
        return Rows(len(found.segments), values)

    def _examine(self, path: Path, ids: Ids | None) -> Examined:
        ids = self._given(ids)
        named = {f"{_stem(spec)}{form}": spec for spec in self.tasks for form in FORMS}
        form = path.suffix.lower()
        alone = form in FORMS and path.is_file()
        wanted = (*named, path.name) if alone else tuple(named)
        contents = unpack(path, wanted, form if alone else self.suffix, forms=" or ".join(FORMS))
        faults: dict[str, FileFaults] = {name: FileFaults() for name in contents.files}
        rows: dict[str, int] = {}
        values: dict[str, dict[str, Any]] = {}
        notes: list[str] = []
        foreign = False
        for file, data in contents.files.items():
            found = self._read(Path(file).suffix.lower(), data, MAX_ROWS, faults[file])
            taken = self._take(file, found, named.get(file), ids)
            read = self._judge(found, taken, faults[file])
            rows[file] = read.count
            official = len(self.ids(taken.spec))
            if len(taken.ids) != official:
                foreign = True
                notes.append(f"{file}: {len(taken.ids):,} segments in this data; {taken.spec.name} has {official:,}")
            notes += [f"{printable(file)}: {taken.note}"] if taken.note else []
            if found is not None:
                texts = {str(line): text for line, text in found.segments}
                said = [*causes(texts, "line", surface=True), *untranslated(texts, "line", found.sources or {})]
                notes += [f"{printable(file)}: {cause}" for cause in said]
            if taken.spec.name in values:
                faults[file].add(None, f"a second file for {taken.spec.name}; which one counts is anybody's guess")
            values[taken.spec.name] = read.values
        without = "" if contents.files else f"holds no file of a task, such as {_stem(self.tasks[0])}.txt"
        self._add_refused(path, contents, faults, without)
        return verdict_of(faults, rows, notes, others=contents.others, foreign=foreign), values

    def _concerns(self, file: str, spec: TaskSpec) -> bool:
        owners = {_stem(other): other for other in self.tasks}
        return owners.get(Path(file).stem, spec) == spec

    def _take(self, file: str, found: Hypothesis | None, named: TaskSpec | None, ids: Ids) -> _Taken:
        """Returns what a file is taken for: the task of its name, of its test set, or of its number of segments."""

        def expected(spec: TaskSpec) -> Sequence[str]:
            return ids[spec.name] if spec.name in ids else self.ids(spec)

        if named is not None:
            return _Taken(named, expected(named))
        # A caller who knows one task's ids alone means this task.
        among = [spec for spec in self.tasks if spec.name in ids] or list(self.tasks)
        if found is None:
            return _Taken(among[0], expected(among[0]))
        languages = [spec for spec in among if self._speaks(spec, found)] or among
        sets = [spec for spec in languages if self._is_set(spec, found)]
        count = len(found.segments)
        fitting = [spec for spec in sets or languages if len(expected(spec)) == count]
        if not fitting:
            closest = min(sets or languages, key=lambda spec: abs(len(expected(spec)) - count))
            rest = f"judged as the closest, {closest.name}; name it {_stem(closest)}{Path(file).suffix} or the like"
            note = "" if sets or len(among) == 1 else f"no test set has {count:,} segments: {rest} to say which it is"
            return _Taken(closest, expected(closest), note)
        others = [spec.name for spec in fitting[1:]]
        if found.set_id and not sets:
            stranger = f"its test set {quoted(found.set_id)} is none of the tasks'"
            return _Taken(fitting[0], expected(fitting[0]), f"{stranger}; judged by its number of segments alone")
        note = (
            f"taken for {fitting[0].name}; {', '.join(others)} have as many segments. "
            f"Name it {_stem(fitting[0])}{Path(file).suffix} to say which it is"
        )
        return _Taken(fitting[0], expected(fitting[0]), note if others else "")

    def _speaks(self, spec: TaskSpec, found: Hypothesis) -> bool:
        source = _source(spec)
        return found.target in ("", source.target) and found.source in ("", source.source)

    def _is_set(self, spec: TaskSpec, found: Hypothesis) -> bool:
        source = _source(spec)
        (name,) = source.sets[submission_of(spec).split]
        return found.set_id.lower().partition(".")[0] in (name, source.split_name(name)[0])


WMT = Wmt("wmt", (*wmt.TASKS, *wmt_since_2020.TASKS))
