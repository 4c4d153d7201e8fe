"""Metrics of summaries: ROUGE, computed by rouge-score, or by rouge-score-rs, which gives the same bits faster.

For long texts both would fill the memory; `long_rouge` gives the same bits in little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from t5eval.metrics.long_rouge import f1, is_long, lcs_length, summary_hits
from t5eval.metrics.metric import Batch, Floats, Metric
from task_specs.texts.sentences import split_sentences, split_sentences_t5

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


@cache
def backend() -> str:
    """Returns the package that computes ROUGE: rouge-score-rs, or rouge-score where that is not installed."""
    return "rouge-score" if find_spec("rouge_score_rs") is None else "rouge-score-rs"


def _make_scorer(stemmer: bool, types: Sequence[str] = TYPES) -> Any:
    if backend() == "rouge-score-rs":
        from rouge_score_rs import rouge_scorer as fast

        return fast.RougeScorer(list(types), use_stemmer=stemmer)
    from rouge_score import rouge_scorer

    return rouge_scorer.RougeScorer(list(types), use_stemmer=stemmer)


def pair_scores(references: list[str], predictions: list[str], stemmer: bool) -> dict[str, Floats]:
    """Returns the F1 of each pair, from 0 to 1, by type, each of shape [pairs].

    Args:
        references: true summaries, a sentence a line.
        predictions: as many summaries.
        stemmer: whether words are stemmed (Porter).
    """
    scorer = _make_scorer(stemmer)
    scores = {kind: np.zeros(len(references)) for kind in TYPES}
    short = []
    for i, (reference, said) in enumerate(zip(references, predictions, strict=True)):
        if is_long(reference, said):
            for kind, value in _long_pair(reference, said, stemmer).items():
                scores[kind][i] = value
        else:
            short.append(i)
    results: list[Mapping[str, Any]]
    if backend() == "rouge-score-rs":
        results = scorer.score_batch([references[i] for i in short], [predictions[i] for i in short])
    else:
        results = [scorer.score(references[i], predictions[i]) for i in short]
    for i, result in zip(short, results, strict=True):
        for kind in TYPES:
            scores[kind][i] = result[kind].fmeasure
    return scores


def _long_pair(reference: str, said: str, stemmer: bool) -> dict[str, float]:
    """Returns the F1 of a pair that would take the packages more memory than there may be, by type."""
    from rouge_score.tokenizers import DefaultTokenizer

    words = DefaultTokenizer(stemmer).tokenize
    true_words, said_words = words(reference), words(said)
    sentences, others = (([line for line in text.split("\n") if line]) for text in (reference, said))
    in_one_piece = is_long(max(sentences, key=len, default=""), max(others, key=len, default=""))
    types = [kind for kind in TYPES if kind != "rougeL" and not (kind == "rougeLsum" and in_one_piece)]
    found = _make_scorer(stemmer, types).score(reference, said)
    scores = {kind: float(found[kind].fmeasure) for kind in types}
    scores["rougeL"] = f1(lcs_length(true_words, said_words), len(true_words), len(said_words))
    if in_one_piece:
        hits = summary_hits([words(line) for line in sentences], [words(line) for line in others])
        scores["rougeLsum"] = f1(hits, len(true_words), len(said_words))
    return scores


class Rouge(Metric):
    """The mean F1 of one kind of ROUGE, the best over an example's references.

    Args:
        kind: `rouge1`, `rouge2`: shared n-grams; `rougeL`: the longest common subsequence of whole texts;
            `rougeLsum`: of sentences, united over the summary, which papers call ROUGE-L.
        t5: as T5 computes it: unstemmed, with its own rule for sentences.

    Source: Lin 2004; rouge-score, Google Research; t5.evaluation.metrics.rouge (t5 0.9.4) for the rule.
    """

    answers = ("text",)
    additive = True
    caution = (
        "ROUGE is rouge-score's; ROUGE-1.5.5, which papers quote, was at most 0.10 away on 100 documents of five T5 "
        "sizes, and 0.3 on a published system"
    )

    def __init__(self, kind: str, t5: bool = False) -> None:
        self.kind = kind
        self.t5 = t5
        self.name = f"{kind}_t5" if t5 else kind
        self.split: Callable[[str], str] = split_sentences_t5 if t5 else split_sentences

    @property
    def choices(self) -> Mapping[str, str]:  # type: ignore[override]
        rule = {True: "newline or ' . '", False: "newline or [.!?] before a space"}[self.t5]
        return {
            "stemmer": "no" if self.t5 else "porter",
            **({"sentences": rule} if self.kind == "rougeLsum" else {}),
            "references": "max",
            "aggregate": "mean",
            "version": f"{backend()} {version(backend())}",
        }

    def _compute(self, batch: Batch) -> dict[str, Floats]:
        owners = [i for i, e in enumerate(batch.examples) for _ in e.gold.value]
        references = [self.split(text) for e in batch.examples for text in e.gold.value]
        said = [self.split(e.prediction) for e in batch.examples]
        scores = pair_scores(references, [said[i] for i in owners], stemmer=not self.t5)
        best = {kind: np.zeros(len(said)) for kind in TYPES}
        for kind in TYPES:
            np.maximum.at(best[kind], owners, scores[kind])
        return best

    def statistics(self, batch: Batch) -> Floats:
        f1 = batch.once(f"rouge {self.t5}", self._compute)[self.kind]
        return np.stack([f1, np.ones_like(f1)], axis=1)

    def aggregate(self, totals: Floats) -> Floats:
        f1, examples = totals[..., 0], totals[..., 1]
        return 100 * np.divide(f1, examples, out=np.full_like(f1, np.nan), where=examples != 0)


METRICS: tuple[Metric, ...] = tuple(Rouge(kind, t5) for t5 in (False, True) for kind in TYPES)
