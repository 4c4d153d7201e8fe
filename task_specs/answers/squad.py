"""SQuAD's answers, as T5 has them: padded punctuation undone, and spans counted in words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from task_specs.answers.punctuation import KEPT, WHITESPACE, find_span, pad_passage, pad_punctuation
from task_specs.records import Answer
from task_specs.support.errors import SpecError, quoted

# What T5 takes for the end of a word when it counts them, in a passage (RE2) and in an answer (Python).
_NO_WORD_RE2 = re.compile(r"[^0-9A-Za-z_]")
_NO_WORD = re.compile(r"\W")


def _texts(features: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(features["answers"]["text"])


@dataclass(frozen=True)
class ContextSpan:
    """A piece of the passage, written with padded punctuation.

    The target is the first annotator's answer. The value of a text is the piece of the passage that it is when its
    padding is undone, which is what the benchmark's scorer and leaderboard want; a text without such a piece is
    taken as it is, and its answer says that it is not `mapped`. T5 compares the padded texts.

    Attributes:
        padded: whether the target is padded as T5 pads it, or a piece of the passage as it stands.
    """

    padded: bool = field(default=True, kw_only=True)
    kind: ClassVar[str] = "context_span"
    no_target: ClassVar[str] = "the question has no answer"

    @property
    def choices(self) -> tuple[str, ...]:
        return ()

    def target(self, features: Mapping[str, Any]) -> str:
        answers = _texts(features)
        return (pad_punctuation(answers[0]) if self.padded else answers[0]) if answers else ""

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        answers = _texts(features)
        return Answer(answers, tuple(map(pad_punctuation, answers))) if answers else None

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        span, t5 = find_span(text, features.get("context", "")), text if self.padded else pad_punctuation(text)
        if span is None:
            return Answer(text, t5, mapped=False)
        return Answer(span, t5, changed=span.split() != text.split())

    def oddity(self, text: str, features: Mapping[str, Any]) -> str:
        """Returns what is odd about a text that a scorer takes as it stands, empty if nothing is."""
        said = self.parse(text, features, "")
        if not said.mapped and text.strip():
            return "are no piece of their passage"
        return "are written with T5's padding, which the official scorer does not undo" if said.changed else ""


@dataclass(frozen=True)
class OptionalContextSpan(ContextSpan):
    """A piece of the passage as in `ContextSpan`, or the statement that the passage does not answer the question.

    The value of that statement is the empty text, as in the benchmark's own files; empty text says the same.

    Attributes:
        no_answer: the target of a question without an answer.
    """

    no_answer: str
    kind: ClassVar[str] = "optional_context_span"

    def __post_init__(self) -> None:
        if not self.no_answer.strip():
            raise SpecError("answer 'optional_context_span' needs a text for no_answer")

    def wordings(self, features: Mapping[str, Any]) -> tuple[str, ...]:
        """Returns the one text that is no piece of the passage."""
        return (self.no_answer,)

    def target(self, features: Mapping[str, Any]) -> str:
        return super().target(features) or self.no_answer

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        return super().gold(features, targets) or Answer((), (self.no_answer,))

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        if text.strip() in ("", self.no_answer):
            return Answer("", text, changed=bool(text.strip()))
        return super().parse(text, features, targets)

    def oddity(self, text: str, features: Mapping[str, Any]) -> str:
        if text.strip() == self.no_answer:
            return f"are {self.no_answer!r}; for no answer the official scorer takes the empty text alone"
        return super().oddity(text, features)


@dataclass(frozen=True)
class WordSpan:
    """`start: FIRST end: LAST`, the numbers of an answer's first and last word in the padded passage.

    T5 counts what lies between single separators, a separator being every character other than an ASCII letter,
    digit or underscore; padding makes many of these words empty, and they count. A question has no target where the
    words of its first answer do not follow each other in the passage, mostly because the answer begins or ends with a
    punctuation mark, sometimes within a word. The value of a text is the piece of the passage from its first to its
    last word. T5's metric counts words in another way, without empty ones, and so misses nearly all of T5's own
    targets: see `numbered_words`.
    """

    kind: ClassVar[str] = "word_span"
    no_target: ClassVar[str] = "the words of the answer do not follow each other in the passage"

    @property
    def choices(self) -> tuple[str, ...]:
        return ()

    def target(self, features: Mapping[str, Any]) -> str:
        answers = _texts(features)
        if not answers:
            return ""
        answer = _NO_WORD_RE2.sub(" ", pad_punctuation(answers[0])).split(" ")
        words = _words(features["context"])
        # The last possible place is not tried: T5's search ends before it.
        for start in range(len(words) - len(answer)):
            if words[start] == answer[0] and words[start : start + len(answer)] == answer:
                return f"start: {start} end: {start + len(answer) - 1}"
        return ""

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer | None:
        answers = _texts(features)
        return Answer(answers, tuple(map(pad_punctuation, answers))) if answers else None

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        numbers = span_numbers(text)
        if numbers is None:
            return Answer(None, text, f"not of the form `start: FIRST end: LAST`: {quoted(text)}")
        span = _piece(features.get("context", ""), *numbers)
        if not span:
            return Answer(None, text, f"names no words of the passage: {quoted(text)}")
        return Answer(span, text)


def span_numbers(text: str) -> tuple[int, int] | None:
    """Returns the two numbers of `start: FIRST end: LAST`, None if they are not there.

    As in T5's metric, the second and the fourth word must be numbers, whatever the others are.
    """
    words = _NO_WORD.sub(" ", text).split()
    if len(words) < 4:
        return None
    try:
        return int(words[1]), int(words[3])
    except ValueError:
        return None


def numbered_words(text: str, context: str) -> str:
    """Returns the words that T5's metric takes a span to be: counted without empty words, joined by spaces.

    Args:
        text: a generated text, `start: FIRST end: LAST`.
        context: the passage as it is.

    Returns:
        The words that are there, empty if there are none or the text has another form.
    """
    numbers = span_numbers(text)
    return " ".join(_NO_WORD.sub(" ", pad_passage(context)).split()[numbers[0] : numbers[1] + 1]) if numbers else ""


@lru_cache(maxsize=KEPT)
def _words(context: str) -> list[str]:
    return _NO_WORD_RE2.sub(" ", pad_passage(context)).split(" ")


@lru_cache(maxsize=KEPT)
def _places(context: str) -> list[int]:
    """Returns where the characters that padding keeps stand in a passage."""
    return [place for place, character in enumerate(context) if character not in WHITESPACE]


def _piece(context: str, first: int, last: int) -> str:
    """Returns the piece of a passage from one of its numbered words to another, empty if there is none."""
    words = _words(context)
    if not 0 <= first <= last < len(words):
        return ""
    padded = pad_passage(context)
    start = sum(map(len, words[:first])) + first
    end = start + sum(map(len, words[first : last + 1])) + last - first
    before = len(padded[:start].replace(" ", ""))
    inside = len(padded[start:end].replace(" ", ""))
    if not inside:
        return ""
    places = _places(context)
    return context[places[before] : places[before + inside - 1] + 1]
