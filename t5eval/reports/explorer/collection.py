"""The runs in view, and the documents that the explorer's pages are made of."""

import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from t5eval.data import DataSource
from t5eval.reports.escaping import visible
from t5eval.reports.explorer.comparison_documents import comparison_document
from t5eval.reports.explorer.example_documents import answer_documents, example_document
from t5eval.reports.explorer.found_runs import FoundRun
from t5eval.reports.explorer.mistake_documents import mistakes_document
from t5eval.reports.explorer.run_documents import index_entry, run_document
from t5eval.reports.explorer.slice_documents import kept_slices, slices_document
from t5eval.reports.explorer.task_documents import answers_document, split_document
from t5eval.reports.joined_examples import RunAnswers, SplitExamples, answers_of, open_examples
from t5eval.reports.reported_run import Key, Run, read_run, source_of, stored_keys
from t5eval.support.version import __version__
from task_specs.support.errors import UserError

KEPT_EXAMPLES = 2_000_000
"""Answers that are kept in memory once they were judged; those that were asked for last."""


@dataclass
class _Kept:
    """What was made of files, until they change; of answers the last ones only."""

    runs: dict[str, tuple[Any, Run]] = field(default_factory=dict)
    entries: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    splits: dict[str, SplitExamples] = field(default_factory=dict)
    answers: OrderedDict[tuple[Any, ...], RunAnswers] = field(default_factory=OrderedDict)
    comparisons: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)
    texts: dict[tuple[Any, ...], list[str]] = field(default_factory=dict)
    slices: dict[tuple[Any, ...], tuple[Any, dict[str, Any]]] = field(default_factory=dict)


class Collection:
    """The runs in view.

    Args:
        find: returns the runs that there are now.
        data: `--data-dir`; what each run was made with if None.
        live: whether runs may go on while they are shown.
    """

    def __init__(self, find: Callable[[], Sequence[FoundRun]], data: str | None, *, live: bool = False) -> None:
        self._find = find
        self._data = data
        self._live = live
        self._kept = _Kept()
        self._lock = RLock()
        self.found: dict[str, FoundRun] = {}
        self.look()

    def look(self) -> None:
        """Looks which runs there are."""
        self.found = {run.name: run for run in self._find()}

    @property
    def stamp(self) -> str:
        """What changes when a run is written to, or there is another one."""
        return f"{hash(tuple((run.name, run.stamp) for run in self.found.values())) & 0xFFFFFFFFFFFF:x}"

    def run(self, name: str) -> Run:
        """Returns a run as it is now.

        Raises:
            UserError: there is no such run, or it cannot be read.
        """
        found = self._found(name)
        with self._lock:
            stamp = found.stamp
            if name not in self._kept.runs or self._kept.runs[name][0] != stamp:
                source, _ = source_of(self._data, [found.path])
                self._kept.runs[name] = stamp, read_run(found.path, found.name, source, live=self._live)
            return self._kept.runs[name][1]

    def _found(self, name: str) -> FoundRun:
        if name not in self.found:
            raise UserError(f"there is no run {visible(name)!r} here")
        return self.found[name]

    def index(self) -> dict[str, Any]:
        """Returns the runs, each with its scores; one that was never scored has none until its page is opened."""
        return {"version": __version__, "live": self._live, "runs": [self._entry(run) for run in self.found.values()]}

    def _entry(self, found: FoundRun) -> dict[str, Any]:
        stamp = found.stamp
        with self._lock:
            if found.name not in self._kept.entries or self._kept.entries[found.name][0] != stamp:
                self._kept.entries[found.name] = stamp, self._new_entry(found)
            return self._kept.entries[found.name][1]

    def _new_entry(self, found: FoundRun) -> dict[str, Any]:
        empty: dict[str, Any] = {"name": found.name, "model": None, "date": None, "examples": 0, "warnings": 0}
        empty |= {"tasks": [], "scores": [], "averages": [], "waiting": []}
        try:
            if found.name in self._kept.runs:
                return index_entry(self.run(found.name))
            return index_entry(read_run(found.path, found.name, None, live=self._live))
        except UserError as error:
            empty["tasks"] = [list(key) for key in stored_keys(found.path)]
            return {**empty, "fault": visible(str(error)), "unscored": not (found.path / "results.json").is_file()}

    def run_page(self, name: str) -> dict[str, Any]:
        """Returns what a run's page shows."""
        return run_document(self.run(name))

    def split(self, key: Key, name: str) -> SplitExamples:
        """Returns the examples of a split as one of the runs was asked them.

        Raises:
            UserError: they are not at hand.
        """
        run = self.run(name)
        if key not in run.results:
            raise UserError(f"{name} has no {' '.join(key)}")
        source = self._source(name)
        asked = run.results[key].asked
        kept = json.dumps([*key, source.option, asked], sort_keys=True)
        with self._lock:
            if kept not in self._kept.splits:
                self._kept.splits[kept] = open_examples(key, asked, source)
            return self._kept.splits[kept]

    def _source(self, name: str) -> DataSource:
        source, lack = source_of(self._data, [self._found(name).path])
        if source is None:
            raise UserError(lack)
        return source

    def answers(self, key: Key, name: str) -> RunAnswers:
        """Returns a run's answers to a split, judged.

        Raises:
            UserError: they cannot be shown.
        """
        run, split = self.run(name), self.split(key, name)
        kept = (*key, name, self._found(name).stamp)
        answers = self._kept.answers
        with self._lock:
            if kept not in answers:
                answers[kept] = answers_of(run, key, split)
                for old in [other for other in answers if other[:3] == kept[:3] and other != kept]:
                    del answers[old]
                while len(answers) > 1 and sum(len(one.judged) for one in answers.values()) > KEPT_EXAMPLES:
                    answers.popitem(last=False)
            answers.move_to_end(kept)
            return answers[kept]

    def split_page(self, key: Key, name: str, kept: Sequence[int] | None = None) -> dict[str, Any]:
        """Returns what is true of a split, whichever run answers it; `kept` as in `answers_page`."""
        split = self.split(key, name)
        return split_document(split, range(len(split.examples)) if kept is None else kept)

    def answers_page(self, key: Key, name: str, kept: Sequence[int] | None = None) -> dict[str, Any]:
        """Returns what a run's answers to a split come to.

        Args:
            kept: the places of the examples that can be looked at; all if None.
        """
        split = self.split(key, name)
        places = range(len(split.examples)) if kept is None else kept
        return {"data": split.fingerprint, **answers_document(split, self.answers(key, name), places)}

    def slices_page(self, key: Key, names: Sequence[str], kept: Sequence[int] | None = None) -> dict[str, Any]:
        """Returns what runs score on the parts of a split; `kept` as in `answers_page`.

        A run whose data is not the first one's has no scores there.
        """
        split = self.split(key, names[0])
        runs = {name: run for name in names if (run := self._alike(key, name, split))}
        made, stamps = (*key, *runs), [self._found(name).stamp for name in runs]
        if made not in self._kept.slices or self._kept.slices[made][0] != stamps:
            self._kept.slices[made] = stamps, slices_document(split, runs)
        found = self._kept.slices[made][1]
        return found if kept is None else kept_slices(found, kept)

    def examples(self, key: Key, names: Sequence[str], places: Sequence[int]) -> list[dict[str, Any]]:
        """Returns the examples at some places, with what the runs said of them.

        A run whose data is not the first one's has no answers there.
        """
        split = self.split(key, names[0])
        runs = {name: run for name in names if (run := self._alike(key, name, split))}
        inside = [place for place in places if 0 <= place < len(split.examples)]
        said = {name: answer_documents(run, inside) for name, run in runs.items()}
        documents = []
        for place in inside:
            labelled = [
                run.judged[run.numbers[place]] for run in runs.values() if run.labelled and place in run.numbers
            ]
            answers = {name: found[place] for name, found in said.items() if place in found}
            documents.append({**example_document(split, place, next(iter(labelled), None)), "answers": answers})
        return documents

    def _alike(self, key: Key, name: str, split: SplitExamples) -> RunAnswers | None:
        try:
            return self.answers(key, name) if self.split(key, name).fingerprint == split.fingerprint else None
        except UserError:
            return None

    def search(self, key: Key, names: Sequence[str], words: Sequence[str]) -> list[int]:
        """Returns the places of the examples that have every word, in any of their texts; case does not count."""
        split = self.split(key, names[0])
        columns = [self._texts((*key, split.fingerprint), lambda: _example_texts(split))]
        for name in names:
            if (run := self._alike(key, name, split)) is not None:
                made = (*key, name, self._found(name).stamp)
                columns.append(self._texts(made, lambda run=run: _answer_texts(run, len(split.examples))))  # type: ignore[misc]
        places: Sequence[int] = range(len(split.examples))
        for word in map(str.lower, words):
            places = [place for place in places if any(word in texts[place] for texts in columns)]
        return list(places)

    def _texts(self, key: tuple[Any, ...], make: Callable[[], list[str]]) -> list[str]:
        with self._lock:
            if key not in self._kept.texts:
                self._kept.texts[key] = make()
            return self._kept.texts[key]

    def comparison(self, names: Sequence[str], *, tested: bool = True) -> dict[str, Any]:
        """Returns the comparison of runs, of which the first is what the others are compared with.

        Args:
            names: the runs.
            tested: whether differences are tested, which takes longer than all the rest.
        """
        if len(names) < 2 or len(set(names)) < len(names):
            raise UserError("a comparison is of two or more different runs")
        runs = [self.run(name) for name in names]
        made = (tested, *((name, self._found(name).stamp) for name in names))
        if made not in self._kept.comparisons:
            found = comparison_document(runs, self._data, tested=tested)
            mistakes = mistakes_document(runs, self.answers) if tested else []
            self._kept.comparisons[made] = {**found, "mistakes": mistakes}
        return self._kept.comparisons[made]


def _example_texts(split: SplitExamples) -> list[str]:
    pairs = zip(split.examples, split.inputs, strict=True)
    return [f"{example.id}\n{text}".lower() for example, text in pairs]


def _answer_texts(run: RunAnswers, count: int) -> list[str]:
    texts = [""] * count
    for place, judged in zip(run.places, run.judged, strict=True):
        more = judged.gold.value if run.labelled and isinstance(judged.gold.value, tuple | list) else ()
        truth = [judged.targets, *map(str, more)] if run.labelled else []
        texts[place] = "\n".join([judged.prediction, judged.answer.reason, *truth]).lower()
    return texts
