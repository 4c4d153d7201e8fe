"""Answer parsers: what a generated text says, with the reason where it says nothing that counts.

A parser belongs to a row of the registry. It knows three things: the text a model should write for an example
(`target`), the example's true value (`gold`), and how to read a generated text (`parse`). Reading is as strict as
T5's own postprocessors: case counts, and no spaces are stripped.
"""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from task_specs.records import Answer, FrozenDict
from task_specs.support.errors import SpecError, did_you_mean, quoted
from task_specs.support.wording import wording

UNLABELLED_TARGET = "<unk>"  # T5's target text for an example without a label


@dataclass(frozen=True)
class Label:
    """One of a fixed set of class names, or of their wordings, written exactly.

    Values are class indices, in the order of `classes`, which is TensorFlow Datasets' order.

    Attributes:
        classes: the classes' names.
        words: class to what a model should write for it, a template of the example's features; its name if empty.
    """

    classes: tuple[str, ...]
    words: Mapping[str, str] = field(default_factory=FrozenDict)
    kind: ClassVar[str] = "label"

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "words", FrozenDict(self.words))
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes) or "" in self.classes:
            raise SpecError(f"answer 'label' needs at least two different class names, got {list(self.classes)}")
        said = tuple(self.words.values())
        if self.words and (set(self.words) != set(self.classes) or len(set(said)) != len(said) or "" in said):
            raise SpecError(
                f"answer 'label': words needs a different text for each of {', '.join(self.classes)}, got "
                f"{dict(self.words)}"
            )
        for text in said:
            wording(text)

    @cached_property
    def choices(self) -> tuple[str, ...]:
        """The classes as they are written; empty where that differs from example to example."""
        words = [wording(self.words[name]) for name in self.classes] if self.words else []
        if any(word.names for word in words):
            return ()
        return tuple(word.render({}) for word in words) or self.classes

    def wordings(self, features: Mapping[str, Any]) -> tuple[str, ...]:
        """Returns what may be written for an example, in the order of the classes."""
        return self.choices or tuple(wording(self.words[name]).render(features) for name in self.classes)

    def target(self, features: Mapping[str, Any]) -> str:
        label = features["label"]
        return (self.choices or self.wordings(features))[label] if label >= 0 else UNLABELLED_TARGET

    @cached_property
    def _answers(self) -> tuple[Answer, ...]:
        """What says each class: one record, however many examples are of it."""
        return tuple(Answer(index, index) for index in range(len(self.classes)))

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        label = features["label"]
        return self._answers[label] if label >= 0 else None

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        words = self.wordings(features)
        if text in words:
            return self._answers[words.index(text)]
        return Answer(None, -1, f"not one of {', '.join(words)}: {quoted(text)}")


def _float32(number: float) -> float:
    """Returns `number` rounded to single precision, in which T5 rounds labels."""
    return struct.unpack("f", struct.pack("f", number))[0]


@dataclass(frozen=True)
class Number:
    """A number, as T5 writes STS-B's similarity: rounded to a multiple of `step`, with one decimal.

    Targets are rounded in single precision, half to even; generated numbers are taken as they are, also outside
    `[low, high]`, which only a submission clips.

    Attributes:
        low: the lowest label; above -1, which marks an unlabelled example.
        high: the highest label.
        step: what targets are rounded to, a multiple of 0.1.
    """

    low: float
    high: float
    step: float = 0.2
    kind: ClassVar[str] = "number"

    def __post_init__(self) -> None:
        if not -1 < self.low < self.high < 1e6:
            raise SpecError(
                f"answer 'number' needs -1 < low < high < 1,000,000, got {self.low} and {self.high}; a label of -1 "
                f"marks an unlabelled example"
            )
        if not 0 < self.step <= self.high - self.low or abs(self.step * 10 - round(self.step * 10)) > 1e-9:
            raise SpecError(f"answer 'number' needs a step that is a multiple of 0.1 in its range, got {self.step}")

    @property
    def choices(self) -> tuple[str, ...]:
        count = round((self.high - self.low) / self.step)
        return tuple(f"{self.low + i * self.step:.1f}" for i in range(count + 1))

    def target(self, features: Mapping[str, Any]) -> str:
        per_unit = _float32(1 / self.step)
        steps = round(_float32(_float32(features["label"]) * per_unit))
        return f"{_float32(steps / per_unit):.1f}"

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        label = features["label"]
        return Answer(label, float(targets)) if label != -1.0 else None

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        try:
            number = float(text)
        except ValueError:
            return Answer(None, -1.0, f"not a number: {quoted(text)}")
        if not math.isfinite(number):
            return Answer(None, number, f"not a finite number: {quoted(text)}")
        return Answer(number, number)


# T5 ignores these words, and nothing else, when it compares two referents.
DETERMINERS = frozenset(
    "a an few her his each every many much my our some that the their these this those which whose your".split()
)


def referent_words(text: str) -> list[str]:
    """Returns the words that T5 compares: lower-cased, without determiners, split at single spaces."""
    return [word for word in text.strip().lower().split(" ") if word not in DETERMINERS]


@dataclass(frozen=True)
class Referent:
    """A noun phrase that a pronoun stands for, compared with the candidate in the targets.

    The value is the second class if the text names the candidate, else the first. It names it if one side's words
    are all among the other's, and either both or neither has an apostrophe (`Bob` is not `Bob's hat`). Where no
    candidate could be cut from an example, nothing names it: T5 counts the first class.

    Attributes:
        classes: the names of the two classes: the candidate is not meant, and is meant.
    """

    classes: tuple[str, ...]
    kind: ClassVar[str] = "referent"

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        if len(self.classes) != 2:
            raise SpecError(f"answer 'referent' needs exactly two class names, got {list(self.classes)}")

    @property
    def choices(self) -> tuple[str, ...]:
        return ()

    def target(self, features: Mapping[str, Any]) -> str:
        raise SpecError("answer 'referent' takes its targets from a text format that finds the candidate")

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        label = features["label"]
        return Answer(label, label) if label >= 0 else None

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        said, candidate = " ".join(referent_words(text)), " ".join(referent_words(targets))
        if not said:
            return Answer(None, -1, f"names nothing: {quoted(text)}")
        if ("'" in said) != ("'" in candidate):
            return Answer(0, 0)
        said_words, candidate_words = set(said.split(" ")), set(candidate.split(" "))
        same = int(said_words <= candidate_words or candidate_words <= said_words)
        return Answer(same, same)


# sacrebleu's names, without those that only older papers need.
TOKENIZERS = ("13a", "intl", "zh", "ja-mecab", "ko-mecab", "char", "flores200", "flores101", "none")
NORMALIZATIONS = ("squad", "trivia_qa")


@dataclass(frozen=True)
class Text:
    """Free text, compared with one or several references by the metric: any text is an answer.

    Attributes:
        field: the feature that holds the reference, or the list of references. An empty list, or None, means that the
            example is unlabelled.
        tokenizer: how BLEU finds words, by sacrebleu's name; if empty, what sacrebleu takes for the language of a
            `parallel_text` source's target, which is `13a` but for Chinese, Japanese and Korean.
        written: the feature with the text that a model should write, if it is not the first reference.
        normalization: what exact match and F1 leave out of account: `squad` or `trivia_qa`, each as the scorer of that
            name does.
    """

    field: str
    tokenizer: str = ""
    written: str = ""
    normalization: str = "squad"
    kind: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        if self.tokenizer and self.tokenizer not in TOKENIZERS:
            raise SpecError(f"BLEU's tokenizer {self.tokenizer!r}: it is one of {', '.join(TOKENIZERS)}")
        if self.normalization not in NORMALIZATIONS:
            raise SpecError(f"normalization {self.normalization!r}: it is {' or '.join(NORMALIZATIONS)}")

    @property
    def choices(self) -> tuple[str, ...]:
        return ()

    def _references(self, features: Mapping[str, Any]) -> tuple[str, ...]:
        if self.field not in features:
            has = list(features)
            raise SpecError(
                f"the answer's field {self.field!r} is not among the source's features {has}."
                f"{did_you_mean(self.field, has)}"
            )
        held = features[self.field]
        if held is None:
            return ()
        return (held,) if isinstance(held, str) else tuple(held)

    def target(self, features: Mapping[str, Any]) -> str:
        if self.written and features[self.written] is not None:
            return str(features[self.written])
        references = self._references(features)
        return references[0] if references else UNLABELLED_TARGET

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        references = self._references(features)
        return Answer(references, references) if references else None

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        return Answer(text, text)
