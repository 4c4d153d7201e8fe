"""Metrics of translations: BLEU, chrF, chrF++ and TER, computed by sacrebleu.

sacrebleu counts matches segment by segment; its corpus score is a function of the counts' sums. Our statistics are its
counts, the value is its own function of their sums, and `aggregate` is that function for many sums at once.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from t5eval.metrics.metric import Batch, Floats, Metric
from task_specs import TaskSpec
from task_specs.sources.parallel import ParallelText
from task_specs.support.errors import UserError

ORDERS = 4  # of BLEU's n-grams


@cache
def _sacrebleu_version() -> str:
    return version("sacrebleu")


class SacrebleuMetric(Metric):
    """A score of sacrebleu's, with the choices that its own signature names."""

    answers = ("text",)
    additive = True
    surface = True

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


LANGUAGES = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}  # sacrebleu's own choice for a target language
NEEDS = {"ja-mecab": "sacrebleu[ja]", "ko-mecab": "sacrebleu[ko]"}


class Bleu(SacrebleuMetric):
    """Corpus BLEU, from 0 to 100, without lower-casing, with exponential smoothing of orders that have no match.

    Args:
        name: the score's name.
        tokenizer: sacrebleu's name of the tokenisation: `13a` is WMT's, `intl` is T5's. Empty for the row's, which is
            `13a` where there is no row.

    Source: Papineni et al. 2002; Post 2018 (sacrebleu).
    """

    def __init__(self, name: str, tokenizer: str = "") -> None:
        self.name = name
        self.tokenizer = tokenizer

    @property
    def choices(self) -> Mapping[str, str]:  # type: ignore[override]
        return {
            "case": "mixed",
            "eff": "no",
            "tok": self.scorer.tokenizer_signature,
            "smooth": "exp",
            "version": _sacrebleu_version(),
        }

    def of_row(self, spec: TaskSpec) -> Metric:
        if self.tokenizer:
            return self
        language = spec.source.target if isinstance(spec.source, ParallelText) else ""
        return _bleu(self.name, getattr(spec.answer, "tokenizer", "") or LANGUAGES.get(language, "13a"))

    def unsuited(self, classes: Sequence[str]) -> str:
        """Says before anything is predicted that the tokenizer is not there.

        Raises:
            UserError: it is not.
        """
        if self.tokenizer in NEEDS or self.tokenizer.startswith("flores"):
            self.scorer  # noqa: B018
        return ""

    def make_scorer(self) -> Any:
        from sacrebleu.metrics import BLEU

        name = self.tokenizer or "13a"
        try:
            # `force` keeps it from warning of tokenised text on its own channel; `text_cautions` does.
            return BLEU(tokenize=name, smooth_method="exp", effective_order=False, force=True)
        except (RuntimeError, AssertionError, OSError) as error:  # the packages, their dictionary, the model
            if name in NEEDS:
                way = f"pip install '{NEEDS[name]}'"
                raise UserError(f"BLEU's tokenizer {name!r} needs packages that are not as it asks: {way}") from None
            raise UserError(
                f"BLEU's tokenizer {name!r}: its model cannot be fetched or read ({_reason(error)}); sacrebleu keeps "
                f"it in {_models()}, where it may be put by hand"
            ) from None

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


@cache
def _bleu(name: str, tokenizer: str) -> Bleu:
    return Bleu(name, tokenizer)


def _models() -> str:
    from sacrebleu.utils import SACREBLEU_DIR

    return str(Path(SACREBLEU_DIR, "models"))


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", error)).split())


class Chrf(SacrebleuMetric):
    """chrF2, from 0 to 100: F-score of character 1- to 6-grams, recall counting twice, without whitespace.

    Args:
        name: the score's name.
        words: the longest n-grams of words that count too: none in chrF, 2 in chrF++.

    Source: Popović 2015, 2017; Post 2018 (sacrebleu).
    """

    def __init__(self, name: str, words: int) -> None:
        self.name = name
        self.words = words

    @property
    def choices(self) -> Mapping[str, str]:  # type: ignore[override]
        orders = {"nc": "6", "nw": str(self.words)}
        return {"case": "mixed", "eff": "yes", **orders, "space": "no", "version": _sacrebleu_version()}

    def make_scorer(self) -> Any:
        from sacrebleu.metrics import CHRF

        return CHRF(char_order=6, word_order=self.words, beta=2)

    def aggregate(self, totals: Floats) -> Floats:
        said, reference, match = totals[..., 0::3], totals[..., 1::3], totals[..., 2::3]
        counted = (said > 0) & (reference > 0)
        orders = np.maximum(counted.sum(axis=-1), 1)
        precision = np.where(counted, match / np.where(counted, said, 1), 0).sum(axis=-1) / orders
        recall = np.where(counted, match / np.where(counted, reference, 1), 0).sum(axis=-1) / orders
        whole = 4 * precision + recall
        return 100 * np.divide(5 * precision * recall, whole, out=np.zeros_like(whole), where=whole > 0)


class Ter(SacrebleuMetric):
    """Translation edit rate: edits, shifts of words among them, to a hundred words of the references; less is better.

    Source: Snover et al. 2006; Post 2018 (sacrebleu).
    """

    name = "ter"
    higher_is_better = False

    @property
    def choices(self) -> Mapping[str, str]:  # type: ignore[override]
        asked = {"case": "lc", "tok": "tercom", "norm": "no", "punct": "yes", "asian": "no"}
        return {**asked, "version": _sacrebleu_version()}

    def make_scorer(self) -> Any:
        from sacrebleu.metrics import TER

        return TER()

    def value(self, batch: Batch, statistics: Floats) -> float:
        # Lengths are means over the references, no whole numbers: added up one by one, as sacrebleu does.
        return float(self.scorer._aggregate_and_compute(statistics.tolist()).score)

    def aggregate(self, totals: Floats) -> Floats:
        edits, words = totals[..., 0], totals[..., 1]
        return 100 * np.divide(edits, words, out=np.asarray(edits > 0, dtype=np.float64), where=words > 0)


METRICS: tuple[Metric, ...] = (Bleu("bleu"), Bleu("bleu_t5", "intl"), Chrf("chrf", 0), Chrf("chrf++", 2), Ter())
