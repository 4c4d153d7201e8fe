"""GLUE: one zip with a TSV for each of eleven tasks at its root.

Each file has the header `index<TAB>prediction` and a row for every example of the task's test file; the index is
the 0-based row number there. The grader is not public: this is the form that the benchmark's own baselines write,
and what `check` refuses is what the leaderboard is known to refuse, or what no reader could take in one way only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from leaderboards.base import NAMED, Leaderboard, Rows
from leaderboards.text import WHOLE_NUMBER, text_lines
from leaderboards.values import values_of
from leaderboards.verdict import FileFaults
from task_specs import BENCHMARKS, TaskSpec, UserError, get
from task_specs.errors import quoted

HEADER = "index\tprediction"


class Glue(Leaderboard):
    """A leaderboard that takes a TSV of index and prediction for each task."""

    suffix = ".tsv"

    def render(self, spec: TaskSpec, answers: Mapping[str, Any]) -> tuple[bytes, int]:
        values = values_of(spec)
        for example_id in answers:
            if not WHOLE_NUMBER.fullmatch(example_id):
                raise UserError(
                    f"{spec.name}: id {quoted(example_id)} is not the row number that the leaderboard wants"
                )
        rows = [HEADER]
        clipped = 0
        for example_id in sorted(answers, key=int):
            try:
                text, clip = values.write(answers[example_id])
            except ValueError as error:
                raise UserError(f"{spec.name}, id {example_id!r}: {error}") from None
            clipped += clip
            rows.append(f"{example_id}\t{text}")
        return ("\n".join(rows) + "\n").encode(), clipped

    def parse(self, spec: TaskSpec, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
        found = text_lines(data, len(ids), faults)
        if found is None:
            return Rows(0, {})
        read = values_of(spec).read
        explain = values_of(spec).explain
        expected = frozenset(ids)
        line_of: dict[str, int] = {}  # of each expected index, the line on which it came first
        answers: dict[str, Any] = {}
        blank = 0
        start = _after_header(found, faults)
        for line, row in enumerate(found[start:], start=start + 1):
            index, _, text = row.partition("\t")
            value = read(text)
            if value is not None and index in expected and index not in line_of:
                line_of[index] = line
                answers[index] = value
            elif not row.strip():
                blank += 1
                faults.add(line, "blank line")
            elif row.count("\t") != 1:
                faults.add(line, _columns_fault, row)
                if index in expected:
                    line_of.setdefault(index, line)
            else:
                if index in line_of:
                    faults.add(line, _duplicate_fault, index, line_of[index])
                elif index in expected:
                    line_of[index] = line
                else:
                    faults.add(line, _index_fault, index, ids)
                if value is None:
                    faults.add(line, explain, text)
        missing = [example_id for example_id in ids if example_id not in line_of]
        if missing:
            faults.add(None, _missing_fault, missing, len(ids))
        return Rows(len(found) - start - blank, answers)


def _after_header(found: Sequence[str], faults: FileFaults) -> int:
    """Returns the position of the first row: a first line that is not the header is one if it begins with an index."""
    if found[0] == HEADER:
        return 1
    got = f"expected the header {quoted(HEADER)}, got {quoted(found[0][:200])}"
    if WHOLE_NUMBER.fullmatch(found[0].partition("\t")[0]):
        faults.add(1, f"{got}; the file has no header")
        return 0
    faults.add(1, got)
    return 1


def _columns_fault(row: str) -> str:
    columns = row.count("\t") + 1
    return f"expected 2 columns (index, prediction) with a tab between them, got {columns}: {quoted(row[:200])}"


def _duplicate_fault(index: str, first: int) -> str:
    return f"index {index} comes again; it came first on line {first}"


def _index_fault(index: str, ids: Sequence[str]) -> str:
    shown = quoted(index[:200])
    if not WHOLE_NUMBER.fullmatch(index):
        return f"index {shown} is not a whole number in plain digits, such as 0 or 17"
    return f"index {shown} is unknown; the {len(ids):,} indexes run from {ids[0]} to {ids[-1]}, the first row being 0"


def _missing_fault(missing: Sequence[str], total: int) -> str:
    first = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
    return f"{len(missing):,} of {total:,} indexes are missing: {first}"


GLUE = Glue("glue", [get(name) for name in BENCHMARKS["glue"].tasks])
