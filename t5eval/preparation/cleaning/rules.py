"""C4's rules for one page (Raffel et al. 2020, section 2.2), as the program that made C4 has them.

Where the paper and that program, `tensorflow_datasets.text.c4_utils`, differ, the program is followed: it made the
data.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from t5eval.support.errors import MissingPackage

RULES = {
    "long_pages": "pages of more than 190,000 characters",
    "same_url": "all but the newest page of an address",
    "long_words": "lines with a word of more than 1,000 characters",
    "citations": "citation marks: [1], [edit], [citation needed]",
    "end_marks": 'lines that do not end in . ! ? or ", or end in ...',
    "short_lines": "lines of fewer than 5 words",
    "lorem_ipsum": "pages with `lorem ipsum`",
    "javascript": "lines with `javascript`",
    "braces": "pages with {",
    "policies": "lines on terms of use, privacy and cookies",
    "few_sentences": "pages of fewer than 3 sentences, before and after duplicates are gone",
    "duplicates": "what stands elsewhere in the set",
    "language": "pages that are not English with a probability of 0.99",
    "bad_words": "pages with a word of a list that you name",
}
"""Each rule, in the order in which they are applied, and what it takes away."""

MOST_CHARACTERS = 190_000
MOST_IN_A_WORD = 1000
LEAST_WORDS = 5
LEAST_SENTENCES = 3
LEAST_PROBABILITY = 0.99
END_MARKS = (".", "?", "!", '"')
POLICIES = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")
CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")

Counts = Counter[str]
"""How many `pages/RULE` and `lines/RULE` each rule took away, with `kept` for those that it left."""


@dataclass(frozen=True)
class Rules:
    """Which rules hold.

    Attributes:
        names: keys of `RULES`.
        bad_words: of the rule of this name.
        duplicates: what is kept once in the set: `lines`, as in C4, or `sentences`, three in a row, as in its paper.
    """

    names: frozenset[str]
    bad_words: tuple[str, ...] = ()
    duplicates: str = "lines"

    def cleaned(self, text: str, counts: Counts) -> str:
        """Returns a page's lines that stay, empty if the page does not, and counts what went and why."""
        if "long_pages" in self.names and len(text) > MOST_CHARACTERS:
            counts["pages/long_pages"] += 1
            return ""
        kept, sentences = [], 0
        for line in text.splitlines():
            line = line.strip()
            if "long_words" in self.names and any(len(word) > MOST_IN_A_WORD for word in line.split()):
                counts["lines/long_words"] += 1
                continue
            if "citations" in self.names:
                line = CITATION.sub("", line)
            if rule := self._page_fault_or_line_fault(line):
                counts[rule] += 1
                if rule.startswith("pages/"):
                    return ""
                continue
            sentences += len(sentences_of(line)) if "few_sentences" in self.names else 0
            kept.append(line)
            counts["lines/kept"] += 1
        if "few_sentences" in self.names and sentences < LEAST_SENTENCES:
            counts["pages/few_sentences"] += 1
            return ""
        cleaned = "\n".join(kept).strip()
        counts["pages/empty"] += not cleaned
        return cleaned

    def _page_fault_or_line_fault(self, line: str) -> str:
        """Returns what to count for the first rule that a line breaks, empty if none."""
        names, lower = self.names, line.lower()
        if "end_marks" in names and (not line.endswith(END_MARKS) or line.endswith("...")):
            return "lines/end_marks"
        if "short_lines" in names and len(line.split()) < LEAST_WORDS:
            return "lines/short_lines"
        if "lorem_ipsum" in names and "lorem ipsum" in lower:
            return "pages/lorem_ipsum"
        if "javascript" in names and "javascript" in lower:
            return "lines/javascript"
        if "braces" in names and "{" in line:
            return "pages/braces"
        if "policies" in names and any(policy in lower for policy in POLICIES):
            return "lines/policies"
        return ""

    def admitted(self, text: str, counts: Counts) -> bool:
        """Returns whether a page's cleaned text, without duplicates, stays, and counts why not."""
        if not text:
            counts["pages/empty"] += 1
        elif "few_sentences" in self.names and len(sentences_of(text)) < LEAST_SENTENCES:
            counts["pages/few_sentences"] += 1
        elif "language" in self.names and not is_english(text):
            counts["pages/language"] += 1
        elif "bad_words" in self.names and _any_of(self.bad_words).search(text.lower()):
            counts["pages/bad_words"] += 1
        else:
            return True
        return False


@functools.cache
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:\W|^)({'|'.join(map(re.escape, words))})(?:\W|$)")


def sentences_of(text: str) -> list[str]:
    """Returns the sentences of a text.

    Raises:
        MissingPackage: nltk is not installed.
    """
    return _sentence_splitter()[1](text)


def sentence_splitter() -> str:
    """Returns what finds sentences here; numbers of sentences depend on it."""
    return _sentence_splitter()[0]


@functools.cache
def _sentence_splitter() -> tuple[str, Callable[[str], list[str]]]:
    try:
        from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTokenizer
    except ModuleNotFoundError:
        raise MissingPackage("sentences are counted by nltk: pip install 't5eval[text]'") from None
    try:
        return "Punkt for English (nltk's punkt_tab)", PunktTokenizer("english").tokenize
    except LookupError:  # what was learned for English is a download of its own: nltk.download("punkt_tab")
        return "Punkt without what it learned (nltk's punkt_tab is not here)", PunktSentenceTokenizer().tokenize


def is_english(text: str) -> bool:
    """Returns whether langdetect takes a text for English with a probability of at least 0.99, as for C4.

    Raises:
        MissingPackage: langdetect is not installed.
    """
    try:
        from langdetect import DetectorFactory, detect_langs
        from langdetect.lang_detect_exception import LangDetectException
    except ModuleNotFoundError:
        raise MissingPackage(
            "languages are told apart by langdetect: pip install 't5eval[text]', or --without language"
        ) from None
    DetectorFactory.seed = 0  # of each text's own random numbers: the answer depends on the text alone
    try:
        found = detect_langs(text)
    except LangDetectException:  # nothing in it that belongs to a language
        return False
    return bool(found) and found[0].lang == "en" and found[0].prob >= LEAST_PROBABILITY


def bad_words_of(lines: Iterable[str]) -> tuple[str, ...]:
    """Returns the words of a list, one a line."""
    return tuple(sorted({word for line in lines if (word := line.strip())}))
