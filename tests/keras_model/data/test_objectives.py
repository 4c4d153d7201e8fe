"""Span corruption and prefix LM: no text is lost, T5's published lengths, and T5's algorithm written again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_model.data.objectives import (
    PrefixLm,
    SpanCorruption,
    corrupted_lengths,
    noise_and_spans,
    sentinel_ids,
    span_corruption_length,
)
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from keras_model.tokenizers.sentencepiece import T5Tokenizer

EOS = 1
SENTINELS = np.arange(32099, 31999, -1)
TEXT = st.lists(st.integers(3, 31999), min_size=2, max_size=568).map(np.array)
SEED = st.integers(0, 2**32)


def restored(source: np.ndarray, target: np.ndarray) -> list[int]:
    """Puts what the target holds after each sentinel into the sentinel's place in the source."""
    spans: dict[int, list[int]] = {}
    for i in target[:-1].tolist():
        if i in SENTINELS:
            spans[i] = here = []
        else:
            here.append(i)
    text = []
    for i in source[:-1].tolist():
        text += spans.pop(i) if i in SENTINELS else [i]
    assert not spans
    return text


@given(TEXT, SEED)
def test_source_and_target_together_are_the_text(ids: np.ndarray, seed: int) -> None:
    source, target = SpanCorruption(SENTINELS).pair(ids, np.random.default_rng(seed))
    assert restored(source, target) == ids.tolist()
    assert (source[-1], target[-1]) == (EOS, EOS)
    assert (len(source), len(target)) == corrupted_lengths(len(ids))
    assert source.dtype == target.dtype == np.int32


@given(TEXT, SEED)
def test_share_of_noise_and_number_of_spans(ids: np.ndarray, seed: int) -> None:
    source, target = SpanCorruption(SENTINELS).pair(ids, np.random.default_rng(seed))
    in_source = source[source > 31999].tolist()
    in_target = target[target > 31999].tolist()
    taken = len(target) - 1 - len(in_target)
    assert taken == max(1, round(0.15 * len(ids)))
    assert len(in_source) == max(1, round(taken / 3))
    # The same sentinels in both, from <extra_id_0> down, each once.
    assert in_source == in_target == list(range(32099, 32099 - len(in_source), -1))
    # Every span holds something.
    assert not (np.diff((target > 31999).astype(int)) == 0)[target[1:] > 31999].any()
    assert source[0] == ids[0]
    assert target[-2] == ids[-1]


@pytest.mark.parametrize(("inputs", "raw", "targets"), [(512, 568, 114), (1024, 1137, 229), (256, 284, 58), (4, 3, 3)])
def test_lengths(inputs: int, raw: int, targets: int) -> None:
    assert span_corruption_length(inputs) == raw
    assert corrupted_lengths(raw) == (inputs, targets)
    assert corrupted_lengths(raw + 1)[0] > inputs


@given(st.integers(4, 2000))
def test_the_raw_length_is_the_greatest_that_fits(inputs: int) -> None:
    raw = span_corruption_length(inputs)
    assert corrupted_lengths(raw)[0] <= inputs < corrupted_lengths(raw + 1)[0]


def t5_mask(length: int, generator: np.random.Generator) -> np.ndarray:
    """T5's random_spans_noise_mask, as its description has it: shuffled indicators of where segments begin."""
    noise = min(max(int(np.round(length * 0.15)), 1), length - 1)
    spans = max(int(np.round(noise / 3.0)), 1)

    def segmentation(items: int) -> list[int]:
        first = np.concatenate([[0], generator.permutation(np.arange(items - 1) < spans - 1)])
        return [int((np.cumsum(first) == segment).sum()) for segment in range(spans)]

    noise_lengths, other_lengths = segmentation(noise), segmentation(length - noise)
    mask: list[bool] = []
    for other, taken in zip(other_lengths, noise_lengths, strict=True):
        mask += [False] * other + [True] * taken
    return np.array(mask)


def t5_sentinels(ids: np.ndarray, mask: np.ndarray) -> list[int]:
    """T5's noise_span_to_unique_sentinel: the n-th masked span becomes the n-th id from the end of the vocabulary."""
    result, spans = [], 0
    for i, (token, masked) in enumerate(zip(ids.tolist(), mask.tolist(), strict=True)):
        if not masked:
            result.append(token)
        elif i == 0 or not mask[i - 1]:
            spans += 1
            result.append(32100 - spans)
    return result


@given(TEXT, SEED)
def test_source_and_target_are_t5s_of_the_same_mask(ids: np.ndarray, seed: int) -> None:
    # The same draw over the positions says which of them are noise.
    positions = np.arange(len(ids)) + 100
    objective = SpanCorruption(SENTINELS)
    shown = objective.pair(positions, np.random.default_rng(seed))[0]
    mask = ~np.isin(positions, shown)
    source, target = objective.pair(ids, np.random.default_rng(seed))
    assert source[:-1].tolist() == t5_sentinels(ids, mask)
    assert target[:-1].tolist() == t5_sentinels(ids, ~mask)


def test_masks_are_as_frequent_as_t5s() -> None:
    length, draws = 34, 6000  # 5 taken, in 2 spans: 4 x 28 masks
    positions = np.arange(length) + 100
    objective = SpanCorruption(SENTINELS)
    generator, t5_generator = np.random.default_rng(1), np.random.default_rng(2)
    found = Counter(tuple(np.isin(positions, objective.pair(positions, generator)[0]).tolist()) for _ in range(draws))
    expected = Counter(tuple((~t5_mask(length, t5_generator)).tolist()) for _ in range(draws))
    assert noise_and_spans(length) == (5, 2)
    assert set(found) == set(expected)
    assert len(found) == 112
    # Chi-squared of two samples with 111 degrees of freedom: mean 111, standard deviation 15.
    chi_squared = sum((found[mask] - expected[mask]) ** 2 / (found[mask] + expected[mask]) for mask in found)
    assert 60 < chi_squared < 170


@given(TEXT, SEED)
def test_prefix_lm(ids: np.ndarray, seed: int) -> None:
    source, target = PrefixLm().pair(ids, np.random.default_rng(seed))
    assert [*source[:-1], *target[:-1]] == ids.tolist()
    assert min(len(source), len(target)) > 1
    assert (source[-1], target[-1]) == (EOS, EOS)


def test_prefixes_end_anywhere() -> None:
    ids = np.arange(3, 8)
    lengths = Counter(len(PrefixLm().pair(ids, np.random.default_rng(seed))[0]) - 1 for seed in range(2000))
    assert set(lengths) == {1, 2, 3, 4}
    assert min(lengths.values()) > 430
    assert PrefixLm(64).chunk_length == 63


def test_sentinels_of_a_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("vocabulary") / "spiece.model"
    tokenizer = T5Tokenizer.train(["a small text about a small thing"], path, 30)
    size = tokenizer.vocab_size
    assert SpanCorruption.of(tokenizer).sentinels.tolist() == list(range(size - 1, size - 29, -1))
    assert sentinel_ids(ByteTokenizer(), 3).tolist() == [259, 260, 261]
    with pytest.raises(ValueError, match="needs 28 sentinels; the vocabulary has no <extra_id_20>"):
        SpanCorruption.of(T5Tokenizer(path, extra_ids=20))


def test_numbers_that_leave_no_room() -> None:
    with pytest.raises(ValueError, match=r"inputs must be at least 3 for span corruption\. Received: 2"):
        span_corruption_length(2)
    with pytest.raises(ValueError, match=r"inputs must be at least 3 for a prefix\. Received: 2"):
        PrefixLm(2)
    with pytest.raises(ValueError, match=r"of 568 ids needs 28 sentinels\. Received: 27"):
        SpanCorruption(SENTINELS[:27])
