"""Metrics of summaries: ROUGE, computed by rouge-score, or by rouge-score-rs, which gives the same bits faster.

For long texts both would fill the memory; `long_rouge` gives the same bits in little.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np

from t5eval.metrics.long_rouge import f1, is_long, lcs_length, summary_hits
from t5eval.metrics.metric import Batch, Floats, Metric
from task_specs.texts.sentences import split_sentences, split_sentences_t5, split_sentences_unicode

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


UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"  # scripts without spaces between words


class UnicodeWords:
    """Texts of any script as ones that ROUGE's own tokenizer takes apart into the same words, each under a number.

    A word is a run of letters, marks and digits in lower case; in scripts without spaces it is a letter with its marks.
    """

    def __init__(self) -> None:
        import regex

        word = rf"[{UNSPACED}]\p{{M}}*|[[\p{{L}}\p{{M}}\p{{N}}]--[{UNSPACED}]]+"
        self.words = regex.compile(word, regex.V1)
        self.numbers: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        """Returns a text as said above, a sentence a line."""
        lines = split_sentences_unicode(unicodedata.normalize("NFKC", text).lower()).split("\n")
        return "\n".join(" ".join(map(self._number, self.words.findall(line))) for line in lines)

    def _number(self, word: str) -> str:
        return self.numbers.setdefault(word, f"w{len(self.numbers)}")


@dataclass(frozen=True)
class Variant:
    """How one family of scores reads a text: its words, their stems, and where sentences end.

    Attributes:
        splitter: makes what turns a text into one with a sentence a line.
        rule: where its sentences end, in words.
        stemmer: whether words are stemmed (Porter).
        words: what a word is, in words; empty for rouge-score's own.
    """

    splitter: Callable[[], Callable[[str], str]]
    rule: str
    stemmer: bool = False
    words: str = ""


VARIANTS = {
    "": Variant(lambda: split_sentences, "newline or [.!?] before a space", stemmer=True),
    "_t5": Variant(lambda: split_sentences_t5, "newline or ' . '"),
    "_unicode": Variant(UnicodeWords, "newline, [.!?] before a space or a mark of another script", words="unicode"),
}
"""By the ending of a score's name: the official one, T5's, and one for all scripts."""


class Rouge(Metric):
    """The mean F1 of one kind of ROUGE, the best over an example's references.

    Args:
        kind: `rouge1`, `rouge2`: shared n-grams; `rougeL`: the longest common subsequence of whole texts;
            `rougeLsum`: of sentences, united over the summary, which papers call ROUGE-L.
        variant: which of `VARIANTS`.

    Source: Lin 2004; rouge-score, Google Research; t5.evaluation.metrics.rouge (t5 0.9.4) for its rule.
    """

    answers = ("text",)
    additive = True

    def __init__(self, kind: str, variant: str = "") -> None:
        self.kind = kind
        self.name = kind + variant
        self.variant = VARIANTS[variant]

    @property
    def choices(self) -> Mapping[str, str]:  # type: ignore[override]
        return {
            **({"tok": self.variant.words} if self.variant.words else {}),
            "stemmer": "porter" if self.variant.stemmer else "no",
            **({"sentences": self.variant.rule} if self.kind == "rougeLsum" else {}),
            "references": "max",
            "aggregate": "mean",
            "version": f"{backend()} {version(backend())}",
        }

    def cautions(self, batch: Batch) -> Iterable[str]:
        if self.variant.words:
            return
        yield (
            "ROUGE is rouge-score's; ROUGE-1.5.5, which papers quote, was at most 0.10 away on 100 documents of five "
            "T5 sizes, and 0.3 on a published system"
        )
        references = {e.id: "\n".join(e.gold.value) for e in batch.examples}
        for what, texts in ("references", references), ("predictions", {e.id: e.prediction for e in batch.examples}):
            lost = [example_id for example_id, text in texts.items() if _is_foreign(text)]
            if lost:
                yield (
                    f"{len(lost):,} of {len(texts):,} {what} are in letters that ROUGE leaves out, which keeps a-z and "
                    f"0-9 (id {', '.join(lost[:3])}{', ...' if len(lost) > 3 else ''}); rouge1_unicode and the like "
                    f"count them"
                )

    def _compute(self, batch: Batch) -> dict[str, Floats]:
        split = self.variant.splitter()
        owners = [i for i, e in enumerate(batch.examples) for _ in e.gold.value]
        references = [split(text) for e in batch.examples for text in e.gold.value]
        said = [split(e.prediction) for e in batch.examples]
        scores = pair_scores(references, [said[i] for i in owners], stemmer=self.variant.stemmer)
        best = {kind: np.zeros(len(said)) for kind in TYPES}
        for kind in TYPES:
            np.maximum.at(best[kind], owners, scores[kind])
        return best

    def statistics(self, batch: Batch) -> Floats:
        f1 = batch.once(f"rouge {self.variant.rule}", self._compute)[self.kind]
        return np.stack([f1, np.ones_like(f1)], axis=1)

    def aggregate(self, totals: Floats) -> Floats:
        f1, examples = totals[..., 0], totals[..., 1]
        return 100 * np.divide(f1, examples, out=np.full_like(f1, np.nan), where=examples != 0)


def _is_foreign(text: str) -> bool:
    """Returns whether ROUGE's own tokenizer drops most of a text's letters."""
    if text.isascii():
        return False
    dropped = sum(char.isalnum() and not char.isascii() for char in text)
    return 2 * dropped > sum(map(str.isalnum, text))


METRICS: tuple[Metric, ...] = tuple(Rouge(kind, variant) for variant in VARIANTS for kind in TYPES)
