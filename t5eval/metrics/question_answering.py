"""Metrics of short answers: exact match, and F1 over words, each the best over a question's true answers.

A question without a prediction, or with an unreadable one, counts as wrong, also where it has no answer.
"""

from abc import abstractmethod
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from t5eval.metrics.classification import ratio
from t5eval.metrics.metric import Batch, Floats, Metric, Scored
from t5eval.metrics.text_overlap import NORMALIZATIONS, best_overlap, normalize
from task_specs import TaskSpec
from task_specs.answers.squad import numbered_words

EM, F1 = "em", "f1"


class Overlap(Metric):
    """Exact match or F1 over words, as SQuAD's scorer normalises texts.

    Args:
        score: `em` or `f1`.
    """

    suffix = ""
    additive = True
    both_empty = 0.0
    normalization = "squad"

    def __init__(self, score: str) -> None:
        self.score = score
        self.name = score + self.suffix
        self.share = score == EM

    @abstractmethod
    def texts(self, example: Scored) -> tuple[str | None, Iterable[str]]:
        """Returns what was said, None if nothing that counts, and the true texts."""

    def inside(self, batch: Batch) -> NDArray[np.bool_]:
        """Returns which examples the score is of, shape [examples]."""
        return np.ones(len(batch.examples), dtype=bool)

    def examples(self, batch: Batch) -> int:
        return int(self.inside(batch).sum())

    def statistics(self, batch: Batch) -> Floats:
        both: Floats = batch.once(f"overlap {type(self).__name__}", self._overlaps)
        inside = self.inside(batch).astype(float)
        return np.stack([both[:, (EM, F1).index(self.score)] * inside, inside], axis=1)

    def _overlaps(self, batch: Batch) -> Floats:
        """Returns exact match and F1 of every example, from 0 to 1, shape [examples, 2]."""
        both = np.zeros((len(batch.examples), 2))
        for row, example in enumerate(batch.examples):
            said, true = self.texts(example)
            if said is not None and not example.missing:
                normalized = NORMALIZATIONS[self.normalization]
                both[row] = best_overlap(said, true, both_empty=self.both_empty, normalized=normalized)
        return both

    def aggregate(self, totals: Floats) -> Floats:
        return ratio(totals[..., 0], totals[..., 1], empty=np.nan)


class TextOverlap(Overlap):
    """Agreement of a text with the best of its references, both as they are."""

    answers: tuple[str, ...] = ("text",)
    choices = {"normalization": "squad", "references": "max"}

    def of_row(self, spec: TaskSpec) -> Metric:
        chosen = getattr(spec.answer, "normalization", self.normalization)
        return self if chosen == self.normalization else TriviaQaOverlap(self.score)

    def texts(self, example: Scored) -> tuple[str | None, Iterable[str]]:
        return example.answer.value, example.gold.value


class TriviaQaOverlap(TextOverlap):
    """Agreement of a text with the best of an answer's aliases, as TriviaQA's scorer normalises both.

    Source: triviaqa_evaluation.py (Joshi et al. 2017).
    """

    normalization = "trivia_qa"
    choices = {"normalization": "trivia_qa", "references": "max"}


class SquadOverlap(TextOverlap):
    """SQuAD 1.1's scores, of the piece of the passage that a text stands for.

    Source: evaluate-v1.1.py (Rajpurkar et al. 2016).
    """

    answers = ("context_span", "word_span")
    as_written = True
    choices = {"version": "1.1", "text": "piece of the passage", **TextOverlap.choices}


class SquadOverlapT5(Overlap):
    """SQuAD 1.1's scores as T5 computes them: of texts with padded punctuation, against padded answers.

    Source: t5.evaluation.metrics.squad (t5 0.9.4).
    """

    answers = ("context_span",)
    suffix = "_t5"
    choices = {"version": "1.1", "text": "padded punctuation", **TextOverlap.choices}

    def texts(self, example: Scored) -> tuple[str | None, Iterable[str]]:
        return example.answer.t5, example.gold.t5


class WordSpanOverlapT5(SquadOverlapT5):
    """SQuAD 1.1's scores of word spans as T5 computes them, which numbers the words otherwise than its targets do.

    Source: t5.evaluation.metrics.span_squad (t5 0.9.4).
    """

    answers = ("word_span",)
    choices = {"version": "1.1", "text": "words without empty ones", **TextOverlap.choices}

    def texts(self, example: Scored) -> tuple[str | None, Iterable[str]]:
        return numbered_words(example.answer.t5, example.features["context"]), example.gold.t5


class Squad2Overlap(Overlap):
    """SQuAD 2.0's scores: no answer is the empty text, which is right where there is none.

    Unlike the official scorer, which leaves questions without a prediction out of the total, these count as wrong.

    Args:
        score: `em` or `f1`.
        part: `has_ans` for the questions with an answer, `no_ans` for those without, empty for all.

    Source: evaluate-v2.0.py (Rajpurkar et al. 2018).
    """

    answers = ("optional_context_span",)
    both_empty = 1.0
    choices = {"version": "2.0", "text": "piece of the passage", **TextOverlap.choices, "missing": "wrong"}

    def __init__(self, score: str, part: str = "") -> None:
        super().__init__(score)
        self.part = part
        self.as_written = not part
        if part:
            self.name = f"{part}_{score}"
            self.choices = {**type(self).choices, "part": part}

    def texts(self, example: Scored) -> tuple[str | None, Iterable[str]]:
        # True answers without a word, such as "the", do not count as answers.
        return example.answer.value, [text for text in example.gold.value if normalize(text)] or [""]

    def inside(self, batch: Batch) -> NDArray[np.bool_]:
        if not self.part:
            return super().inside(batch)
        return np.array([bool(e.gold.value) == (self.part == "has_ans") for e in batch.examples], dtype=bool)
