"""A split of a task, as a stream of examples that knows what it has read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from t5eval.data.source import DataSource, as_source
from t5eval.data.summary import Summary
from t5eval.support.errors import MissingFile
from task_specs import Example, TaskSpec
from task_specs.support.errors import UserError, did_you_mean

OTHER_NAMES = {"dev": "validation", "val": "validation", "valid": "validation"}


def split_name(name: str) -> str:
    """Returns what a split is called here: `validation` for `dev` and `val`."""
    return OTHER_NAMES.get(name, name)


class Split:
    """One split of one task: iterate it for its examples, in the source's order; `summary` is whole after that."""

    def __init__(self, spec: TaskSpec, split: str, source: DataSource, with_labels: bool) -> None:
        self.spec = spec
        self.split = split
        self.source = source
        self.with_labels = with_labels
        self.summary = Summary()

    def __iter__(self) -> Iterator[Example]:
        summary = Summary()
        classes = getattr(self.spec.answer, "classes", ())
        for example in self.source.read(self.spec, self.split, summary, self.with_labels):
            summary.examples += 1
            if classes and example.features["label"] >= 0:
                summary.labels[classes[example.features["label"]]] += 1
            yield example
        official = self.spec.sizes.get(self.split)
        if official is not None and summary.examples != official:
            summary.notes.append(
                f"{self.spec.name} {self.split} has {summary.examples:,} examples here, officially {official:,}"
            )
        self.summary = summary


def open_splits(specs: Sequence[TaskSpec], split: str, data: DataSource | Path) -> list[Split]:
    """Returns a split of each of several tasks, all of which are needed.

    Raises:
        UserError: a task has no such split.
        MissingFile: some are not there; the message names all of them.
    """
    found: list[Split] = []
    missing: dict[str, MissingFile] = {}
    for spec in specs:
        try:
            found.append(open_split(spec, split, data))
        except MissingFile as error:
            missing[spec.name] = error
    if len(missing) == 1:
        raise next(iter(missing.values()))
    if missing:
        names = [spec.name for spec in specs if spec.name in missing and spec.downloads]
        way_out = f"; `t5eval data get {' '.join(names)}` fetches it" if names else ""
        raise MissingFile(f"no {split} data of {', '.join(missing)} is in {as_source(data).option}{way_out}")
    return found


def content_hashes(split: Split) -> Iterator[str]:
    """Yields the content hashes that a split which was read may be recorded under.

    These are its own, and that with or without the labels that stand in a file of their own: they are read for scores,
    and not for a submission.
    """
    yield split.summary.fingerprint
    other = Split(split.spec, split.split, split.source, not split.with_labels)
    for _ in other:
        pass
    yield other.summary.fingerprint


def available_splits(spec: TaskSpec, data: DataSource | Path) -> list[str]:
    """Returns the splits of which at least a part is at hand, in the usual order."""
    return as_source(data).splits(spec)


def open_split(spec: TaskSpec, split: str, data: DataSource | Path, *, with_labels: bool = False) -> Split:
    """Returns a split of a task, ready to be iterated.

    Args:
        split: `train`, `validation` or `test`, if the task has it.
        data: where the examples come from; a folder is one of official files.
        with_labels: also read labels that stand in a file of their own (GLUE's AX), which the formats must not see.

    Raises:
        UserError: the task has no such split.
        MissingFile: a part of it is not there.
    """
    if split not in spec.source.splits:
        known = list(spec.source.splits)
        raise UserError(f"{spec.name} has no split {split!r}; it has {', '.join(known)}.{did_you_mean(split, known)}")
    source = as_source(data)
    source.require(spec, split)
    return Split(spec, split, source, with_labels)
