"""`TaskSpec`: everything that is true of a task, in one frozen record that checks itself."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from task_specs.answers.filters import require_filters
from task_specs.contracts import AnswerParser, Source, TextFormat
from task_specs.records import Example, FrozenDict, TextPair
from task_specs.sources.copies import Copies
from task_specs.sources.download import Download
from task_specs.submission_files.json_lines import JsonClassFile, JsonTextFile, MultiRcFile
from task_specs.submission_files.squad import AnswersFile
from task_specs.submission_files.texts import TextFile
from task_specs.submission_files.values import ClassFile, NumberFile
from task_specs.support.errors import SpecError, did_you_mean
from task_specs.support.plain import to_plain
from task_specs.support.wording import TemplateError
from task_specs.texts.prompt import OWN, Prompt

NO_SCORE = (
    *("aliases", "published", "note", "tfds", "hub", "copies", "downloads"),
    *("sizes", "training_pairs", "prompts", "shots_from"),
)
"""What a row says that changes no score."""
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Decode:
    """How a task's answers are generated.

    Attributes:
        method: `greedy` or `beam`.
        beam_size: hypotheses kept; 1 for greedy.
        alpha: exponent of the length penalty ((5 + length) / 6) ** alpha; 0 for greedy.
    """

    method: str = "greedy"
    beam_size: int = 1
    alpha: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in ("greedy", "beam"):
            raise SpecError(f"decode method is 'greedy' or 'beam', got {self.method!r}")
        if self.beam_size < 1 or (self.method == "greedy") != (self.beam_size == 1):
            raise SpecError(f"decode: greedy has beam_size 1, beam more; got {self.method}, {self.beam_size}")
        if not 0 <= self.alpha < math.inf or (self.method == "greedy" and self.alpha):
            raise SpecError(f"decode: alpha is at least 0, and 0 for greedy; got {self.method}, {self.alpha}")


@dataclass(frozen=True)
class Lengths:
    """Limits in tokens, end of sequence included.

    Attributes:
        inputs: the longest input; what is longer is cut.
        targets: the longest output.
    """

    inputs: int
    targets: int

    def __post_init__(self) -> None:
        if self.inputs < 2 or self.targets < 2:
            raise SpecError(f"lengths must leave room for a token and the end: got {self.inputs}, {self.targets}")


SubmissionFile = ClassFile | NumberFile | JsonClassFile | JsonTextFile | MultiRcFile | AnswersFile | TextFile


@dataclass(frozen=True)
class Published:
    """Scores that a paper reports for this task, in percent.

    Attributes:
        model: the model, by its public name.
        split: the split they were measured on.
        scores: score name to value.
        source: the paper and table.
        caution: why the scores may be of something else than their names say, empty if there is no doubt.
    """

    model: str
    split: str
    scores: Mapping[str, float]
    source: str
    caution: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", FrozenDict(self.scores))


@dataclass(frozen=True)
class TaskSpec:
    """One task of the registry.

    Attributes:
        name: `BENCHMARK/TASK`, or the benchmark's name alone where it has one task.
        benchmark: the benchmark it belongs to.
        source: its official files and their form.
        text: how features become input text.
        answer: what a model should write, and how to read what it wrote.
        metrics: the scores to compute, by name in the metric library.
        sizes: examples per split that the official data has; a split that is read may differ, and is then said to.
        training_pairs: text pairs to train on that T5 counted, where `sizes` does not say it.
        lengths: limits for inputs and targets, in tokens.
        decode: how answers are generated.
        task_score: the scores whose unweighted mean is the leaderboard's score of the task; the first metric if empty.
        aliases: other names, T5's own among them.
        tfds: the name in TensorFlow Datasets.
        hub: its usual dataset on the Hugging Face hub, `OWNER/NAME`, with `:CONFIG` where that is not what `tfds` has
            behind its slash.
        copies: how copies of it, there and on the Hugging Face hub, differ from the official files.
        downloads: where the official files come from.
        submission: its file in the leaderboard's archive.
        published: scores from papers.
        note: a sentence that a user of the task should know.
        filters: what is done to a generated text before it is read, in order.
        prompts: other ways of asking it, by name.
        base: the row itself, of one that a prompt asks; the name ends in `@` and the prompt's.
        shots_from: the task whose training split has examples in this one's form, where this one has none.
    """

    name: str
    benchmark: str
    source: Source
    text: TextFormat
    answer: AnswerParser
    metrics: tuple[str, ...]
    sizes: Mapping[str, int]
    lengths: Lengths
    training_pairs: int | None = None
    decode: Decode = Decode()
    task_score: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    tfds: str | None = None
    hub: str = ""
    copies: Copies = field(default_factory=Copies)
    downloads: tuple[Download, ...] = field(default=(), repr=False)
    submission: SubmissionFile | None = None
    published: tuple[Published, ...] = field(default=(), repr=False)
    note: str = ""
    filters: tuple[str, ...] = ()
    prompts: Mapping[str, Prompt] = field(default_factory=FrozenDict)
    base: TaskSpec | None = field(default=None, repr=False, compare=False)
    shots_from: str = ""

    def __post_init__(self) -> None:
        if self.base is not None and not isinstance(self.base, TaskSpec):
            raise SpecError(f"{self.name}: base is no key of a file; other ways of asking are tables of prompts")
        for name in ("metrics", "task_score", "aliases", "published", "downloads", "filters"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "sizes", FrozenDict(self.sizes))
        object.__setattr__(self, "prompts", FrozenDict(self.prompts))
        if not self.source.fields:  # a file of one's own: the columns that text and answer name
            named = dict.fromkeys((*self.text.fields, *filter(None, [getattr(self.answer, "field", "")])))
            own = {name: name for name in named if name not in getattr(self.source, "lists", ())}
            object.__setattr__(self, "source", replace(self.source, fields=own))  # type: ignore[type-var]
        if not self.task_score:
            object.__setattr__(self, "task_score", self.metrics[:1])
        self._check()

    def _check(self) -> None:
        for name in (self.row.name, *self.aliases):
            # Names become folders, so nothing that could leave a folder is a name.
            if not re.fullmatch(r"[A-Za-z0-9_][\w.+-]*(/[A-Za-z0-9_][\w.+-]*)?", name):
                raise SpecError(f"task name {name!r}: use letters, digits and _ . + -, with at most one slash")
        for name in self.prompts:
            if not re.fullmatch(r"\w[\w.+-]*", name) or name == OWN:
                raise SpecError(f"{self.name}: prompt {name!r}: use letters, digits and _ . + -, and not {OWN!r} alone")
        require_filters(self.filters)
        if not self.metrics:
            raise SpecError(f"{self.name}: a task needs at least one metric")
        for score in self.task_score:
            if score not in self.metrics:
                raise SpecError(f"{self.name}: task_score {score!r} is not among its metrics {list(self.metrics)}")
        for split in (*self.sizes, *self.source.splits):
            if split not in SPLITS:
                raise SpecError(f"{self.name}: split {split!r} is unknown; splits are {', '.join(SPLITS)}")
        for split, size in self.sizes.items():
            if split not in self.source.splits:
                raise SpecError(f"{self.name}: sizes name split {split!r}, but its source has no file for it")
            if not isinstance(size, int) or size < 1:
                raise SpecError(f"{self.name}: the size of {split} must be a positive whole number, got {size!r}")
        if self.training_pairs is not None and ("train" not in self.source.splits or self.training_pairs < 1):
            raise SpecError(f"{self.name}: training_pairs = {self.training_pairs}, but nothing to train on")
        has = [*self.source.fields, *getattr(self.source, "numbers", ()), *getattr(self.source, "lists", ())]
        absent = [name for name in self.text.fields if name not in has]
        if absent:
            fault = f"{self.name}: its text needs {absent}, its source has fields {has}"
            raise TemplateError(f"{fault}.{did_you_mean(absent[0], has)}", f"{{{absent[0]}")
        classes = getattr(self.answer, "classes", ())
        values = getattr(self.source, "classes", ())
        if len(classes) != len(values) and (classes or values):
            raise SpecError(f"{self.name}: the answer has classes {list(classes)}, the source {list(values)}")
        labels = getattr(self.submission, "labels", classes)
        if len(labels) != len(classes):
            raise SpecError(f"{self.name}: the submission spells {list(labels)}, the answer has {classes}")
        if isinstance(self.submission, NumberFile) and classes:
            raise SpecError(f"{self.name}: its submission takes numbers, its answer has classes {list(classes)}")
        if self.submission and self.submission.split not in self.source.splits:
            raise SpecError(f"{self.name}: its submission needs split {self.submission.split!r}, which has no file")
        for name, prompt in () if self.prompt else self.prompts.items():
            prompt.asks(self, name)

    @property
    def row(self) -> TaskSpec:
        """The row, of one that a prompt asks; else itself."""
        return self.base or self

    @property
    def prompt(self) -> str:
        """The prompt that asks it, empty for the row's own form."""
        return self.name.rpartition("@")[2] if self.base else ""

    def pairs(self, example: Example, *, training: bool = False) -> Iterator[TextPair]:
        """Yields the text pairs of one example: exactly one in evaluation."""
        return self.text.pairs(example, self.answer, training=training)

    def to_dict(self) -> dict[str, object]:
        """Returns the row as plain dicts, lists, strings and numbers, in the schema of the TOML files."""
        row: dict[str, object] = to_plain(self)
        row.pop("base", None)
        return row

    @property
    def training_size(self) -> int | None:
        """Text pairs to train on: 0 without a training split, None where only the data can tell."""
        if "train" not in self.source.splits:
            return 0
        return self.training_pairs or self.sizes.get("train")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything in the row that can change a score."""
        row = self.to_dict()
        for name in NO_SCORE:
            row.pop(name, None)
        row["source"].pop("slices", None)  # type: ignore[attr-defined]
        # Code of a user's plugin counts as much as what a row says.
        plugins = {part.plugin for part in (self.source, self.text, self.answer) if hasattr(part, "plugin")}
        if plugins:
            row["plugins"] = sorted(plugins)
        return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
