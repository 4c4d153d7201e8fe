"""WSC and DPR as referent tasks: the pronoun between asterisks, to be answered by what it refers to."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from task_specs.contracts import AnswerParser
from task_specs.records import Example, TextPair

# Spans that are no part of their sentence because other words stand between theirs.
SCATTERED = ("Kamenev and Zinoviev", "Kamenev, Zinoviev, and Stalin")


def correct_spans(features: Mapping[str, Any]) -> dict[str, Any]:
    """Returns WSC's features with the corrected spans of `super_glue/wsc.fixed`.

    A span text that is no part of the sentence takes the case of its first letter from the word at its index, loses
    trailing full stops, and has newlines replaced by spaces. What is no part of the sentence even then stays as it is.

    Source: tensorflow-datasets 4.9.10, which refuses data with a span that cannot be corrected.
    """
    fixed = dict(features)
    for span in ("span1", "span2"):
        text, index = fixed[f"{span}_text"], fixed[f"{span}_index"]
        words = fixed["text"].split()
        if text in fixed["text"] or text in SCATTERED or not text or not 0 <= index < len(words):
            continue
        first = text[0].lower() if words[index][0].islower() else text[0].upper()
        corrected = (first + text[1:]).rstrip(".").replace("\n", " ")
        if corrected not in fixed["text"]:
            continue
        fixed[f"{span}_text"] = corrected
        if "theyscold" in text:
            fixed["span2_index"] = 10
    return fixed


# Two sentences whose pronoun is not the word at its index. T5 knows them by heart; X is the pronoun's place.
KNOWN_PLACES = {
    "The boy continued to whip the pony , and eventually the pony threw him over. John laughed out quite loud. "
    '"Good for him," he said. ': "The boy continued to whip the pony , and eventually the pony threw him over. "
    'John laughed out quite loud. "Good for X ," he said.',
    "When they had eventually calmed down a bit , and had gotten home, Mr. Farley put the magic pebble in an iron "
    "safe . Some day they might want to use it , but really for now, what more could they wish for?": "When they had "
    "eventually calmed down a bit , and had gotten home, Mr. Farley put the magic pebble in an iron safe . Some day "
    "they might want to use X , but really for now, what more could they wish for?",
}


def mark_pronoun(text: str, pronoun: str, index: int) -> tuple[str, str]:
    """Marks the pronoun of a WSC sentence.

    Words are split at single spaces. T5 puts an X in the pronoun's place and then replaces every ` X ` by the marked
    pronoun, so that a sentence with an X of its own has two.

    Args:
        pronoun: its `span2_text`.
        index: its `span2_index`.

    Returns:
        The marked sentence and an empty string; or, where T5 refuses the example, the sentence as it is and the reason.
    """
    words = text.split(" ")
    if not 0 < index < len(words):
        return text, f"span2_index {index} is not that of a word after the first"
    blanked = KNOWN_PLACES.get(text)
    if blanked is None:
        if words[index] != pronoun:
            return text, f"the word at span2_index {index} is {words[index]!r}, not the pronoun {pronoun!r}"
        blanked = f"{' '.join(words[:index])} X {' '.join(words[index + 1 :])}"
    return blanked.replace(" X ", f" *{pronoun}* "), ""


@dataclass(frozen=True)
class WscReferent:
    """`wsc: SENTENCE` with `*pronoun*`, the targets the candidate `span1_text`, whether it is the referent or not.

    Training leaves out the candidates that are not the referent.

    Attributes:
        prefix: the first word of the input.
    """

    prefix: str = "wsc:"
    kind: ClassVar[str] = "wsc_referent"
    fields: ClassVar[tuple[str, ...]] = ("text", "span1_text", "span2_text")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        if training and not features["label"]:
            return
        marked, problem = mark_pronoun(features["text"], features["span2_text"], features["span2_index"])
        if training and problem:
            return  # nothing to learn from
        yield TextPair(example.id, f"{self.prefix} {marked}", "" if problem else features["span1_text"], problem)


@dataclass(frozen=True)
class DprReferent:
    """`wsc: SENTENCE` with `*pronoun*`, the targets the right candidate.

    The first occurrence is marked that follows a space and stands before a space, a full stop or a comma. Where there
    is none, T5 leaves the sentence as it is.

    Attributes:
        prefix: the first word of the input.
    """

    prefix: str = "wsc:"
    kind: ClassVar[str] = "dpr_referent"
    fields: ClassVar[tuple[str, ...]] = ("sentence", "pronoun", "candidates")

    def pairs(self, example: Example, answer: AnswerParser, *, training: bool) -> Iterator[TextPair]:
        features = example.features
        found = re.search(f" {re.escape(features['pronoun'])}(?=[ .,])", features["sentence"])
        marked = features["sentence"]
        if found:
            marked = f"{marked[: found.start()]} *{features['pronoun']}*{marked[found.end() :]}"
        yield TextPair(example.id, f"{self.prefix} {marked}", answer.target(features))
