"""How far a short answer and its references agree: SQuAD's normalisation, exact match, and F1 over words.

SQuAD and ReCoRD are scored this way. Pure Python: a few microseconds for a text.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = dict.fromkeys(map(ord, string.punctuation))
_SPACES_FOR_PUNCTUATION = dict.fromkeys(map(ord, string.punctuation + "‘’´`"), " ")


def normalize(text: str) -> str:
    """Returns a text as SQuAD compares it: lower-cased, without ASCII punctuation, articles and extra whitespace.

    Punctuation goes without leaving a space (`3.50` is `350`); typographic quotes and dashes stay.

    Source: SQuAD's evaluate-v1.1.py and evaluate-v2.0.py, whose normalisation is the same.
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def normalize_trivia_qa(text: str) -> str:
    """Returns a text as TriviaQA compares it: as SQuAD does, but with a space in place of each punctuation mark.

    So `3.50` is `3 50`. Typographic single quotes and the acute and grave accents are punctuation too.

    Source: TriviaQA's triviaqa_evaluation.py, as t5.evaluation.qa_utils has it.
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_SPACES_FOR_PUNCTUATION)).split())


NORMALIZATIONS: dict[str, Callable[[str], str]] = {"squad": normalize, "trivia_qa": normalize_trivia_qa}
"""By the name that a row's answer chooses."""


def word_f1(prediction: str, reference: str, *, both_empty: float) -> float:
    """Returns the F1 of the words that two normalised texts share, as multisets, from 0 to 1.

    Args:
        prediction: a normalised text.
        reference: a normalised text.
        both_empty: the value where neither has a word: 0 in SQuAD v1.1 and ReCoRD, 1 in SQuAD v2.0.
    """
    said, true = prediction.split(), reference.split()
    if not said and not true:
        return both_empty
    shared = sum((Counter(said) & Counter(true)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(said), shared / len(true)
    return 2 * precision * recall / (precision + recall)


def best_overlap(
    prediction: str, references: Iterable[str], *, both_empty: float = 0.0, normalized: Callable[[str], str] = normalize
) -> tuple[float, float]:
    """Returns a text's exact match and word F1, each the best over its references, from 0 to 1.

    Args:
        prediction: the text, as it was written.
        references: the true answers, as they were written; at least one.
        both_empty: see `word_f1`.
        normalized: what makes of each text what is compared.

    Raises:
        ValueError: there is no reference.
    """
    said = normalized(prediction)
    true = {normalized(reference) for reference in references}
    if not true:
        raise ValueError("no reference to compare with")
    if said and said in true:
        return 1.0, 1.0  # what most answers are, told without counting words
    return float(said in true), max(word_f1(said, reference, both_empty=both_empty) for reference in true)
