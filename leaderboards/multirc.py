"""MultiRC's file: a row for each paragraph, with its questions and their answers.

`{"idx": P, "passage": {"questions": [{"idx": Q, "answers": [{"idx": A, "label": 0}, ...]}, ...]}}`, the numbers those
of the data. An answer's id is `P/Q/A`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from leaderboards.causes import Numbers, restarted, shifted
from leaderboards.forms.json_rows import json_rows, number_of, shown
from leaderboards.forms.json_values import JsonValues
from leaderboards.leaderboard import Rows, official_size
from leaderboards.verdict import FileFaults
from task_specs import TaskSpec
from task_specs.submission_files.json_lines import MultiRcFile

FORM = '{"idx": 0, "passage": {"questions": [{"idx": 0, "answers": [{"idx": 0, "label": 1}]}]}}'


# What is numbered, and within what.
LEVELS = (("paragraph", ""), ("question", "paragraph"), ("answer", "question"))


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
        self.unknown: set[str] = set()

    def is_new(self, what: str, example_id: str, line: int, faults: FileFaults) -> bool:
        """Whether an id is expected and comes for the first time; if not, that is a fault."""
        if self.expected and example_id not in self.expected:
            faults.add(line, f"{what} {example_id[:60]} is not in the data")
            self.unknown.add(example_id)
            return False
        if example_id in self.line_of:
            faults.add(line, f"{what} {example_id[:60]} comes again; it came first on line {self.line_of[example_id]}")
            return False
        self.line_of[example_id] = line
        return True


def _prefixes(example_id: str) -> Iterator[str]:
    """Yields the ids of an answer's paragraph, its question, and itself; those of a question or paragraph likewise."""
    parts = example_id.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))


def read_paragraphs(spec: TaskSpec, values: JsonValues, data: bytes, ids: Sequence[str], faults: FileFaults) -> Rows:
    """Reads the file, adding every fault that it has.

    Args:
        ids: the answers' ids; none where only their number is known.
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
    faults.add_missing("answers", ids, known.line_of)
    if not ids:
        for fault in numbering_faults(known.line_of, file.paragraphs, file.questions, official_size(spec)):
            faults.add(None, fault)
    elif known.unknown:
        faults.cause(_cause({*known.unknown, *known.line_of}, known.expected))
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


def numbering_faults(ids: Iterable[str], paragraphs: int, questions: int, answers: int) -> list[str]:
    """Returns what is wrong with ids of which only the numbers are known: each kind runs on from 0 through the file.

    Args:
        ids: of answers, and of questions and paragraphs or not.
    """
    found = _by_level(prefix for example_id in ids for prefix in _prefixes(example_id))
    faults: list[str] = []
    for (what, within), numbers, official in zip(LEVELS, found, (paragraphs, questions, answers), strict=True):
        last, wanted = [parts[-1] for parts in numbers], range(official)
        if last == list(wanted):
            continue
        cause = restarted(f"{what} idx", within, numbers, wanted) or shifted(f"{what} idx", last, wanted)
        if cause:
            faults.insert(0, cause)
        if len(last) != official:
            faults.append(f"has {len(last):,} {what}s; the leaderboard has {official:,}")
        elif not cause:
            row = next(row for row, number in enumerate(last) if number != row)
            faults.append(
                f"{what} {'/'.join(map(str, numbers[row]))} stands where {what} idx {row:,} is expected; they run on "
                f"from 0 to {official - 1:,}"
            )
    return faults


def _cause(found: Iterable[str], expected: Iterable[str]) -> str:
    """Returns the one cause for which ids are not those of the data, empty if there is none."""
    for (what, within), numbers, known in zip(LEVELS, _by_level(found), _by_level(expected), strict=True):
        last, wanted = [parts[-1] for parts in numbers], [parts[-1] for parts in known]
        if numbers != known and not restarted(what, within, known, wanted):
            cause = restarted(f"{what} idx", within, numbers, wanted) or shifted(f"{what} idx", last, wanted)
            if cause:
                return cause
    return ""


def _by_level(ids: Iterable[str]) -> tuple[list[Numbers], list[Numbers], list[Numbers]]:
    """Returns the ids of paragraphs, of questions and of answers as numbers, each sorted and once."""
    levels: tuple[set[Numbers], set[Numbers], set[Numbers]] = (set(), set(), set())
    for example_id in ids:
        numbers = tuple(map(int, example_id.split("/")))
        levels[len(numbers) - 1].add(numbers)
    return sorted(levels[0]), sorted(levels[1]), sorted(levels[2])
