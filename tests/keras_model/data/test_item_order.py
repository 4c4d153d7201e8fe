"""The order of items: shares kept to the item in every window, parts gone through evenly, windows found at random."""

import collections
import fractions

import numpy as np
import pytest

from keras_model.data.item_order import ItemOrder, largest_remainder

SIZES = [400, 7, 90, 25]
RATES = [1.0, 0.25, 0.0, 0.01]


def drawn(order, windows):
    return np.concatenate([order.window(window)[0] for window in windows])


def parts(items, sizes):
    return np.bincount(np.searchsorted(np.cumsum(sizes), items, side="right"), minlength=len(sizes))


def test_without_rates_a_window_takes_every_item_once():
    order = ItemOrder([30, 20], None, 8, seed=3)
    for window in range(3):
        items, epochs = order.window(window)
        assert sorted(items.tolist()) == list(range(50))
        assert set(epochs.tolist()) == {window}
    assert order.window(0)[0].tolist() != order.window(1)[0].tolist()


def test_shares_are_kept_to_the_item_in_every_window_and_up_to_it():
    order = ItemOrder(SIZES, RATES, 8, seed=3)
    assert order.window_size == 8 * 64
    total = np.zeros(4)
    for window in range(40):
        counts = parts(order.window(window)[0], SIZES)
        assert counts.sum() == order.window_size
        expected = np.array(RATES) / sum(RATES) * order.window_size
        assert abs(counts - expected).max() < 2  # the difference of two numbers that are less than 1 off
        total += counts
        assert abs(total - expected * (window + 1)).max() < 1
    assert total[2] == 0


def test_no_item_comes_again_before_all_of_its_part_came():
    order = ItemOrder(SIZES, RATES, 8, seed=3)
    seen = collections.Counter()
    for window in range(20):
        items, epochs = order.window(window)
        assert len({(item, epoch) for item, epoch in zip(items.tolist(), epochs.tolist(), strict=True)}) == len(items)
        seen.update(items.tolist())
        for start, size in zip(np.cumsum([0, *SIZES]), SIZES, strict=False):
            times = [seen[item] for item in range(start, start + size)]
            assert max(times) - min(times) <= 1


@pytest.mark.parametrize("rates", [None, [1.0, 1.0]])
def test_two_epochs_of_a_part_differ_in_order(rates):
    sizes = [32, 32]
    order = ItemOrder(sizes, rates, 8, seed=3, least_batches=8)
    walked = collections.defaultdict(list)
    for window in range(4):
        for item, epoch in zip(*(array.tolist() for array in order.window(window)), strict=True):
            walked[item // 32, epoch].append(item % 32)
    for part in (0, 1):
        epochs = [walked[part, epoch] for epoch in range(4)]
        assert all(sorted(epoch) == list(range(32)) for epoch in epochs)
        assert len({tuple(epoch) for epoch in epochs}) == 4
    assert walked[0, 0] != walked[1, 0]


def test_each_epoch_of_a_part_has_a_permutation_of_its_own():
    """A window mixes what it draws, so that this shows only where an epoch is cut: by which items came first."""
    order = ItemOrder([1000, 1000], [1.0, 1.0], 8, seed=3, least_batches=50)  # 200 of each part in a window
    first = [{item for item in order.window(window)[0].tolist() if item < 1000} for window in (0, 5, 10)]
    assert [len(items) for items in first] == [200] * 3
    assert len(first[0] & first[1]) < 100  # by chance 40
    assert len(first[1] & first[2]) < 100


def test_windows_are_mixed_and_follow_from_seed_and_number_alone():
    order = ItemOrder(SIZES, [1, 1, 1, 1], 8, seed=3)
    items = order.window(5)[0]
    halves = [parts(half, SIZES) for half in np.split(items, 2)]
    assert abs(halves[0] - halves[1]).max() < 60  # of 128 of each part
    again = ItemOrder(SIZES, [2, 2, 2, 2], 8, seed=3)
    assert [again.window(window)[0].tolist() for window in (5, 0, 5)][::2] == [items.tolist()] * 2
    assert ItemOrder(SIZES, [1, 1, 1, 1], 8, seed=4).window(5)[0].tolist() != items.tolist()


def test_windows_are_long_enough_for_the_rarest_part():
    order = ItemOrder([10, 10], [1.0, 0.0001], 8, seed=0)
    assert order.window_size % 8 == 0
    assert order.window_size >= 10_001
    assert parts(drawn(order, range(3)), [10, 10])[1] in (3, 4)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_largest_remainder_against_its_definition(count):
    rng = np.random.default_rng(count)
    weights = [int(weight) for weight in rng.integers(1, 1000, count)]
    shares = np.array(weights) / sum(weights)
    for total in (0, 1, 10, 999, 12_345):
        exact = [fractions.Fraction(weight * total, sum(weights)) for weight in weights]
        expected = [int(value) for value in exact]
        by_remainder = sorted(range(count), key=lambda i: (expected[i] - exact[i], i))
        for i in by_remainder[: total - sum(expected)]:
            expected[i] += 1
        assert largest_remainder(shares, total).tolist() == expected


@pytest.mark.parametrize(
    ("sizes", "rates", "message"),
    [
        ([3, 4], [1.0], "2 sizes and 1 rates"),
        ([3, 4], [1.0, -1.0], "not negative"),
        ([3, 4], [0.0, 0.0], "not all 0"),
        ([3, 4], [1.0, float("nan")], "finite"),
        ([3, 0], [1.0, 0.5], "Part 1 has no example to draw"),
        ([3, 4], [1.0, 1e-9], "Part 1 would be drawn less than once in 1,000,000 times"),
    ],
)
def test_rates_that_cannot_be_kept_are_refused(sizes, rates, message):
    with pytest.raises(ValueError, match=message):
        ItemOrder(sizes, rates, 8, seed=0)
