"""BLEU, chrF, chrF++ and TER: sacrebleu's numbers, in our aggregate, in every resample, and on real translations."""

from __future__ import annotations

import math
import urllib.error
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.metrics import get_metric, translation
from t5eval.metrics.bootstrap import draw_counts
from t5eval.metrics.metric import Metric
from t5eval.scoring import score as scoring
from task_specs import TaskSpec, UserError, from_plain
from tests.t5eval.batches import text_batch

NAMES = ("bleu", "bleu_t5", "chrf", "chrf++", "ter")

WORDS = st.sampled_from(
    ["the", "cat", "sat", "on", "a", "mat", ".", ",", "3.50", "&amp;", "“ça”", "U.S.", "日本語", "-"]
)
TEXTS = st.one_of(
    st.lists(WORDS, max_size=12).map(" ".join),
    st.text(max_size=20),
    st.sampled_from(["", " ", "\n", "a-\nb", "\u2028"]),
)
CORPORA = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8)


def metric(name: str) -> Metric:
    return get_metric(name, "text")


def by_sacrebleu(name: str, said: list[str], streams: list[list[str | None]]) -> float:
    if name in ("chrf", "chrf++"):
        return float(sacrebleu.corpus_chrf(said, streams, word_order=2 if name == "chrf++" else 0).score)
    if name == "ter":
        return float(sacrebleu.corpus_ter(said, streams).score)
    tokenizer = {"bleu": "13a", "bleu_t5": "intl"}[name]
    return float(sacrebleu.corpus_bleu(said, streams, tokenize=tokenizer, force=True).score)


@pytest.mark.parametrize("name", NAMES)
@given(corpus=CORPORA)
@settings(max_examples=150, deadline=None)
def test_the_value_is_sacrebleus(name: str, corpus: list[tuple[str, str]]) -> None:
    references, said = [r for r, _ in corpus], [s for _, s in corpus]
    batch = text_batch(references, said)
    statistics = metric(name).statistics(batch)
    expected = by_sacrebleu(name, said, [list(references)])
    assert metric(name).value(batch, statistics) == expected
    assert float(metric(name).aggregate(statistics.sum(axis=0))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_every_resample_is_a_corpus_of_its_own(name: str) -> None:
    references = ["the cat sat on the mat .", "a dog barked", "it costs $3.50 , they say", "ein Haus", "x y z w v"]
    said = ["the cat sat on a mat .", "a dog barked", "it cost 3.50 they said", "", "x y z w"]
    statistics = metric(name).statistics(text_batch(references, said))
    counts = next(iter(draw_counts(5, resamples=40)))
    scores = metric(name).resample(statistics, counts)
    for row, score in zip(counts.astype(int), scores, strict=True):
        drawn = [i for i, count in enumerate(row) for _ in range(count)]
        expected = by_sacrebleu(name, [said[i] for i in drawn], [[references[i] for i in drawn]])
        assert score == pytest.approx(expected, abs=1e-9)


def bleu_by_definition(said: list[str], references: list[list[str]]) -> float:
    """BLEU of texts that are already tokens, with exponential smoothing, written out (Papineni et al. 2002)."""

    def grams(text: str, n: int) -> Counter[tuple[str, ...]]:
        words = text.split()
        return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))

    logs, halves = 0.0, 1.0
    for n in range(1, 5):
        correct = total = 0
        for text, true in zip(said, references, strict=True):
            best: Counter[tuple[str, ...]] = Counter()
            for reference in true:
                best |= grams(reference, n)
            correct += sum((grams(text, n) & best).values())
            total += sum(grams(text, n).values())
        if correct == 0:
            halves /= 2
        logs += math.log((correct or halves) / total)
    length = sum(len(text.split()) for text in said)
    closest = 0
    for text, true in zip(said, references, strict=True):
        closest += min((abs(len(r.split()) - len(text.split())), len(r.split())) for r in true)[1]
    return 100 * min(1.0, math.exp(1 - closest / length)) * math.exp(logs / 4)


def test_several_references_each_with_its_own_example() -> None:
    """Three examples with two references: a transposed call would compare the wrong texts (t5 does so)."""
    said = ["the small cat sleeps here now", "he goes home late at night", "we like green tea very much"]
    references = [
        ["the little cat sleeps here now", "here the small cat is sleeping now today"],
        ["he goes home late", "he is going home late at night"],
        ["we love green tea", "green tea is what we like very much"],
    ]
    batch = text_batch(references, said)
    for name in ("bleu", "bleu_t5"):
        statistics = metric(name).statistics(batch)
        value = metric(name).value(batch, statistics)
        assert value == pytest.approx(bleu_by_definition(said, references), abs=1e-9)
        assert metric(name).details(batch) == {"nrefs": "2"}
    streams: list[list[str | None]] = [[r[i] for r in references] for i in range(2)]
    for name in ("chrf", "chrf++", "ter"):
        assert metric(name).value(batch, metric(name).statistics(batch)) == by_sacrebleu(name, said, streams)


def test_as_many_references_as_each_example_has() -> None:
    references = [["a b c d e", "a b c d f"], ["k l m n o"]]
    said = ["a b c d f", "k l m n x"]
    batch = text_batch(references, said)
    statistics = metric("bleu").statistics(batch)
    assert metric("bleu").value(batch, statistics) == pytest.approx(bleu_by_definition(said, references), abs=1e-9)
    assert metric("bleu").details(batch) == {"nrefs": "var"}


def test_tokenisations_differ_where_they_should() -> None:
    batch = text_batch(["He said &quot;no&quot; at 3,50€."], ['He said "no" at 3,50€.'])
    bleu, bleu_t5 = (metric(name).value(batch, metric(name).statistics(batch)) for name in ("bleu", "bleu_t5"))
    assert bleu == pytest.approx(100)  # 13a resolves entities, intl does not
    assert bleu_t5 < 60


def test_bounds() -> None:
    same = text_batch(["one two three four five"] * 2, ["one two three four five"] * 2)
    empty = text_batch(["one two three four five"] * 2, ["", ""])
    for name in NAMES:
        bounds = (0.0, 100.0) if name == "ter" else (100.0, 0.0)  # of edits, all words have to be written
        for batch, expected in zip((same, empty), bounds, strict=True):
            statistics = metric(name).statistics(batch)
            assert metric(name).value(batch, statistics) == pytest.approx(expected)
            assert float(metric(name).aggregate(statistics.sum(axis=0))) == pytest.approx(expected)
            assert np.isfinite(metric(name).resample(statistics, np.array([[2.0, 0.0], [0.0, 2.0]]))).all()


def test_signature_holds_sacrebleus_own() -> None:
    spec = task_specs.get("wmt17/en-de")
    examples = scoring.reference_examples(spec, ["ein Haus", "zwei"])
    spec = replace(spec, metrics=NAMES)
    result = scoring.score_split(spec, "references", scoring.judge(spec, examples, {"0": "ein Haus", "1": "drei"}))
    for name, scorer in (
        ("chrf++", sacrebleu.CHRF(word_order=2)),
        ("ter", sacrebleu.TER()),
        ("bleu", sacrebleu.BLEU()),
        ("bleu_t5", sacrebleu.BLEU(tokenize="intl")),
        ("chrf", sacrebleu.CHRF()),
    ):
        scorer.corpus_score(["a"], [["a"]])
        assert str(scorer.get_signature()) in result.scores[name].signature
        assert result.scores[name].signature.startswith(f"{name}|n:2|nrefs:1|case:")
        assert result.scores[name].ci95 is not None


def row(tokenizer: str = "", target: str = "de") -> TaskSpec:
    """A row with BLEU alone, whose target is in some language."""
    spec = task_specs.get("wmt17/en-de")
    return replace(
        spec,
        source=replace(spec.source, target=target),
        answer=replace(spec.answer, field=target, tokenizer=tokenizer),
        metrics=("bleu",),
        task_score=("bleu",),
        submission=None,
    )


CHINESE = ["这是一个句子。", "我们 2024 年去了北京,很高兴!"], ["这是句子。", "我们 2024 年去北京,高兴!"]


@pytest.mark.parametrize(
    ("spec", "tokenizer"),
    [
        (row(), "13a"),
        (row(target="zh"), "zh"),
        (row("char", target="zh"), "char"),
        (row("intl"), "intl"),
        (row("none"), "none"),
        pytest.param(row(target="ja"), "ja-mecab", marks=pytest.mark.parity),
        pytest.param(row(target="ko"), "ko-mecab", marks=pytest.mark.parity),
    ],
)
def test_the_row_chooses_the_tokenizer(spec: TaskSpec, tokenizer: str) -> None:
    references, said = CHINESE
    examples = scoring.reference_examples(spec, references)
    judged = scoring.judge(spec, examples, dict(zip("01", said, strict=True)))
    found = scoring.score_split(spec, "references", judged).scores["bleu"]
    scorer = sacrebleu.BLEU(tokenize=tokenizer, force=True)
    assert found.value == scorer.corpus_score(said, [references]).score
    assert str(scorer.get_signature()) in found.signature
    assert f"|tok:{tokenizer}" in found.signature
    assert from_plain(spec.to_dict(), "here") == spec


def _without_mecab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_ja_mecab.MeCab", None)


def _without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*asked: object) -> None:
        raise urllib.error.URLError("no network here")

    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_spm.download_file", refuse)
    monkeypatch.setattr("sacrebleu.tokenizers.tokenizer_spm.SACREBLEU_DIR", "/absent")


@pytest.mark.parametrize(
    ("tokenizer", "lack", "message"),
    [
        ("ja-mecab", _without_mecab, r"pip install 'sacrebleu\[ja\]'$"),
        ("flores200", _without_network, r"cannot be fetched or read \(no network here\); sacrebleu keeps it in "),
    ],
)
def test_a_tokenizer_that_is_not_there_is_said_before_anything_is_predicted(
    monkeypatch: pytest.MonkeyPatch, tokenizer: str, lack: Callable[[pytest.MonkeyPatch], None], message: str
) -> None:
    lack(monkeypatch)
    translation._bleu.cache_clear()
    with pytest.raises(UserError, match=message):
        scoring.require_metrics(row(tokenizer))


def test_uedins_system_of_2017(shared_data: Path) -> None:
    """A real system's published output gets the scores that sacrebleu gives it."""
    folder = shared_data / "predictions" / "wmt"
    references = shared_data / "wmt" / "en-de" / "newstest2017.de"
    lines = [p.read_text(encoding="utf-8").split("\n")[:-1] for p in (references, folder / "newstest2017.uedin-nmt.de")]
    spec = task_specs.get("wmt17/en-de")
    examples = scoring.reference_examples(spec, lines[0])
    predictions = {str(i): text for i, text in enumerate(lines[1])}
    scores = scoring.score_split(spec, "references", scoring.judge(spec, examples, predictions)).scores
    values = {name: score.value for name, score in scores.items()}
    assert values["bleu"] == pytest.approx(28.3012, abs=5e-5)
    assert values["bleu_t5"] == pytest.approx(28.5026, abs=5e-5)
    assert values["chrf"] == by_sacrebleu("chrf", lines[1], [list(lines[0])])
    for score in scores.values():
        assert score.value is not None
        low, high = score.ci95 or (0, 100)
        assert low < score.value < high
        assert high - low < 2
