"""ROUGE: rouge-score's numbers to the last bit, by either package, on made-up, adversarial and real texts."""

from __future__ import annotations

import re
import sys
import time
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score import rouge_scorer

import task_specs
from t5eval.metrics import get_metric, long_rouge, summarisation
from t5eval.metrics.metric import Metric
from t5eval.metrics.summarisation import TYPES, pair_scores
from t5eval.scoring import score as scoring
from task_specs.texts.sentences import split_sentences, split_sentences_t5
from tests.t5eval.batches import text_batch

WORDS = st.sampled_from(
    "the a run running runs ran cat cats Cat's café naïve U.S. 3.50 1,000 co-op . ! ? , `` '' ( ) ünder 日本 \n \t \x0b"
    " agreed conflated sky ies ing lying İstanbul ß ﬁre Ⅳ ² \u2028".split(" ")
)
TEXTS = st.one_of(
    st.lists(WORDS, max_size=25).map(" ".join),
    st.text(max_size=30),
    st.sampled_from(["", "\n", " . ", ".", "\n\n\n", "a" * 2000, "a b " * 300, "\ud800 x", "<extra_id_0>"]),
)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6)


def metric(name: str) -> Metric:
    return get_metric(name, "text")


@pytest.fixture(params=["rouge-score-rs", "rouge-score"])
def each_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "rouge-score-rs":
        pytest.importorskip("rouge_score_rs")
    monkeypatch.setattr(summarisation, "backend", lambda: request.param)
    return str(request.param)


@pytest.mark.parametrize("stemmer", [True, False])
@given(pairs=PAIRS)
@settings(max_examples=150, deadline=None)
def test_bit_for_bit_rouge_score(stemmer: bool, pairs: list[tuple[str, str]]) -> None:
    assert summarisation.backend() == "rouge-score-rs"
    found = pair_scores([r for r, _ in pairs], [s for _, s in pairs], stemmer)
    scorer = rouge_scorer.RougeScorer(TYPES, use_stemmer=stemmer)
    for i, (reference, said) in enumerate(pairs):
        expected = scorer.score(reference, said)
        assert {kind: found[kind][i] for kind in TYPES} == {kind: expected[kind].fmeasure for kind in TYPES}


@pytest.mark.parametrize("stemmer", [True, False])
@given(pairs=PAIRS)
@settings(max_examples=150, deadline=None)
def test_bit_for_bit_in_little_memory(stemmer: bool, pairs: list[tuple[str, str]]) -> None:
    """What long texts are scored by, on the same texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_rouge, "MAX_CELLS", 0)
        found = pair_scores([r for r, _ in pairs], [s for _, s in pairs], stemmer)
    scorer = rouge_scorer.RougeScorer(TYPES, use_stemmer=stemmer)
    for i, (reference, said) in enumerate(pairs):
        expected = scorer.score(reference, said)
        assert {kind: found[kind][i] for kind in TYPES} == {kind: expected[kind].fmeasure for kind in TYPES}


@given(st.lists(st.sampled_from("abc"), max_size=40), st.lists(st.sampled_from("abcd"), max_size=40))
@settings(max_examples=300, deadline=None)
def test_the_subsequence_that_rouge_score_reads_out(words: list[str], others: list[str]) -> None:
    places = rouge_scorer.lcs_ind(words, others)
    assert sorted(long_rouge.lcs_places(words, others)) == places
    assert long_rouge.lcs_length(words, others) == len(places)


SENTENCES = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=5), min_size=1, max_size=4)


@given(SENTENCES, SENTENCES)
@settings(max_examples=200, deadline=None)
def test_a_word_is_hit_as_often_as_either_text_has_it(sentences: list[list[str]], others: list[list[str]]) -> None:
    recall = rouge_scorer._summary_level_lcs(sentences, others).recall
    assert long_rouge.summary_hits(sentences, others) == pytest.approx(recall * sum(map(len, sentences)))


def test_without_the_fast_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summarisation, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "rouge_score_rs", None)
    summarisation.backend.cache_clear()
    try:
        assert summarisation.backend() == "rouge-score"
        found = pair_scores(["the cats sat"], ["the cat sat down"], stemmer=True)
        assert found["rouge1"][0] == pytest.approx(6 / 7)
        assert metric("rouge1").choices["version"].startswith("rouge-score ")
    finally:
        summarisation.backend.cache_clear()


def lcs(a: list[str], b: list[str]) -> set[int]:
    """Returns the places in `a` of a longest common subsequence with `b`."""
    best: dict[tuple[int, int], tuple[int, ...]] = {}
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            if not i or not j:
                best[i, j] = ()
            elif a[i - 1] == b[j - 1]:
                best[i, j] = (*best[i - 1, j - 1], i - 1)
            else:
                best[i, j] = max(best[i - 1, j], best[i, j - 1], key=len)
    return set(best[len(a), len(b)])


def f1(shared: int, true: int, said: int) -> float:
    return 200 * shared / (true + said) if shared else 0.0


def test_the_definitions_written_out(each_backend: str) -> None:
    """Lin 2004, on distinct words without a choice of subsequence: n-grams, LCS, and LCS united over sentences."""
    reference = "police killed the gunman.\nhe had fled north."
    said = "the gunman was killed. north he fled."
    true_words, said_words = reference.replace(".", "").split(), said.replace(".", "").split()
    batch = text_batch([reference], [said])
    value = {name: metric(name).value(batch, metric(name).statistics(batch)) for name in (f"{k}_t5" for k in TYPES)}

    ones = sum((Counter(true_words) & Counter(said_words)).values())
    assert value["rouge1_t5"] == pytest.approx(f1(ones, 8, 7))
    twos = sum((Counter(pairwise(true_words)) & Counter(pairwise(said_words))).values())
    assert value["rouge2_t5"] == pytest.approx(f1(twos, 7, 6))
    assert value["rougeL_t5"] == pytest.approx(f1(len(lcs(true_words, said_words)), 8, 7))
    # T5 breaks at a stop between spaces only, so that what was said is one sentence; our rule finds both.
    true_sentences = [["police", "killed", "the", "gunman"], ["he", "had", "fled", "north"]]
    said_sentences = [["the", "gunman", "was", "killed"], ["north", "he", "fled"]]
    one_sentence = sum(len(lcs(sentence, said_words)) for sentence in true_sentences)
    assert value["rougeLsum_t5"] == pytest.approx(f1(one_sentence, 8, 7))
    united = sum(len(set().union(*(lcs(t, s) for s in said_sentences))) for t in true_sentences)
    assert metric("rougeLsum").value(batch, metric("rougeLsum").statistics(batch)) == pytest.approx(f1(united, 8, 7))


@pytest.mark.parametrize(
    ("text", "ours", "t5"),
    [
        ("a . b", "a .\nb", "a .\nb"),
        ("a. b! c? d", "a.\nb!\nc?\nd", "a. b! c? d"),
        ('"a." (b.) c', '"a."\n(b.)\nc', '"a." (b.) c'),
        ("a.\nb . c .", "a.\nb .\nc .", "a.\nb .\nc ."),
        ("3.50 a.b", "3.50 a.b", "3.50 a.b"),
        ("a .  b", "a .\nb", "a .\n b"),
        ("U.S. troops", "U.S.\ntroops", "U.S. troops"),
        ("a.’ b", "a.’\nb", "a.’ b"),
        ("", "", ""),
    ],
)
def test_sentences(text: str, ours: str, t5: str) -> None:
    assert split_sentences(text) == ours
    assert split_sentences_t5(text) == t5


def test_splitting_takes_linear_time() -> None:
    start = time.process_time()
    for piece in (".", ". ", '."', '"', " ", '.""""', "\n"):
        split_sentences(piece * 200_000)
    assert time.process_time() - start < 5


@given(text=st.text(alphabet="ab.!?\"' \n\t”", max_size=40))
@settings(deadline=None)
def test_splitting_moves_whitespace_only(text: str) -> None:
    assert split_sentences(text).split() == text.split()
    assert split_sentences(split_sentences(text)) == split_sentences(text)


def test_the_rule_matters_for_summaries_alone(each_backend: str) -> None:
    joined = text_batch(["First point. Second one here."], ["Second one here. First point."])
    broken = text_batch(["First point. Second one here."], ["Second one here.\nFirst point."])
    for name in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        values = [metric(name).value(b, metric(name).statistics(b)) for b in (joined, broken)]
        assert values[0] == values[1]
    assert metric("rougeLsum").value(joined, metric("rougeLsum").statistics(joined)) == pytest.approx(100)
    for name in ("rougeL", "rougeLsum_t5"):
        assert metric(name).value(joined, metric(name).statistics(joined)) == pytest.approx(60)


def test_stemming() -> None:
    batch = text_batch(["cats running"], ["cat runs"])
    assert metric("rouge1").value(batch, metric("rouge1").statistics(batch)) == pytest.approx(100)
    assert metric("rouge1_t5").value(batch, metric("rouge1_t5").statistics(batch)) == 0


def test_empty_texts_and_the_mean(each_backend: str) -> None:
    batch = text_batch(["a b", "a b", "", "日本"], ["a b", "", "a", "日本"])
    for name in (*TYPES, *(f"{kind}_t5" for kind in TYPES)):
        statistics = metric(name).statistics(batch)
        assert statistics[:, 0].tolist() == [1.0, 0.0, 0.0, 0.0]  # only a-z and 0-9 make words
        assert metric(name).value(batch, statistics) == 25.0


def test_the_best_of_several_references(each_backend: str) -> None:
    batch = text_batch([["x y", "a b"], ["c d"], ["e", "e f", "g"]], ["a b", "c x", "e f"])
    statistics = metric("rouge1").statistics(batch)
    assert statistics[:, 0].tolist() == [1.0, 0.5, 1.0]
    assert metric("rouge1").value(batch, statistics) == pytest.approx(100 * 2.5 / 3)


def test_signatures() -> None:
    spec = task_specs.get("cnn_dailymail")
    examples = scoring.reference_examples(spec, ["a b .", "c d ."])
    scores = scoring.score_split(spec, "references", scoring.judge(spec, examples, {"0": "a b .", "1": "c"})).scores
    assert list(scores) == list(spec.metrics)
    assert "|stemmer:porter|sentences:newline or [.!?] before a space|" in scores["rougeLsum"].signature
    assert "|stemmer:no|sentences:newline or ' . '|" in scores["rougeLsum_t5"].signature
    assert "sentences" not in scores["rouge1"].signature
    assert all("|aggregate:mean|version:rouge-score-rs " in score.signature for score in scores.values())
    assert all(score.ci95 is not None for score in scores.values())


@pytest.fixture(scope="module")
def real_pairs(shared_data: Path) -> tuple[list[str], list[str]]:
    folder = shared_data / "predictions" / "cnn_dailymail"
    names = ("test.cnndm.reference", "test.cnndm.ours")
    references, said = ((folder / name).read_text(encoding="utf-8").split("\n")[:-1] for name in names)
    return references, said


def test_real_summaries_bit_for_bit(real_pairs: tuple[list[str], list[str]], shared_data: Path) -> None:
    cased = (shared_data / "predictions" / "cnn_dailymail" / "test.highlights").read_text(encoding="utf-8")
    references = [*real_pairs[0][::60], *cased.split("\n")[:-1:120]]
    said = [*real_pairs[1][::60], *cased.split("\n")[1:-1:120]]
    for stemmer in (True, False):
        found = pair_scores(references, said[: len(references)], stemmer)
        scorer = rouge_scorer.RougeScorer(TYPES, use_stemmer=stemmer)
        for i, (reference, text) in enumerate(zip(references, said, strict=True)):
            expected = scorer.score(reference, text)
            assert [found[kind][i] for kind in TYPES] == [expected[kind].fmeasure for kind in TYPES]


def test_a_published_system(real_pairs: tuple[list[str], list[str]]) -> None:
    """Its paper has 46.67, 22.15 and 43.54 by ROUGE-1.5.5; rouge-score stems and counts a little otherwise."""
    spec = task_specs.get("cnn_dailymail")
    start = time.process_time()
    examples = scoring.reference_examples(spec, real_pairs[0])
    predictions = {str(i): text for i, text in enumerate(real_pairs[1])}
    scores = scoring.score_split(spec, "references", scoring.judge(spec, examples, predictions)).scores
    elapsed = time.process_time() - start
    values = {name: score.value for name, score in scores.items()}
    for name, published in (("rouge1", 46.67), ("rouge2", 22.15), ("rougeLsum", 43.54)):
        assert values[name] == pytest.approx(published, abs=0.3)
    assert values["rouge1"] == pytest.approx(46.40069875147946, abs=1e-9)
    assert values["rouge2"] == pytest.approx(22.0840666783518, abs=1e-9)
    assert values["rouge2_t5"] == pytest.approx(21.53079051099091, abs=1e-9)
    assert values["rougeL"] == pytest.approx(31.456, abs=1e-3)  # without sentences
    assert all(np.diff(score.ci95 or (0, 9)) < 1 for score in scores.values())
    assert elapsed < 15


@pytest.mark.parametrize(
    "text",
    [
        "यह एक वाक्य है। यह दूसरा है।",
        "这是一个句子。这是第二个。",
        "Это предложение. Вот второе!",
        "これは文です。二つ目。",
        "Größe und Éclair, ja!",
    ],
)
def test_identical_texts_of_any_script_score_100_by_unicode_words(text: str) -> None:
    batch = text_batch([text], [text])
    for kind in TYPES:
        unicode = metric(f"{kind}_unicode")
        assert unicode.value(batch, unicode.statistics(batch)) == pytest.approx(100)
        assert unicode.choices["tok"] == "unicode"
        assert list(unicode.cautions(batch)) == []
    lost = [line for line in metric("rouge1").cautions(batch) if "leaves out" in line]
    assert [line[:16] for line in lost] == ([] if text.startswith("G") else ["1 of 1 reference", "1 of 1 predictio"])


class Words:
    """Unicode words, written out: letters of scripts without spaces by themselves, else runs of letters and marks."""

    def tokenize(self, text: str) -> list[str]:
        words = [""]
        for char in unicodedata.normalize("NFKC", text).lower():
            if unicodedata.name(char, "").startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA LETTER", "THAI")):
                words += [char, ""]
            elif unicodedata.category(char)[0] in "LMN":
                words[-1] += char
            else:
                words.append("")
        return [word for word in words if word]


def test_unicode_rouge_is_rouge_score_with_that_tokenizer() -> None:
    references = ["Это первое предложение. Вот второе!", "我们去了北京。今天下雨了。", "Der Bär läuft weit. Ja!"]
    said = ["Вот первое предложение. Это второе!", "今天我们去了北京。雨了。", "Der Bar läuft. Ja, weit!"]
    batch = text_batch(references, said)
    scorer = rouge_scorer.RougeScorer(list(TYPES), tokenizer=Words())
    broken = [[re.sub(r"([.!] |。)", r"\1\n", text) for text in texts] for texts in (references, said)]
    expected = [scorer.score(*pair) for pair in zip(*broken, strict=True)]
    for kind in TYPES:
        unicode = metric(f"{kind}_unicode")
        value = unicode.value(batch, unicode.statistics(batch))
        assert value == pytest.approx(100 * sum(e[kind].fmeasure for e in expected) / 3)
        assert 30 < value < 100


@pytest.mark.parametrize(("foreign", "shown"), [(3, "0, 1, 2"), (4, "0, 1, 2, ...")])
def test_texts_in_letters_that_rouge_leaves_out_are_counted(foreign: int, shown: str) -> None:
    said = ["дом ab"] * foreign + ["до ab", "abc"]  # three of five letters; half of four; none
    _, *lost = metric("rouge1").cautions(text_batch(["abc"] * len(said), said))
    assert [line.partition("; ")[0] for line in lost] == [
        f"{foreign} of {foreign + 2} predictions are in letters that ROUGE leaves out, which keeps a-z and 0-9 "
        f"(id {shown})"
    ]


def test_a_summary_without_its_reference_is_no_pair() -> None:
    with pytest.raises(ValueError, match="longer than"):
        pair_scores(["a"], ["a", "b"], stemmer=False)
