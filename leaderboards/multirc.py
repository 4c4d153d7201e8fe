"""MultiRC's file: a row for each paragraph, with its questions and their answers.

`{"idx": P, "passage": {"questions": [{"idx": Q, "answers": [{"idx": A, "label": 0}, ...]}, ...]}}`, the numbers those
of the data. An answer's id is `P/Q/A`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from leaderboards.forms.json_rows import add_missing, json_rows, number_of, shown
from leaderboards.forms.json_values import JsonValues
from leaderboards.leaderboard import Rows, official_size
from leaderboards.verdict import FileFaults
from task_specs import TaskSpec
from task_specs.submission_files.json_lines import MultiRcFile

FORM = '{"idx": 0, "passage": {"questions": [{"idx": 0, "answers": [{"idx": 0, "label": 1}]}]}}'


def paragraph_rows(labels: Mapping[tuple[int, ...], str | int]) -> list[dict[str, Any]]:
    """Returns the rows for labels by paragraph, question and answer, in their order."""
    paragraphs: dict[int, dict[int, list[dict[str, Any]]]] = {}
    for (paragraph, question, answer), label in labels.items():
        answers = paragraphs.setdefault(paragraph, {}).setdefault(question, [])
        answers.append({"idx": answer, "label": label})
    return [
        {"idx": idx, "passage": {"questions": [{"idx": q, "answers": answers} for q, answers in questions.items()]}}
        for idx, questions in paragraphs.items()
    ]


class _Known:
    """The ids that a file must hold and those that it has so far, for paragraphs, questions and answers alike."""

    def __init__(self, ids: Sequence[str]):
        self.expected = {prefix for example_id in ids for prefix in _prefixes(example_id)}
        self.line_of: dict[str, int] = {}

    def is_new(self, what: str, example_id: str, line: int, faults: FileFaults) -> bool:
        """Whether an id is expected and comes for the first time; if not, that is a fault."""
        if self.expected and example_id not in self.expected:
            faults.add(line, f"{what} {example_id[:60]} is not in the data")
            return False
        if example_id in self.line_of:
            faults.add(line, f"{what} {example_id[:60]} comes again; it came first on line {self.line_of[example_id]}")
            return False
        self.line_of[example_id] = line
        return True


def _prefixes(example_id: str) -> tuple[str, str, str]:
    question = example_id.rpartition("/")[0]
    return question.rpartition("/")[0], question, example_id


def read_paragraphs(spec: TaskSpec, values: JsonValues, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
    """Reads the file, adding every fault that it has.

    Args:
        spec: the task.
        values: what labels may be.
        data: the file.
        ids: the answers' ids; none where only their number is known.
        faults: where faults are added.
    """
    file = spec.submission
    assert isinstance(file, MultiRcFile)
    paragraphs = len({example_id.partition("/")[0] for example_id in ids}) or file.paragraphs
    rows = json_rows(data, paragraphs, faults)
    if rows is None:
        return Rows(0, {})
    known = _Known(ids)
    answers: dict[str, Any] = {}
    count = 0
    for line, row in rows:
        count += 1
        if row is None:
            continue
        for example_id, label in _answers(row, line, known, faults):
            value = values.read(label)
            if value is None:
                faults.add(line, lambda i, label: f"answer {i}: {values.explain(label)}", example_id, label)
            else:
                answers[example_id] = value
    add_missing("answers", ids, known.line_of, faults)
    if not ids:
        _count_faults(known, paragraphs, official_size(spec), faults)
    return Rows(count, answers)


def _answers(row: dict[str, Any], line: int, known: _Known, faults: FileFaults) -> Iterator[tuple[str, Any]]:
    """Yields the id and the label of a paragraph's answers, those at fault left out."""
    passage = row.get("passage")
    questions = passage.get("questions") if isinstance(passage, dict) else None
    if not isinstance(questions, list):
        faults.add(line, f"has no passage with a list of questions; a row is {FORM}")
        return
    paragraph = number_of(row, line, faults, "paragraph idx")
    if paragraph is None or not known.is_new("paragraph", str(paragraph), line, faults):
        return
    for question in questions:
        answers = question.get("answers") if isinstance(question, dict) else None
        if not isinstance(answers, list):
            faults.add(line, f"paragraph {paragraph}: a question has no list of answers: {shown(question)}")
            continue
        number = number_of(question, line, faults, "question idx")
        if number is None or not known.is_new("question", f"{paragraph}/{number}", line, faults):
            continue
        for answer in answers:
            if not isinstance(answer, dict) or "label" not in answer:
                faults.add(line, f"question {paragraph}/{number}: an answer has no label: {shown(answer)}")
                continue
            last = number_of(answer, line, faults, "answer idx")
            example_id = f"{paragraph}/{number}/{last}"
            if last is not None and known.is_new("answer", example_id, line, faults):
                yield example_id, answer["label"]


def _count_faults(known: _Known, paragraphs: int, answers: int, faults: FileFaults) -> None:
    depths = [example_id.count("/") for example_id in known.line_of]
    for what, found, official in (("paragraphs", depths.count(0), paragraphs), ("answers", depths.count(2), answers)):
        if found != official:
            faults.add(None, f"has {found:,} {what}; the leaderboard has {official:,}")
