"""`t5eval.tasks`, `show` and `examples`: what tasks there are, a task's row, a split as text pairs."""

import dataclasses
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import task_specs
from t5eval.api.arguments import Data, PathName, text_of
from t5eval.data import Split, available_splits, data_source, open_split
from t5eval.data.source import DATA_DIR_VARIABLE
from t5eval.data.split import split_name
from t5eval.prompts.asking import AS_THEY_ARE, Asking
from t5eval.prompts.questions import Questions
from t5eval.scoring.score import evaluation_pair
from t5eval.support.data_frames import Table
from task_specs import Benchmark, Mixture, TaskSpec, TextPair
from task_specs.plugins import load_installed
from task_specs.prompts import prompts_of
from task_specs.support.errors import UserError
from task_specs.support.plain import to_plain


@dataclass(frozen=True)
class Tasks(Table):
    """Every task.

    Attributes:
        specs: their rows.
        notes: which installed plugins could not be loaded, and why.
    """

    COLUMNS = ("name", "benchmark", *task_specs.SPLITS, "submission")

    specs: tuple[TaskSpec, ...]
    notes: Sequence[str]

    def to_json(self) -> list[dict[str, Any]]:
        """Returns what `t5eval tasks --json` prints."""
        return [_summary(spec) for spec in self.specs]

    def rows(self) -> list[tuple[Any, ...]]:
        """Returns a row for each task: name, benchmark, sizes of its splits, submission's file."""
        return [
            (s.name, s.benchmark, *map(s.sizes.get, task_specs.SPLITS), s.submission.file if s.submission else None)
            for s in self.specs
        ]


@dataclass(frozen=True)
class Shown:
    """A task's whole row, or a mixture's, with the shares of its tasks.

    Attributes:
        row: what was named.
        document: all that is true of it, as JSON data.
    """

    row: TaskSpec | Mixture
    document: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Returns what `t5eval show --json` prints."""
        return dict(self.document)


@dataclass(frozen=True)
class Examples(Table):
    """A split as text pairs, which are read while they are iterated, in file order.

    Attributes:
        split: the opened split.
        limit: the number of pairs, None for all.
        asking: the shots before each, and whether they are turns of a chat.
    """

    COLUMNS = ("id", "inputs", "targets")

    split: Split
    limit: int | None
    asking: Asking = AS_THEY_ARE

    def __iter__(self) -> Iterator[TextPair]:
        training = self.split.split == "train"
        pairs = (pair for example in self.split for pair in self.split.spec.pairs(example, training=training))
        return itertools.islice(pairs, self.limit)

    def records(self) -> Iterator[tuple[TextPair, dict[str, Any]]]:
        """Yields each pair, and what is sent of it as a line of `t5eval examples`."""
        questions = Questions(self.asking, self.split)
        for pair in self:
            sent: Any = questions.text(pair)
            if self.asking.chat:
                sent = [{"role": turn.role, "content": turn.text} for turn in questions.turns(pair).turns]
            yield pair, {**pair_record(pair), "inputs": sent}

    @property
    def notes(self) -> Sequence[str]:
        """What there is to know of the data, after the last pair."""
        return self.split.summary.notes

    def to_json(self) -> list[dict[str, Any]]:
        """Returns the records that `t5eval examples` prints, a line each."""
        return [record for _, record in self.records()]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Returns a row for each pair: id, inputs and targets."""
        return (tuple(record.values()) for record in self.to_json())


def tasks() -> Tasks:
    """Returns every task, those of installed plugins among them.

    >>> import t5eval
    >>> [spec.name for spec in t5eval.tasks().specs][:3]
    ['glue/cola', 'glue/sst2', 'glue/mrpc']
    """
    specs = task_specs.all_tasks()
    return Tasks(tuple(specs), tuple(load_installed()))


def show(name: PathName, *, data: Data = None) -> Shown:
    """Returns the whole row of a task, or of a mixture.

    Args:
        name: a task, a task's file, or a mixture.
        data: where examples are, one of which is formatted; none if None, and `T5EVAL_DATA_DIR` is not set either.

    Raises:
        UserError: there is none of this name.

    >>> import t5eval
    >>> t5eval.show("glue/rte").to_json()["metrics"]
    ['accuracy']
    """
    row = task_specs.find(os.fspath(name))
    if isinstance(row, Mixture):
        return Shown(row, _mixture_document(row))
    spec = task_specs.get(os.fspath(name)) if isinstance(row, Benchmark) else row
    document = {**_summary(spec), **spec.to_dict()}
    # What the schema leaves out as a default is still true of the task.
    document["decode"] = dataclasses.asdict(spec.decode)
    document["aliases"] = list(spec.aliases)
    document["task_score"] = list(spec.task_score)
    document["prompts"] = {name: to_plain(prompt) for name, prompt in prompts_of(spec).items()}
    document["example"] = _example(spec, text_of(data))
    return Shown(spec, document)


def examples(
    task: PathName, split: str, *, data: Data = None, limit: int | None = None, asking: Asking = AS_THEY_ARE
) -> Examples:
    """Opens a split as text pairs.

    Args:
        task: a task, or a task's file.
        split: `train`, `validation` or `test`.
        data: where the examples are.
        limit: stop after this many pairs.
        asking: in which prompt, after how many shots, as a text or a chat.

    Raises:
        UserError: there is no such task, prompt or split, or its data is not there.

    >>> import t5eval
    >>> [pair.targets for pair in t5eval.examples("glue/rte", "validation", data=t5eval.suite_folder(), limit=2)]
    ['not_entailment', 'entailment']
    """
    found, *more = examples_of_prompts(task, split, data=data, limit=limit, asking=asking)
    if more:
        raise UserError(f"prompt: examples are those of one prompt, and {1 + len(more)} are named")
    return found


def examples_of_prompts(
    task: PathName, split: str, *, data: Data = None, limit: int | None = None, asking: Asking = AS_THEY_ARE
) -> list[Examples]:
    """Opens a split as text pairs once for each prompt that is asked for; see `examples`."""
    if limit is not None and limit < 1:
        raise UserError(f"limit {limit}: it is 1 or more")
    specs = asking.tasks([task_specs.get(os.fspath(task))])
    split = split_name(split)
    return [Examples(open_split(spec, split, data_source(text_of(data))), limit, asking) for spec in specs]


def pair_record(pair: TextPair) -> dict[str, str]:
    """Returns a pair as a line of `t5eval examples`."""
    return {"id": pair.id, "inputs": pair.inputs, "targets": pair.targets}


def _summary(spec: TaskSpec) -> dict[str, object]:
    return {
        "name": spec.name,
        "aliases": list(spec.aliases),
        "benchmark": spec.benchmark,
        "splits": dict(spec.sizes),
        "metrics": list(spec.metrics),
        "submission": spec.submission.file if spec.submission else None,
    }


def _example(spec: TaskSpec, data_dir: str | None) -> dict[str, str] | None:
    """Returns one formatted example, None where no data is at hand."""
    if not data_dir and not os.environ.get(DATA_DIR_VARIABLE):
        return None
    source = data_source(data_dir)
    for split in sorted(available_splits(spec, source), key=["validation", "train", "test"].index):
        pair = evaluation_pair(spec, next(iter(open_split(spec, split, source))))
        return {"split": split, **pair_record(pair)}
    return None


def _mixture_document(mixture: Mixture) -> dict[str, Any]:
    """Returns a mixture's row, and of each of its tasks the size and the share of what is drawn."""
    sizes = {spec.name: spec.training_size for spec in task_specs.tasks_of(mixture)}
    return {
        "name": mixture.name,
        "aliases": list(mixture.aliases),
        "rates": mixture.rates,
        "limit": mixture.limit,
        "temperature": mixture.temperature,
        "without": list(mixture.without),
        "note": mixture.note,
        "members": [dataclasses.asdict(member) for member in mixture.members],
        "shares": [
            {"task": task, "train": sizes[task], "share": share} for task, share in task_specs.shares(mixture).items()
        ],
    }
