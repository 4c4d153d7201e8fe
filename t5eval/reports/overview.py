"""What stands at the head of a report, as plain rows: scores, averages, warnings, settings."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t5eval.evaluation.split_result import SplitResult
from t5eval.reports.reported_run import Key, Run
from t5eval.scoring.score import Score
from task_specs import all_tasks, get
from task_specs.support.errors import SpecError
from task_specs.texts.prompt import OWN


@dataclass(frozen=True)
class ScoreRow:
    """One score of one split, over the runs: None where a run does not have it.

    A headline is what the leaderboard's score of the task is made of.
    """

    task: str
    split: str
    name: str
    headline: bool
    scores: Sequence[Score | None]

    def signature(self) -> str | None:
        """Returns the signature, if all runs that have the score have the same."""
        signatures = {score.signature for score in self.scores if score}
        return signatures.pop() if len(signatures) == 1 else None


@dataclass(frozen=True)
class AverageRow:
    """A benchmark's average over one split, over the runs: None where it is incomplete or not there.

    Attributes:
        missing: run name to what is missing from its average, task to reason.
    """

    benchmark: str
    split: str
    values: Sequence[float | None]
    missing: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Caution:
    """What a reader must know of one run's result.

    Attributes:
        run: the run's name.
        key: the task and split, None for the run as a whole.
        text: a sentence.
        reasons: text of models, or of data, that goes with it.
    """

    run: str
    key: Key | None
    text: str
    reasons: Sequence[str] = ()

    @property
    def where(self) -> str:
        """The task and split in words, empty for the run as a whole."""
        return " ".join(self.key or ())


def keys_of(runs: Sequence[Run]) -> list[Key]:
    """Returns every task and split that a run has a result of, in the registry's order; others at the end."""
    place = {spec.name: number for number, spec in enumerate(all_tasks())}
    splits = ("train", "validation", "test")

    def order(key: Key) -> tuple[int, str, int]:
        task, split = key
        return (
            place.get(task.partition("@")[0], len(place)),
            task,
            splits.index(split) if split in splits else len(splits),
        )

    return sorted({key for run in runs for key in run.results}, key=order)


def headline_scores(task: str, names: Sequence[str]) -> Sequence[str]:
    """Returns which of a task's scores its leaderboard takes; the first where the task is not known."""
    try:
        return get(task.partition("@")[0]).task_score
    except SpecError:
        return names[:1]


def score_rows(runs: Sequence[Run]) -> list[ScoreRow]:
    """Returns every score of every split."""
    rows = []
    for task, split in keys_of(runs):
        found = [run.results.get((task, split)) for run in runs]
        names = list(dict.fromkeys(name for result in found if result for name in result.score.scores))
        headline = headline_scores(task, names)
        for name in names:
            scores = [result.score.scores.get(name) if result else None for result in found]
            rows.append(ScoreRow(task, split, name, name in headline, scores))
    return rows


@dataclass(frozen=True)
class PromptRow:
    """One headline score of a run over the prompts that a split was asked in: its mean, range and best prompt."""

    run: str
    task: str
    split: str
    name: str
    values: Mapping[str, float]

    @property
    def mean(self) -> float:
        """The mean over the prompts."""
        return sum(self.values.values()) / len(self.values)

    @property
    def deviation(self) -> float:
        """The standard deviation over the prompts, of these and not of others that there might be."""
        return statistics.pstdev(self.values.values())

    @property
    def best(self) -> str:
        """The prompt with the highest score, of equals the first."""
        return max(self.values, key=lambda name: self.values[name])


def prompt_rows(runs: Sequence[Run]) -> list[PromptRow]:
    """Returns a row for each headline score that a run has in several prompts."""
    found: dict[tuple[str, str, str, str], dict[str, float]] = {}
    for row in score_rows(runs):
        task, _, prompt = row.task.partition("@")
        for run, score in zip(runs, row.scores, strict=True):
            if row.headline and score is not None and score.value is not None:
                found.setdefault((run.name, task, row.split, row.name), {})[prompt or OWN] = score.value
    return [PromptRow(*key, values) for key, values in found.items() if len(values) > 1]


def unlabelled(runs: Sequence[Run]) -> list[Key]:
    """Returns the splits that were predicted and have no labels."""
    return [key for key in keys_of(runs) if any(key in r.results and not r.results[key].score.labelled for r in runs)]


def average_rows(runs: Sequence[Run]) -> list[AverageRow]:
    """Returns every benchmark's average, or what is missing from it."""
    keys = dict.fromkeys((name, split) for run in runs for name, splits in run.averages.items() for split in splits)
    rows = []
    for name, split in keys:
        entries = [run.averages.get(name, {}).get(split) for run in runs]
        if not any(entry and (entry["missing"] or entry["average"] is not None) for entry in entries):
            continue  # a benchmark that nothing averages
        missing = {run.name: entry["missing"] for run, entry in zip(runs, entries, strict=True) if entry}
        values = [entry["average"] if entry else None for entry in entries]
        rows.append(AverageRow(name, split, values, {run: tasks for run, tasks in missing.items() if tasks}))
    return rows


def warnings_of(runs: Sequence[Run]) -> list[Caution]:
    """Returns what stands beside the scores, in the order of the overview."""
    found = [Caution(run.name, None, note) for run in runs for note in run.notes]
    for key in keys_of(runs):
        for run in runs:
            if result := run.results.get(key):
                found += [Caution(run.name, key, text, reasons) for text, reasons in result.cautions()]
                has = f"{result.score.task} {result.score.split} has "
                found += [Caution(run.name, key, note.removeprefix(has)) for note in result.data.notes]
    return found


@dataclass(frozen=True)
class SettingRow:
    """One setting, over the runs: empty where a run does not say. Parts of a table's name are joined by dots."""

    name: str
    values: Sequence[str]

    @property
    def differs(self) -> bool:
        """Whether two runs differ in it."""
        return len(set(self.values)) > 1


def setting_rows(runs: Sequence[Run], part: str | None = None) -> list[SettingRow]:
    """Returns the runs' settings: of `versions` these alone, else all but these."""
    every = [{key: value for key, value in run.settings.items() if key != "versions"} for run in runs]
    tables = [dict(_flat(run.settings.get(part, {}) if part else rest)) for run, rest in zip(runs, every, strict=True)]
    names = dict.fromkeys(name for table in tables for name in table)
    return [SettingRow(name, [table.get(name, "") for table in tables]) for name in names]


def _flat(table: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(table, Mapping):
        yield prefix or "value", _said(table)
        return
    for key, value in table.items():
        yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))


def how_rows(key: Key, runs: Sequence[Run]) -> list[tuple[str, int, str, str]]:
    """Returns of each run its name, how many examples of a split, how they were answered, and the data's hash."""
    found = [(run.name, run.results[key]) for run in runs if key in run.results]
    return [(name, result.score.n, _decode_text(result), result.data.fingerprint) for name, result in found]


def _decode_text(result: SplitResult) -> str:
    """Returns how a split was asked and answered, in one line."""
    parts = [
        f"{name.replace('_', ' ')} {_said(value)}"
        for name, value in result.asked.items()
        if name != "prompt_form" and value and value != OWN
    ]
    for name, value in result.decode.items():
        tokens = name in ("inputs", "targets")
        parts.append(f"{name} to {_said(value)} tokens" if tokens else f"{name.replace('_', ' ')} {_said(value)}")
    return ", ".join(parts)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
