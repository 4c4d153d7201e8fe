"""Metrics of translations: BLEU and chrF, computed by sacrebleu.

sacrebleu counts matches segment by segment; its corpus score is a function of the counts' sums. Our statistics are its
counts, the value is its own function of their sums, and `aggregate` is that function for many sums at once.
"""

from abc import abstractmethod
from collections.abc import Mapping
from functools import cache, cached_property
from importlib.metadata import version
from itertools import zip_longest
from typing import Any

import numpy as np

from t5eval.metrics.metric import Batch, Floats, Metric

ORDERS = 4  # of BLEU's n-grams


@cache
def _sacrebleu_version() -> str:
    return version("sacrebleu")


class SacrebleuMetric(Metric):
    """A score of sacrebleu's, with the choices that its own signature names."""

    answers = ("text",)
    additive = True

    @abstractmethod
    def make_scorer(self) -> Any:
        """Returns sacrebleu's metric."""

    @cached_property
    def scorer(self) -> Any:
        return self.make_scorer()

    def details(self, batch: Batch) -> Mapping[str, str]:
        counts = {len(e.gold.value) for e in batch.examples}
        return {"nrefs": str(counts.pop()) if len(counts) == 1 else "var"}

    def statistics(self, batch: Batch) -> Floats:
        def count(batch: Batch) -> Floats:
            # One stream for each reference; None where an example has fewer of them.
            streams = list(zip_longest(*(e.gold.value for e in batch.examples)))
            counts = self.scorer._extract_corpus_statistics([e.prediction for e in batch.examples], streams)
            return np.array(counts, dtype=np.float64)

        found: Floats = batch.once(f"sacrebleu {self.name}", count)
        return found

    def value(self, batch: Batch, statistics: Floats) -> float:
        totals = [int(total) for total in statistics.sum(axis=0)]
        return float(self.scorer._compute_score_from_stats(totals).score)


class Bleu(SacrebleuMetric):
    """Corpus BLEU, from 0 to 100, without lower-casing, with exponential smoothing of orders that have no match.

    Args:
        name: the score's name.
        tokenizer: sacrebleu's name of the tokenisation: `13a` is WMT's, `intl` is T5's.

    Source: Papineni et al. 2002; Post 2018 (sacrebleu).
    """

    def __init__(self, name: str, tokenizer: str) -> None:
        self.name = name
        self.tokenizer = tokenizer

    @property
    def choices(self) -> Mapping[str, str]:  # type: ignore[override]
        return {
            "case": "mixed",
            "eff": "no",
            "tok": self.tokenizer,
            "smooth": "exp",
            "version": _sacrebleu_version(),
        }

    def make_scorer(self) -> Any:
        from sacrebleu.metrics import BLEU

        # `force` keeps it from warning of tokenised text on its own channel.
        return BLEU(tokenize=self.tokenizer, smooth_method="exp", effective_order=False, force=True)

    def aggregate(self, totals: Floats) -> Floats:
        said, reference = totals[..., 0], totals[..., 1]
        correct, total = totals[..., 2 : 2 + ORDERS], totals[..., 2 + ORDERS :]
        # The n-th order without a match counts as 1 / 2^n matches.
        halvings = np.cumsum(correct == 0, axis=-1)
        counted = np.where(correct > 0, correct, 0.5**halvings)
        defined = (total > 0).all(axis=-1) & (correct > 0).any(axis=-1)
        precision = counted / np.where(total > 0, total, 1)
        shortness = np.minimum(0, 1 - reference / np.where(said > 0, said, 1))
        return np.where(defined, 100 * np.exp(shortness + np.log(precision).mean(axis=-1)), 0.0)


class Chrf(SacrebleuMetric):
    """chrF2, from 0 to 100: F-score of character 1- to 6-grams, recall counting twice, without whitespace.

    Source: Popović 2015; Post 2018 (sacrebleu).
    """

    name = "chrf"

    @property
    def choices(self) -> Mapping[str, str]:  # type: ignore[override]
        return {"case": "mixed", "eff": "yes", "nc": "6", "nw": "0", "space": "no", "version": _sacrebleu_version()}

    def make_scorer(self) -> Any:
        from sacrebleu.metrics import CHRF

        return CHRF(char_order=6, word_order=0, beta=2)

    def aggregate(self, totals: Floats) -> Floats:
        said, reference, match = totals[..., 0::3], totals[..., 1::3], totals[..., 2::3]
        counted = (said > 0) & (reference > 0)
        orders = np.maximum(counted.sum(axis=-1), 1)
        precision = np.where(counted, match / np.where(counted, said, 1), 0).sum(axis=-1) / orders
        recall = np.where(counted, match / np.where(counted, reference, 1), 0).sum(axis=-1) / orders
        whole = 4 * precision + recall
        return 100 * np.divide(5 * precision * recall, whole, out=np.zeros_like(whole), where=whole > 0)


METRICS: tuple[Metric, ...] = (Bleu("bleu", "13a"), Bleu("bleu_t5", "intl"), Chrf())
