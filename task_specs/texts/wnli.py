"""WNLI as a referent task: find the pronoun of the premise and the candidate that the hypothesis puts in its place.

WNLI's hypothesis repeats a part of its premise with the pronoun replaced by a candidate: `The goat chewed the rope.
It was frayed.` / `The rope was frayed.` T5 asks for the referent instead of a label: `wsc: The goat chewed the rope.
*It* was frayed.`, to be answered `The rope`. The rule here is T5's, its oddities included, because models were
trained and scored on what it yields: words are split at single spaces, the words around the pronoun are used as a
regular expression as they stand, and the pronoun's place is counted over the non-empty words.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from task_specs.contracts import AnswerParser
from task_specs.records import Example, TextPair

PRONOUNS = frozenset(("he", "she", "they", "it", "her", "his", "their", "them", "him"))
ARTICLES = ("a", "an", "the")
CLOSING = (".", ",", "?", "!")

# Steps that a pair's searches may take at the worst, about a second; WNLI's own pairs stay below a tenth of it.
MAX_STEPS = 30_000_000

# What makes a pattern try more than one way: a repeated group all ways that there are, a repeated character or a
# reference as many as the text is long, an option two.
_GROUP_REPEATED = re.compile(r"\)[*+{]")
_REPEATED = re.compile(r"[*+{\\]")
_OPTION = re.compile(r"[?|]")


class _TooLong(Exception):
    """The search could take more steps than it may."""


def _plain_words(sentence: str) -> list[str]:
    """Returns the lower-cased words without one closing mark each; words that were nothing else vanish."""
    words = [re.sub(r"(?:\.|,|\?|!)$", "", word) for word in sentence.strip().lower().split(" ")]
    return [word for word in words if word]


def _shared_prefix(words: list[str], within: str) -> int:
    """Returns how many leading words, joined by spaces, stand somewhere in `within`."""
    for size in range(1, len(words) + 1):
        if " ".join(words[:size]) not in within:
            return size - 1
    return len(words)


def _require_short(pattern: str, length: int, steps: int) -> None:
    """Raises a _TooLong if searching a text of this length for a pattern could take more than `steps` steps."""
    repeated, options = len(_REPEATED.findall(pattern)), len(_OPTION.findall(pattern))
    # The place where it begins and the candidate's length are two ways; more than 64 options exceed any number.
    at_most = max(length, 2) ** min(2 + repeated, 64) * 2 ** min(options, 64)
    if at_most > steps or _GROUP_REPEATED.search(pattern):
        raise _TooLong


def _candidate_at(premise: list[str], hypothesis: list[str], pronoun: int, steps: int) -> tuple[int, str | None]:
    """Returns how many words around the pronoun the hypothesis shares, and what it has in the pronoun's place.

    That is None where words such as `|` make the pattern match without it.

    Raises:
        _TooLong: it could take more than `steps` steps.
        re.error, OverflowError, RecursionError: the words around the pronoun are not a regular expression.
    """
    before, after = premise[:pronoun], premise[pronoun + 1 :]
    shared_before = _shared_prefix(before[::-1], " ".join(hypothesis[::-1]))
    shared_after = _shared_prefix(after, " ".join(hypothesis))
    if not shared_before + shared_after:
        return 0, ""
    left, right = before[len(before) - shared_before :], after[:shared_after]
    text = " ".join(hypothesis)
    _require_short(" ".join([*left, *right]), len(text), steps)
    # Between both contexts, else from the start of the hypothesis, else to its end.
    for pattern in ([*left, "(.+)", *right], ["^(.+)", *right], [*left, "(.+)$"]):
        found = re.search(" ".join(pattern), text)
        if found:
            return shared_before + shared_after, found.group(1)
    return shared_before + shared_after, ""


def _as_written(candidate: str, hypothesis: str) -> str | None:
    """Returns the candidate as the hypothesis writes it, from its last article on and without a possessive."""
    words = candidate.split(" ")
    start = max([words.index(article) for article in ARTICLES if article in words] or [0])
    pattern = " ".join(rf"{re.escape(word)}(?:\.|,|\?|!)?" for word in words[start:])
    found = re.search(pattern, hypothesis, re.IGNORECASE)
    if not found:
        return None
    written = found.group(0)
    if written.endswith(CLOSING):
        written = written[:-1]
    return re.sub(r"(?:'|'s)\Z", "", written)


def _mark(sentence: str, index: int) -> str | None:
    """Returns the sentence with asterisks around the word at `index`, a closing mark set apart."""
    words = sentence.split(" ")
    word = words[index]
    if not word:
        return None
    words[index] = f"*{word[:-1]}* {word[-1]}" if word.endswith(CLOSING) else f"*{word}*"
    return " ".join(words)


def mark_referent(premise: str, hypothesis: str) -> tuple[str, str, str]:
    """Turns a WNLI pair into a marked premise and the candidate referent.

    Args:
        premise: WNLI's first sentence or sentences, with a pronoun.
        hypothesis: WNLI's second sentence, with a candidate in the pronoun's place.

    Returns:
        The premise with its pronoun between asterisks, the candidate, and an empty string; or, where T5's rule
        gives up, the premise marked as far as possible, an empty candidate, and the reason.

    Source: Raffel et al. 2020, section 2.4; t5 0.9.4's behaviour.
    """
    words, answer_words = _plain_words(premise), _plain_words(hypothesis)
    pronouns = [i for i, word in enumerate(words) if word in PRONOUNS]
    if not pronouns:
        return premise, "", "the premise has none of the pronouns " + ", ".join(sorted(PRONOUNS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of words such as `[[`, which are no pattern of ours
            steps = MAX_STEPS // len(pronouns)
            _require_short("", len(premise) + len(hypothesis), steps)
            matches = [(*_candidate_at(words, answer_words, i, steps), i) for i in pronouns]
    except _TooLong:
        return premise, "", "the words around the pronoun, taken as a regular expression, could be searched without end"
    except (re.error, OverflowError, RecursionError) as error:
        return premise, "", f"the words around the pronoun are not a regular expression ({error})"
    _, candidate, index = max(matches, key=lambda match: match[0])  # the first of equals
    marked = _mark(premise, index)
    if marked is None:
        return premise, "", "an empty word (two spaces) stands in the pronoun's place"
    written = _as_written(candidate, hypothesis) if candidate is not None else None
    if not written:
        return marked, "", "the hypothesis has no candidate in the pronoun's place"
    return marked, written, ""


@dataclass(frozen=True)
class WnliReferent:
    """T5's form of WNLI: the premise with its pronoun between asterisks, to be answered by what it refers to.

    A pair without a candidate is still one pair, as it is for T5: its targets are empty, and `problem` says why. The
    candidate of a hypothesis that is not entailed is not the referent, and nothing to learn.

    Attributes:
        prefix: the first word of the input.
    """

    prefix: str = "wsc:"
    kind: ClassVar[str] = "wnli_referent"
    fields: ClassVar[tuple[str, ...]] = ("sentence1", "sentence2")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        premise, hypothesis = example.features["sentence1"], example.features["sentence2"]
        marked, candidate, problem = mark_referent(premise, hypothesis)
        learn = not problem and example.features["label"] == 1
        yield TextPair(example.id, f"{self.prefix} {marked}", candidate, problem, learn)
