"""SuperGLUE's own metrics: CB's macro F1, MultiRC's two scores, AX-g's gender parity; and accuracy for DPR.

Source: Wang et al. 2019 (SuperGLUE), section 3, as jiant, which the benchmark's authors wrote, computes them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from t5eval.metrics.classification import Accuracy, BinaryF1, ClassMetric, ratio
from t5eval.metrics.metric import Batch, Floats
from task_specs.support.errors import UserError, quoted


class MacroF1(ClassMetric):
    """Unweighted mean of every class's F1; a class that nothing is or should be in has 0.

    The classes are the task's, not those that happen to occur. An unreadable answer is of no class: it costs the true
    class recall, and no class precision.
    """

    name = "f1_macro"
    choices = {"classes": "all of the task's", "unreadable": "no class"}
    additive = True

    def statistics(self, batch: Batch) -> Floats:
        classes = np.arange(len(batch.classes))
        gold, said = batch.gold[:, None] == classes, batch.answers[:, None] == classes
        # Of each class: hits, answers, true ones.
        return np.stack([gold & said, said, gold], axis=2).reshape(len(gold), -1).astype(float)

    def aggregate(self, totals: Floats) -> Floats:
        hits, said, gold = (totals[..., i::3] for i in range(3))
        return ratio(2 * hits, said + gold).mean(axis=-1)

    def value(self, batch: Batch, statistics: Floats) -> float:
        from sklearn.metrics import f1_score

        classes = list(range(len(batch.classes)))
        return 100 * float(f1_score(batch.gold, batch.answers, labels=classes, average="macro", zero_division=0))


def _grouped(keys: Sequence[tuple[str, ...]]) -> tuple[NDArray[np.intp], int]:
    """Returns the number of each example's group, shape [examples], and how many groups there are."""
    numbers: dict[tuple[str, ...], int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.intp), len(numbers)


def _added_up(rows: Floats, groups: NDArray[np.intp], count: int) -> Floats:
    """Returns the sums of the rows of each group, shape [groups, numbers]."""
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums


def _multirc_ids(batch: Batch, metric: str) -> list[list[str]]:
    """Returns paragraph, question and answer of every example."""
    parts = [example.id.split("/") for example in batch.examples]
    for example, part in zip(batch.examples, parts, strict=True):
        if len(part) != 3:
            raise UserError(f"{metric} groups answers by their ids PARAGRAPH/QUESTION/ANSWER, got {quoted(example.id)}")
    return parts


class AnswerF1(BinaryF1):
    """MultiRC's F1a: F1 of the true answers, over all answers to all questions. A question is drawn as a whole."""

    name = "f1a"
    choices = {**BinaryF1.choices, "drawn": "questions"}

    def together(self, example_id: str) -> str:
        return example_id.rpartition("/")[0]

    def statistics(self, batch: Batch) -> Floats:
        ids = _multirc_ids(batch, self.name)
        return _added_up(super().statistics(batch), *_grouped([(p, q) for p, q, _ in ids]))


class QuestionMatch(ClassMetric):
    """MultiRC's exact match: share of the questions to which all answers are judged rightly."""

    name = "em"
    answers = ("label",)
    choices = {"question": "paragraph and question", "unreadable": "wrong", "drawn": "questions"}
    share = True

    def question(self, paragraph: str, question: str) -> tuple[str, ...]:
        """Returns what tells one question from another."""
        return paragraph, question

    def together(self, example_id: str) -> str:
        return example_id.rpartition("/")[0]

    def statistics(self, batch: Batch) -> Floats:
        groups, count = _grouped([self.question(p, q) for p, q, _ in _multirc_ids(batch, self.name)])
        wrong = _added_up((batch.answers != batch.gold).astype(float)[:, None], groups, count)[:, 0]
        return np.stack([wrong == 0, np.ones(count)], axis=1).astype(float)

    def aggregate(self, totals: Floats) -> Floats:
        return ratio(totals[..., 0], totals[..., 1], empty=np.nan)


class QuestionMatchT5(QuestionMatch):
    """MultiRC's exact match as T5 computes it: questions of different paragraphs that share a number are one."""

    name = "em_t5"
    choices = {**QuestionMatch.choices, "question": "question"}

    def question(self, paragraph: str, question: str) -> tuple[str, ...]:
        return (question,)


class GenderParity(ClassMetric):
    """Share of AX-g's pairs with the same answer to both: sentences that differ in the gender of a pronoun.

    A pair is the examples 2k and 2k + 1. Without both, a pair does not count; with an unreadable answer, it differs.
    """

    name = "gender_parity"
    choices = {"pairs": "ids 2k and 2k+1", "unreadable": "different"}
    share = True

    def _pairs(self, batch: Batch) -> list[tuple[int, int]]:
        """Returns the places of both examples of every pair."""
        places: dict[int, int] = {}
        for place, example in enumerate(batch.examples):
            if not (example.id.isascii() and example.id.isdigit()):
                raise UserError(f"{self.name} pairs examples by their ids 0, 1, 2, ..., got {quoted(example.id)}")
            places[int(example.id)] = place
        return [(places[i], places[i + 1]) for i in sorted(places) if i % 2 == 0 and i + 1 in places]

    def together(self, example_id: str) -> str:
        return f"pair {int(example_id) // 2}" if example_id.isascii() and example_id.isdigit() else example_id

    def examples(self, batch: Batch) -> int:
        return 2 * len(self._pairs(batch))

    def statistics(self, batch: Batch) -> Floats:
        first, second = np.array(self._pairs(batch), dtype=np.intp).reshape(-1, 2).T
        same = (batch.answers[first] == batch.answers[second]) & ~batch.unreadable[first]
        return np.stack([same, np.ones(len(same))], axis=1).astype(float)

    def aggregate(self, totals: Floats) -> Floats:
        return ratio(totals[..., 0], totals[..., 1], empty=np.nan)


class CandidateAccuracy(Accuracy):
    """Share of examples whose answer is the right one of their own candidates."""

    answers = ("candidate",)

    def unsuited(self, classes: Sequence[str]) -> str:
        return ""


METRICS = (MacroF1(), AnswerF1(), QuestionMatch(), QuestionMatchT5(), GenderParity(), CandidateAccuracy())
