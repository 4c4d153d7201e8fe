"""The table of a report's scores, which Markdown and LaTeX render: every number with the marks of its warnings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from string import ascii_lowercase

import task_specs
from t5eval.reports import overview
from t5eval.reports.explorer.comparison_documents import LEVEL
from t5eval.reports.reported_run import Key, Run
from t5eval.reports.significance import UNTESTED, Significance
from t5eval.scoring.score import Score
from task_specs import BENCHMARKS
from task_specs.support.errors import UserError, did_you_mean, some

DIFFERS = "†"
LARGE = 6  # missing tasks that are named before the rest is counted
WORDS = 3  # columns of a table that hold names


@dataclass(frozen=True)
class Choice:
    """Which scores tables have, and how they are rounded.

    Attributes:
        tasks: tasks and benchmarks; all that the runs have if empty.
        metrics: names of scores; those that make up the leaderboards' if empty.
        digits: how many stand behind the point.
    """

    tasks: Sequence[str] = ()
    metrics: Sequence[str] = ()
    digits: int = 2

    def require(self, runs: Sequence[Run]) -> None:
        """Raises a UserError if runs have nothing under one of the names."""
        rows = overview.score_rows(runs)
        for name in self.tasks:
            if not any(_is_of(row.task, name) for row in rows):
                raise UserError(f"--tasks {name}: no run has a score of it")
        known = list(dict.fromkeys(row.name for row in rows))
        for name in self.metrics:
            if name not in known:
                raise UserError(
                    f"--metrics {name}: no run has it.{did_you_mean(name, known)} They have {some(known, 12)}"
                )

    def rows(self, runs: Sequence[Run], *, headline: bool) -> list[overview.ScoreRow]:
        """Returns the scores that are chosen.

        Args:
            headline: whether of what was not named only those are that make up the leaderboards'.
        """
        return [
            row
            for row in overview.score_rows(runs)
            if (row.name in self.metrics if self.metrics else row.headline or not headline)
            and (not self.tasks or any(_is_of(row.task, name) for name in self.tasks))
        ]

    def averages(self, runs: Sequence[Run]) -> list[overview.AverageRow]:
        """Returns the benchmarks' averages that are chosen: none where scores are named, or other tasks."""
        rows = [] if self.metrics else overview.average_rows(runs)
        return [row for row in rows if not self.tasks or {row.benchmark, "all"} & set(self.tasks)]

    def number(self, value: float) -> str:
        """Returns a number as tables have it."""
        return f"{value:.{self.digits}f}"


ALL = Choice()


def _is_of(task: str, name: str) -> bool:
    """Returns whether a run's task is what a name stands for: itself, in any prompt, or one of a benchmark."""
    row = task.partition("@")[0]
    if name in (task, row):
        return True
    try:
        return any(spec.name in (task, row) for spec in task_specs.resolve([name]))
    except UserError:
        return False


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: a name, a number, or why there is none, as it is to be read.
        interval: what stands behind a number, smaller.
        best: whether the number is to stand out.
        marks: those of the notes that belong to it.
    """

    text: str
    interval: str = ""
    best: bool = False
    marks: Sequence[str] = ()


@dataclass(frozen=True)
class ScoreTable:
    """A table, whose first `WORDS` columns hold names.

    Attributes:
        head: the columns' names.
        rows: the scores, each with as many cells as the head.
        averages: the benchmarks' averages, which stand apart.
        notes: mark to what it says; of no mark is what is said of the whole table.
    """

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    averages: Sequence[Sequence[Cell]]
    notes: Sequence[tuple[str, str]]


@dataclass
class Notes:
    """Texts below tables, each under a letter of its own, whoever it belongs to."""

    letters: dict[str, str] = field(default_factory=dict)
    shown: int = 0

    def mark(self, text: str) -> str:
        """Returns a text's letter."""
        if text not in self.letters:
            self.letters[text] = next(letter for letter in _letters() if letter not in self.letters.values())
        return self.letters[text]

    def new(self) -> list[tuple[str, str]]:
        """Returns the letters and texts that came since the last call."""
        found = [(letter, text) for text, letter in self.letters.items()][self.shown :]
        self.shown = len(self.letters)
        return found


def _letters() -> Iterator[str]:
    for length in count(1):
        yield from map("".join, product(ascii_lowercase, repeat=length))


def score_table(
    runs: Sequence[Run],
    choice: Choice,
    tests: Significance = UNTESTED,
    *,
    headline: bool = True,
    notes: Notes | None = None,
) -> ScoreTable:
    """Returns the table of one run, or of several side by side.

    Args:
        choice: which scores it has.
        tests: which differences are more than chance.
        headline: see `Choice.rows`; the averages stand with the headline scores only.
        notes: those of the tables before it, whose letters go on.
    """
    notes = notes or Notes()
    cautions: dict[tuple[str, Key | None], list[str]] = {}
    for caution in overview.warnings_of(runs):
        text = f"{caution.text}: {'; '.join(caution.reasons)}" if caution.reasons else caution.text
        cautions.setdefault((caution.run, caution.key), []).append(text)

    def marks(run: Run, keys: Sequence[Key | None]) -> list[str]:
        texts = [text for key in keys for text in cautions.get((run.name, key), ())]
        return sorted(set(map(notes.mark, texts)), key=lambda mark: (len(mark), mark))

    head = [*map(Cell, ("task", "split", "score", "n"))]
    head += [Cell(run.name, marks=marks(run, [None])) for run in runs]
    rows, said = [], set()
    for row in choice.rows(runs, headline=headline):
        key, name = (row.task, row.split), (row.task, row.split, row.name)
        cells = [Cell(row.task), Cell(row.split), Cell(row.name), Cell(_counts(runs, key))]
        for place, (run, score) in enumerate(zip(runs, row.scores, strict=True)):
            of = marks(run, [key]) if score is not None else []
            of += [notes.mark(f"against {runs[0].name}: {why}") for why in tests.unsound.get(key, {}).get(place, ())]
            if place in tests.differs.get(name, ()):
                of.append(DIFFERS)
            best = tests.best.get(name) == place
            said |= {DIFFERS} & set(of) | ({"best"} if best else set())
            cells.append(_score_cell(score, choice, best, of))
        rows.append(cells)
    averages = [_average_cells(runs, row, choice, marks, notes) for row in choice.averages(runs)] if headline else []
    return ScoreTable(head, rows, averages, [*notes.new(), *_legend(runs, tests, said)])


def _counts(runs: Sequence[Run], key: Key) -> str:
    counts = {run.results[key].score.n for run in runs if key in run.results}
    return " / ".join(f"{number:,}" for number in sorted(counts))


def _score_cell(score: Score | None, choice: Choice, best: bool, marks: Sequence[str]) -> Cell:
    if score is None or score.value is None:
        return Cell("–", marks=marks)
    ends = [choice.number(end) for end in score.ci95 or ()]
    return Cell(choice.number(score.value), f"[{', '.join(ends)}]" if ends else "", best, marks)


def _average_cells(
    runs: Sequence[Run],
    row: overview.AverageRow,
    choice: Choice,
    marks: Callable[[Run, Sequence[Key | None]], list[str]],
    notes: Notes,
) -> list[Cell]:
    """Returns the row of an average, which has the marks of all that it is made of."""
    known = BENCHMARKS.get(row.benchmark)
    tasks = [task for column in known.average for task in column] if known else []
    cells = [Cell(row.benchmark), Cell(row.split), Cell("average"), Cell("")]
    for run, value in zip(runs, row.values, strict=True):
        missing = row.missing.get(run.name)
        if value is not None:
            cells.append(Cell(choice.number(value), marks=marks(run, [(task, row.split) for task in tasks])))
        elif missing:
            reasons = [f"{task} ({reason})" for task, reason in missing.items()]
            lacks = notes.mark(f"{row.benchmark} {row.split} lacks {some(reasons, LARGE)}")
            cells.append(Cell("incomplete", marks=[lacks]))
        else:
            cells.append(Cell("–"))
    return cells


def _legend(runs: Sequence[Run], tests: Significance, said: set[str]) -> Iterator[tuple[str, str]]:
    """Yields what marks of tests mean, and why there are none."""
    tested = f"paired tests, p < {LEVEL} after Holm's correction over all scores tested"
    if "best" in said:
        yield "", f"bold: better than the next best by more than chance ({tested})"
    if DIFFERS in said:
        yield DIFFERS, f"differs from {runs[0].name} by more than chance ({tested})"
    yield from (("", f"not tested: {fault}") for fault in tests.faults)
    if len(runs) > 1 and tests is not UNTESTED and not said and not tests.faults:
        yield "", f"no run differs from {runs[0].name}, nor the best from the next, by more than chance ({tested})"
