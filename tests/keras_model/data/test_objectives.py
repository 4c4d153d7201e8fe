"""Objectives over plain text: t5's own examples of the same draws, and no text lost."""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_model.data.noise import IidNoise, SpanNoise
from keras_model.data.objectives import OBJECTIVES, Objective
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer
from keras_model.tokenizers.tokenizer import Tokenizer

GOLDENS = json.loads((Path(__file__).parents[1] / "references" / "objectives.json").read_text())
SEED = st.integers(0, 2**32)
EOS = 1


class Numbers(Tokenizer):
    """A vocabulary of numbers, with sentinels from the last id down."""

    def __init__(self, vocab_size: int) -> None:
        self.size = vocab_size

    vocab_size = property(lambda self: self.size)  # type: ignore[assignment]
    unknown_id = property(lambda self: 2)  # type: ignore[assignment]
    fingerprint = ""  # type: ignore[assignment]

    def files(self) -> dict[str, bytes]:
        return {}

    def _ids(self, texts: list[str]) -> list[list[int]]:
        """Of `<extra_id_N>`, and of a mode token three ids."""
        return [[self.size - 1 - int(text[10:-1])] if "extra" in text else [5, 6, 7] for text in texts]

    def _texts(self, sequences: list[list[int]]) -> list[str]:
        raise NotImplementedError


VOCABULARIES = {"t5": Numbers(32_100), "mt5": Numbers(250_100), "bytes": ByteTokenizer()}
T5 = VOCABULARIES["t5"]


@functools.cache
def objective(name: str, inputs: int = 512, tokenizer: str = "t5", **settings: float) -> Objective:
    return Objective.of(name, VOCABULARIES[tokenizer], inputs, **settings)


def example(made: Objective, ids: Any, seed: int, first: int = 0) -> tuple[list[int], list[int]]:
    found = made.examples([np.asarray(ids, np.int32)], first, np.random.default_rng(seed))
    return found.sources[0].tolist(), found.targets[0].tolist()


def test_examples_are_those_of_t5_for_the_same_draws() -> None:
    seen: Counter[str] = Counter()
    for golden in GOLDENS["examples"]:
        settings = {key: golden[key] for key in ("noise_density", "mean_span") if golden[key] is not None}
        made = objective(golden["objective"], 96, golden["vocabulary"], **settings)
        if golden["vocabulary"] == "bytes" and golden["objective"] == "bert":
            continue  # its random ids are among 384, and not 259
        assert example(made, golden["ids"], golden["seed"]) == (golden["source"], golden["target"]), golden
        seen[golden["objective"]] += 1
    assert seen == {"spans": 72, "iid": 24, "bert": 8, "mass": 12, "drop": 12, "deshuffle": 12, "prefix_lm": 12}


def test_lengths_are_those_of_t5() -> None:
    for inputs, rate, mean, tokens, targets in GOLDENS["lengths"]:
        made = objective("spans", inputs, noise_density=rate, mean_span=mean)
        assert (made.chunk_lengths, made.targets) == ((tokens,), targets), (inputs, rate, mean)
    assert len(GOLDENS["lengths"]) == 78


def test_published_lengths() -> None:
    assert (objective("spans").chunk_lengths, objective("spans").targets) == ((568,), 114)
    assert (objective("iid").chunk_lengths, objective("iid").targets) == ((511,), 192)


def test_ul2_cycles_through_its_denoisers_each_with_its_mode() -> None:
    made = objective("ul2", 128)
    assert len(made.denoisers) == len(made.chunk_lengths) == 7
    texts = [np.arange(10, 10 + made.chunk_length(number), dtype=np.int32) for number in range(3, 17)]
    found = made.examples(texts, 3, np.random.default_rng(0))
    full = Counter(len(found.sources[i]) for i in range(14) if (i + 3) % 7 != 6)
    assert set(full) <= {127, 128}, "a source is as full as its spans allow"
    for i in range(14):
        source, target = found.sources[i].tolist(), found.targets[i].tolist()
        assert source[:3] == [5, 6, 7]
        assert (source[-1], target[-1]) == (EOS, EOS)
        rest = source[3:-1] + target[:-1] if (i + 3) % 7 == 6 else restored(source[3:], target)
        assert rest == texts[i].tolist()
    assert {denoiser.mode for denoiser in made.denoisers} == {"[NLU]", "[NLG]", "[S2S]"}


def restored(source: list[int], target: list[int], lowest: int = 31_000) -> list[int]:
    """Puts what the target holds after each sentinel into the sentinel's place in the source."""
    parts: list[list[int]] = [[]]
    for i in target[:-1]:
        if i > lowest:
            parts.append([])
        else:
            parts[-1].append(i)
    # A target that does not begin with a sentinel is one whose text begins with noise.
    text, spans = [], iter(parts if parts[0] else parts[1:])
    for i in source[:-1]:
        text += next(spans, []) if i > lowest else [i]
    return text


TEXTS = st.integers(2, 511).flatmap(
    lambda n: st.integers(0, 2**31).map(lambda s: np.random.default_rng(s).integers(3, 31_000, n))
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, SEED, st.sampled_from(["spans", "iid", "drop", "prefix_lm", "lm"]))
def test_source_and_target_together_are_the_text(ids: np.ndarray, seed: int, name: str) -> None:
    made = objective(name)
    source, target = example(made, ids, seed)
    assert (source[-1], target[-1]) == (EOS, EOS)
    assert len(source) <= 512
    if name in ("prefix_lm", "lm"):
        assert source[:-1] + target[:-1] == ids.tolist()
        assert len(target) > 1
    elif name == "drop":
        assert sorted(source[:-1] + target[:-1]) == sorted(ids.tolist())
    else:
        assert restored(source, target) == ids.tolist()


@settings(max_examples=60, deadline=None)
@given(TEXTS, SEED, st.sampled_from(["bert", "mass", "deshuffle"]))
def test_targets_that_are_the_whole_text(ids: np.ndarray, seed: int, name: str) -> None:
    source, target = example(objective(name), ids, seed)
    assert target == [*ids.tolist(), EOS]
    assert len(source) == len(target)
    if name == "deshuffle":
        assert sorted(source[:-1]) == sorted(ids.tolist())
    elif name == "mass":
        assert all(i in (32_099, own) for i, own in zip(source, target, strict=True))


def test_shares_of_noise_and_of_random_tokens() -> None:
    ids = np.full(511, 7)
    made, generator = objective("bert"), np.random.default_rng(0)
    source = made.examples([ids.astype(np.int32)] * 400, 0, generator).sources.values.reshape(400, 512)[:, :-1]
    assert np.mean(source != 7) == pytest.approx(0.15, abs=0.005)
    changed = source[source != 7]
    assert np.mean(changed != 32_099) == pytest.approx(0.1, abs=0.01)
    assert changed.min() > 2
    assert changed.max() == 32_099


@settings(deadline=None)
@given(st.integers(2, 600), SEED, st.sampled_from([0.1, 0.15, 0.5, 0.9]), st.sampled_from([1.0, 3.0, 64.0]))
def test_noise_in_spans(length: int, seed: int, rate: float, mean: float) -> None:
    noise = SpanNoise(rate, mean)
    lengths = np.array([length, 2, length, 5])
    drawn = np.split(noise.draw(lengths, np.random.default_rng(seed)), np.cumsum(lengths)[:-1])
    for one, size in zip(drawn, lengths.tolist(), strict=True):
        taken, runs = noise.counts(size)
        assert (one.sum(), np.sum(np.diff(one.astype(int)) == 1)) == (taken, runs)
        assert taken == min(max(round(size * rate), 1), size - 1)
        assert not one[0]
        assert one[-1]


def test_masks_are_equally_likely() -> None:
    length, draws = 34, 6000  # 5 taken, in 2 spans: 4 x 28 masks
    drawn = SpanNoise().draw(np.full(draws, length), np.random.default_rng(1)).reshape(draws, length)
    found = Counter(map(bytes, drawn))
    assert len(found) == 112
    # Chi-squared with 111 degrees of freedom: mean 111, standard deviation 15.
    assert 60 < sum((count - draws / 112) ** 2 / (draws / 112) for count in found.values()) < 170


def test_targets_of_random_noise_are_rarely_longer_than_said() -> None:
    texts = 4000
    for spans in (False, True):
        noise = IidNoise(0.15)
        drawn = noise.draw(np.full(texts, 511), np.random.default_rng(2)).reshape(texts, 511)
        starts = drawn & ~np.pad(drawn, [(0, 0), (1, 0)])[:, :-1]
        counts = drawn.sum(1) + spans * starts.sum(1)
        assert np.mean(counts > noise.most(511, spans)) < 0.002
        assert counts.max() > 0.9 * noise.most(511, spans)


def test_a_longer_target_is_cut_before_its_end() -> None:
    made = objective("drop", 32)
    # With so many seeds one text of 31 ids has more noise than is counted on.
    cut = [example(made, range(10, 41), seed)[1] for seed in range(3000)]
    longest = max(cut, key=len)
    assert len(longest) == made.targets
    assert {target[-1] for target in cut} == {EOS}


def test_prefixes_end_anywhere() -> None:
    made = objective("prefix_lm", 6)
    found = made.examples([np.arange(3, 8, dtype=np.int32)] * 2000, 0, np.random.default_rng(0))
    lengths = Counter((found.sources.lengths - 1).tolist())
    assert set(lengths) == {1, 2, 3, 4}
    assert min(lengths.values()) > 430


def test_sentinels_of_a_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    tokenizer = T5Tokenizer.train(["a small text about a small thing"], path, 30)
    size = tokenizer.vocab_size
    assert tokenizer.sentinels(3) == [size - 1, size - 2, size - 3]
    assert tokenizer.sentinels(103)[-4:] == [size - 100, size - 101, size - 102, size - 103], "as T5, into the pieces"
    assert ByteTokenizer().sentinels(3) == [258, 257, 256]
    with pytest.raises(ValueError, match=rf"needs {size} sentinels; the vocabulary has {size} ids"):
        tokenizer.sentinels(size)
    bare = T5Tokenizer(path, extra_ids=0)
    with pytest.raises(ValueError, match="needs 28 sentinels; the vocabulary has no <extra_id_0>"):
        Objective.of("spans", bare)
    for name in ("prefix_lm", "lm", "deshuffle", "drop"):
        assert Objective.of(name, bare).targets, "needs none"


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("spans", {"inputs": 2}, r"inputs must be at least 3 for objective spans\. Received: 2"),
        ("ul2", {"inputs": 5}, r"inputs must be at least 6 for objective ul2\. Received: 5"),
        ("spans", {"noise_density": 1.0}, r"noise_density is between 0 and 1, without these\. Received: 1\.0"),
        ("spans", {"mean_span": 0.5}, r"mean_span is at least 1\. Received: 0\.5"),
        ("iid", {"mean_span": 3.0}, "objective iid has no mean_span"),
        ("prefix_lm", {"noise_density": 0.3}, "objective prefix_lm has no noise_density"),
    ],
)
def test_settings_that_are_not_possible(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Objective.of(name, T5, **settings)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("inputs", [8, 9, 64])
def test_no_example_is_longer_than_its_objective_says(name: str, inputs: int) -> None:
    made = objective(name, inputs)
    texts = [np.arange(10, 10 + max(2, made.chunk_length(n) - n % 3), dtype=np.int32) for n in range(100)]
    found = made.examples(texts, 0, np.random.default_rng(3))
    assert found.sources.lengths.max() <= made.sources <= inputs
    assert found.targets.lengths.max() <= made.targets
