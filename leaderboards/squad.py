"""SQuAD: one JSON object, question id to answer text, for the questions of the development set.

The test sets are hidden. What is handed in is a run that made predictions for the development set, which the
organisers repeat on the test set; `predictions.json` is what their scorer reads. Version 2.0 takes the empty text for
a question without an answer, and a second file, `na_probs.json`, from question id to the probability that there is
none. The two versions are two leaderboards whose files look alike: a file is taken for the version whose questions it
answers.

Source: evaluate-v1.1.py and evaluate-v2.0.py of rajpurkar/SQuAD-explorer.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from leaderboards.causes import SLIP
from leaderboards.files.archive import unpack
from leaderboards.files.writing import write_file, write_folder
from leaderboards.forms.json_object import Entry, json_object
from leaderboards.leaderboard import Answers, Examined, Ids, Leaderboard, Rows, Written
from leaderboards.values import submission_of
from leaderboards.verdict import FileFaults, verdict_of
from task_specs import BENCHMARKS, TaskSpec, UserError, get
from task_specs.submission_files.squad import AnswersFile
from task_specs.support.errors import quoted


class Squad(Leaderboard):
    """A leaderboard of several versions, each of which takes a JSON object of answers to its own questions."""

    suffix = ".json"
    one_task = True

    def __init__(self, name: str, tasks: Iterable[TaskSpec]):
        super().__init__(name, tasks)
        kinds = [(spec, _file_of(spec)) for spec in self.tasks]
        (self.answers_file,) = {file.file for _, file in kinds}
        self.files = {name: spec for spec, file in kinds for name in (file.file, file.probabilities) if name}

    def write(self, out: Path, answers: Answers) -> Written:
        """Writes one version's answers.

        Args:
            out: the JSON file; or an existing folder, which gets the file under its usual name, and with it the
                probabilities of no answer where the version knows them: 1 for an empty text, else 0.
            answers: the task's name to example id to text.
        """
        self._known(answers)
        if len(answers) != 1:
            raise UserError(
                f"{self.name}: a submission is of one version, got answers to {', '.join(answers) or 'none'}"
            )
        ((name, texts),) = answers.items()
        if not texts:
            raise UserError(f"{name}: there are no answers to write")
        if not out.is_dir() and out.suffix.lower() != self.suffix:
            raise UserError(f"{out}: {self.name} takes a JSON file; name a {self.suffix} file or an existing folder")
        spec = get(name)
        rendered, _ = self.render(spec, texts)
        if not out.is_dir():
            return Written({out.name: len(texts)}, {}, write_file(out, rendered))
        files = {self.answers_file: rendered}
        probabilities = _file_of(spec).probabilities
        if probabilities:
            files[probabilities] = _entries({key: float(not text) for key, text in texts.items()})
        return Written(dict.fromkeys(files, len(texts)), {}, write_folder(out, files))

    def render(self, spec: TaskSpec, answers: Mapping[str, Any]) -> tuple[bytes, int]:
        for example_id, text in answers.items():
            if not isinstance(text, str):
                raise UserError(f"{spec.name}, id {example_id!r}: an answer is a text, got {quoted(repr(text))}")
        try:
            return _entries(answers), 0
        except UnicodeEncodeError as error:
            raise UserError(f"{spec.name}: an answer is not Unicode text (half a surrogate pair): {error}") from None

    def parse(self, spec: TaskSpec, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
        return self._judge(json_object(data, faults), ids, faults, _text_fault)

    def _judge(
        self, entries: Sequence[Entry] | None, ids: Sequence[str], faults: FileFaults, fault_of: Callable[[Any], str]
    ) -> Rows:
        """Compares a file's entries with the ids that it must hold; without ids (an empty list) it is only counted."""
        if entries is None:
            return Rows(0, {})
        expected = frozenset(ids)
        lines: dict[str, int] = {}
        values: dict[str, Any] = {}
        for entry in entries:
            fault = fault_of(entry.value)
            if entry.key in lines:
                faults.add(entry.line, f"id {_shown(entry.key)} comes again; it came first on line {lines[entry.key]}")
            elif expected and entry.key not in expected:
                faults.add(entry.line, f"id {_shown(entry.key)} is none of the {len(ids):,} questions of this data")
            elif fault:
                faults.add(entry.line, f"id {_shown(entry.key)}: {fault}")
            else:
                values[entry.key] = entry.value
            lines.setdefault(entry.key, entry.line)
        faults.add_missing("questions", ids, lines)
        return Rows(len(entries), values)

    def _examine(self, path: Path, ids: Ids | None) -> Examined:
        ids = self._given(ids)
        self._refuse_foreign(path)
        # A file on its own may have any name: the scorer is given its path.
        contents = unpack(path, self.files if path.is_dir() else (*self.files, path.name), self.suffix)
        faults = {name: FileFaults() for name in contents.files}
        rows: dict[str, int] = {}
        values: dict[str, dict[str, Any]] = {}
        notes: list[str] = []
        probabilities = {_file_of(spec).probabilities for spec in self.tasks} - {""}
        answers_at = next((name for name in contents.files if name not in probabilities), "")
        spec: TaskSpec | None = None
        if answers_at:
            entries = json_object(contents.files[answers_at], faults[answers_at])
            spec = self._version(entries or (), ids)
            found = self._judge(entries, ids.get(spec.name, ()), faults[answers_at], _text_fault)
            self._without_data(spec, ids, entries, faults[answers_at])
            self._name_cause(spec, ids, entries, faults[answers_at])
            rows[answers_at], values[spec.name] = found.count, found.values
            notes += self._notes(spec, found, self._way(spec, ids, entries or ()))
        for name in sorted(probabilities & contents.files.keys()):
            rows[name] = self._probabilities(name, contents.files[name], spec, ids, faults[name], notes)
        self._add_refused(path, contents, faults, "" if contents.files else self._holds_none(contents))
        foreign = spec is not None and spec.name in ids and len(ids[spec.name]) != _size(spec)
        if spec is not None and foreign:
            notes.append(f"{len(ids[spec.name]):,} questions in this data; the leaderboard has {_size(spec):,}")
        absent = () if answers_at else (self.answers_file,)
        checked = spec is None or spec.name in ids or bool(_file_of(spec).ids_sha256)
        return verdict_of(faults, rows, notes, absent=absent, foreign=foreign, ids_checked=checked), values

    def _concerns(self, file: str, spec: TaskSpec) -> bool:
        return file.rpartition("/")[2] not in {_file_of(other).probabilities for other in self.tasks}

    def _version(self, entries: Sequence[Entry], ids: Ids) -> TaskSpec:
        """Returns the version that a file comes closest to: by its ids where data is at hand, else by its count."""
        keys = {entry.key for entry in entries}

        def distance(spec: TaskSpec) -> tuple[int, int]:
            by_count = abs(len(keys) - _size(spec))
            if spec.name in ids:
                return len(keys ^ set(ids[spec.name])), 0
            # Without data only the exact count is a reason to prefer this version to one that was compared id by id.
            if not by_count and _digest(keys) == _file_of(spec).ids_sha256:
                return 0, 0
            return by_count if not ids or not by_count else len(keys) + _size(spec), 1

        return min(self.tasks, key=distance)

    def _without_data(self, spec: TaskSpec, ids: Ids, entries: Sequence[Entry] | None, faults: FileFaults) -> None:
        """Judges the ids of a version whose data is not at hand, as far as its row tells them."""
        if entries is None or spec.name in ids:
            return
        keys = {entry.key for entry in entries}
        if len(keys) != _size(spec):
            wanted = " or ".join(f"{_size(s):,} ({s.name})" for s in self.tasks)
            faults.add(None, f"answers {len(keys):,} questions; the leaderboard has {wanted}")
        elif _file_of(spec).ids_sha256 not in ("", _digest(keys)):
            faults.add(None, f"its {len(keys):,} ids are not those of {spec.name}; --data-dir names the others")

    def _name_cause(self, spec: TaskSpec, ids: Ids, entries: Sequence[Entry] | None, faults: FileFaults) -> None:
        """Names other data as the cause, if many of the ids are foreign and as many of the data's are missing."""
        if entries is None or spec.name not in ids:
            return
        keys, known = {entry.key for entry in entries}, set(ids[spec.name])
        foreign, missing = len(keys - known), len(known - keys)
        if min(foreign, missing) <= max(SLIP, len(known) // 4):
            return
        others = [s.name for s in self.tasks if s is not spec and _size(s) == len(keys)]
        meant = f", perhaps to {others[0]}, which has as many questions" if others else ""
        faults.cause(
            f"{foreign:,} of its {len(keys):,} ids are not in {spec.name}, and {missing:,} of {len(known):,} questions "
            f"are missing: these are answers to other data{meant}"
        )

    def _way(self, spec: TaskSpec, ids: Ids, entries: Sequence[Entry]) -> str:
        """Returns how a file was judged."""
        if spec.name in ids:
            return "id by id"
        same = _digest({entry.key for entry in entries}) == _file_of(spec).ids_sha256
        return "by a digest of its ids" if same else "by the number of its answers"

    def _notes(self, spec: TaskSpec, found: Rows, way: str) -> list[str]:
        notes = [f"judged as {spec.name}, {way}"]
        empty = sum(not text for text in found.values.values())
        if empty and not _file_of(spec).probabilities:
            notes.append(f"{empty:,} answers are empty; every question of {spec.name} has one")
        return notes

    def _probabilities(
        self, name: str, data: bytes, spec: TaskSpec | None, ids: Ids, faults: FileFaults, notes: list[str]
    ) -> int:
        """Checks a file of probabilities and returns its rows."""
        owner = next(s for s in self.tasks if _file_of(s).probabilities == name)
        if spec is not None and spec is not owner:
            faults.add(None, f"goes with {owner.name}; these are answers to {spec.name}, which has no such file")
        found = self._judge(json_object(data, faults), ids.get(owner.name, ()), faults, _number_fault)
        high = sum(value > 1 for value in found.values.values())
        if high:
            notes.append(
                f"{name}: {high:,} values are above 1, the scorer's usual threshold: it takes these questions as "
                f"having no answer"
            )
        return found.count


def _file_of(spec: TaskSpec) -> AnswersFile:
    file = submission_of(spec)
    assert isinstance(file, AnswersFile)
    return file


def _size(spec: TaskSpec) -> int:
    return spec.sizes[_file_of(spec).split]


def _digest(keys: Iterable[str]) -> str:
    """Returns the SHA-256 of ids as a row of the registry has it."""
    lines = "".join(f"{key}\n" for key in sorted(keys))
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()


def _entries(values: Mapping[str, Any]) -> bytes:
    """Returns a JSON object with an entry on each line, by id, so that the same values give the same bytes."""
    entries = [f"{json.dumps(key)}: {json.dumps(values[key], ensure_ascii=False)}" for key in sorted(values)]
    return ("{\n" + ",\n".join(entries) + "\n}\n").encode()


def _shown(key: str) -> str:
    return quoted(key[:200])


def _text_fault(value: Any) -> str:
    if not isinstance(value, str):
        return f"an answer is a string, got {quoted(json.dumps(value)[:200])}"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "the answer is not Unicode text (half a surrogate pair)"
    return ""


def _number_fault(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"a probability is a number, got {quoted(json.dumps(value)[:200])}"
    return "" if math.isfinite(value) else f"a probability is a finite number, got {value}"


SQUAD = Squad("squad", [get(name) for name in BENCHMARKS["squad"].tasks])
