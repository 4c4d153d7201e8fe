"""SuperGLUE: one zip with a file of JSON lines for each of ten tasks.

Most rows are `{"idx": 0, "label": ...}`: the example's idx in the test file, and a label of the type and spelling of
its task. MultiRC's rows are nested (see `leaderboards.multirc`). ReCoRD's idx is the query's, and its label the
answer's text, which may be any: an empty one is wrong, but no fault. Rows may come in any order, and files may stand in
folders of the zip. AX-b and AX-g are answered by the model for RTE.

The grader is not public: this is the form that the benchmark's own baselines and T5 write. Whether it would take other
types of labels is not known, so that they are faults here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leaderboards.causes import SLIP, shifted
from leaderboards.forms.json_rows import json_rows, number_of, shown
from leaderboards.forms.json_values import JsonValues, json_values_of
from leaderboards.forms.text import WHOLE_NUMBER
from leaderboards.leaderboard import Leaderboard, Rows, official_size
from leaderboards.multirc import numbering_faults, paragraph_rows, read_paragraphs
from leaderboards.values import submission_of
from leaderboards.verdict import FileFaults
from task_specs import BENCHMARKS, TaskSpec, UserError, get
from task_specs.submission_files.json_lines import JsonClassFile, JsonTextFile, MultiRcFile
from task_specs.support.errors import quoted

# The numbers that the ids of a file's examples are made of.
ID_PARTS: dict[type, tuple[str, ...]] = {
    JsonClassFile: ("IDX",),
    JsonTextFile: ("PASSAGE", "QUERY"),
    MultiRcFile: ("PARAGRAPH", "QUESTION", "ANSWER"),
}


class SuperGlue(Leaderboard):
    """A leaderboard that takes a file of JSON lines for each task."""

    suffix = ".jsonl"
    subfolders = True

    def ids(self, spec: TaskSpec) -> Sequence[str]:
        # MultiRC's are numbers of three kinds, and which question has which answers only the data tells.
        return () if isinstance(submission_of(spec), MultiRcFile) else super().ids(spec)

    def is_official(self, spec: TaskSpec, ids: Sequence[str]) -> bool:
        file = submission_of(spec)
        if isinstance(file, MultiRcFile):
            return not numbering_faults(ids, file.paragraphs, file.questions, official_size(spec))
        return set(self.ids(spec)) == set(_by_number(spec, ids))

    def size(self, spec: TaskSpec, ids: Sequence[str] = ()) -> int:
        file = submission_of(spec)
        if isinstance(file, MultiRcFile):
            return self.rows(spec, dict.fromkeys(ids)) or file.paragraphs
        return super().size(spec, ids)

    def rows(self, spec: TaskSpec, answers: Mapping[str, Any]) -> int:
        if isinstance(submission_of(spec), MultiRcFile):
            return len({example_id.partition("/")[0] for example_id in answers})
        return len(answers)

    def render(self, spec: TaskSpec, answers: Mapping[str, Any]) -> tuple[bytes, int]:
        labels = _labels(spec, answers)
        if isinstance(submission_of(spec), MultiRcFile):
            rows = paragraph_rows(labels)
        else:
            _by_number(spec, answers)
            rows = [{"idx": idx, "label": label} for idx, label in sorted((key[-1], v) for key, v in labels.items())]
        # ASCII alone: a reader that breaks lines at U+2028 cannot go wrong.
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode("ascii"), 0

    def parse(self, spec: TaskSpec, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
        if isinstance(submission_of(spec), MultiRcFile):
            return read_paragraphs(spec, json_values_of(spec), data, ids, faults)
        return _read_flat(spec, json_values_of(spec), data, _by_number(spec, ids), faults)


def _labels(spec: TaskSpec, answers: Mapping[str, Any]) -> dict[tuple[int, ...], str | int]:
    """Returns what is written for each answer, by the numbers of its id, ascending."""
    values = json_values_of(spec)
    form = ID_PARTS[type(submission_of(spec))]
    labels: dict[tuple[int, ...], str | int] = {}
    for example_id, value in answers.items():
        parts = example_id.split("/")
        if len(parts) != len(form) or not all(map(WHOLE_NUMBER.fullmatch, parts)):
            raise UserError(
                f"{spec.name}: id {quoted(example_id)} is not {'/'.join(form)}, the whole numbers that the "
                f"leaderboard's file is made of"
            )
        try:
            labels[tuple(map(int, parts))] = values.write(value)
        except ValueError as error:
            raise UserError(f"{spec.name}, id {example_id!r}: {error}") from None
    return dict(sorted(labels.items()))


def _by_number(spec: TaskSpec, ids: Iterable[str]) -> dict[str, str]:
    """Returns what a row calls an example, the last number of its id, to the id."""
    found: dict[str, str] = {}
    for example_id in ids:
        number = example_id.rpartition("/")[2]
        if found.setdefault(number, example_id) != example_id:
            raise UserError(
                f"{spec.name}: examples {found[number]} and {example_id} have the same number, which is all that the "
                f"leaderboard's file says of them"
            )
    return found


def _read_flat(
    spec: TaskSpec, values: JsonValues, data: bytes, expected: Mapping[str, str], faults: FileFaults
) -> Rows:
    """Reads rows of idx and label, adding every fault that they have.

    Args:
        expected: idx to example id.
    """
    rows = json_rows(data, len(expected), faults)
    if rows is None:
        return Rows(0, {})
    line_of: dict[str, int] = {}
    answers: dict[str, Any] = {}
    unknown: set[int] = set()
    count = 0
    for line, row in rows:
        count += 1
        if row is None:
            continue
        number = number_of(row, line, faults)
        idx = None if number is None else str(number)
        if idx in line_of:
            faults.add(line, f"idx {shown(number)} comes again; it came first on line {line_of[idx]}")
            idx = None
        elif number is not None and idx not in expected:
            faults.add(line, _unknown_fault, number, expected)
            unknown.add(number)
            idx = None
        elif idx is not None:
            line_of[idx] = line
        value = values.read(row.get("label"))
        if "label" not in row:
            faults.add(line, 'has no label; a row is {"idx": 0, "label": ...}')
        elif value is None:
            faults.add(line, values.explain, row["label"])
        elif idx is not None:
            answers[expected[idx]] = value
    faults.add_missing("idx", expected, line_of)
    if len(unknown) > SLIP:
        faults.cause(shifted("idx", sorted({*unknown, *map(int, line_of)}), sorted(map(int, expected))))
    return Rows(count, answers)


def _unknown_fault(number: int, expected: Mapping[str, str]) -> str:
    known = [int(idx) for idx in expected]
    return f"idx {shown(number)} is unknown; the {len(known):,} known ones run from {min(known)} to {max(known)}"


SUPER_GLUE = SuperGlue("super_glue", [get(name) for name in BENCHMARKS["super_glue"].tasks])
