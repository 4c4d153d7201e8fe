"""Few shapes of batches: the ones by which least is padded, room for every example, and full shares on real lengths."""

import itertools

import numpy as np
import pytest

import task_specs
from keras_model.data.batch_plan import BatchPlan
from keras_model.data.layouts import Filling
from keras_model.data.shapes import SHAPES, Shapes
from tests.keras_model.data.test_batches import random_examples


def lengths_of(seed, count=60, longest=(60, 14)):
    rng = np.random.default_rng(seed)
    return tuple(rng.geometric(4 / most, count).clip(1, most) for most in longest)


def cost(shapes, source, target):
    """What a place costs, summed over all examples, each in the cheapest shape that has room for it."""
    weighed = [s + shapes.target_weight * t for s, t in shapes.pairs]
    return sum(
        min(w for w, (s, t) in zip(weighed, shapes.pairs, strict=True) if s >= a and t >= b)
        for a, b in zip(source.tolist(), target.tolist(), strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_other_shapes_pad_much_less(seed, most):
    """Against all of them, one after the other."""
    source, target = lengths_of(seed)
    shapes = Shapes.choose(source, target, most)
    assert len(shapes) <= most
    sources, targets = (range(-(-min(x) // m) * m, -(-max(x) // m) * m + 1, m) for x, m in ((source, 8), (target, 2)))
    top = (sources[-1], targets[-1])
    rest = [pair for pair in itertools.product(sources, targets) if pair != top]
    tried = (
        Shapes((*pairs, top), shapes.target_weight) for n in range(most) for pairs in itertools.combinations(rest, n)
    )
    least = min(cost(one, source, target) for one in tried)
    # From three shapes on, free pairs can be somewhat better than ranges.
    assert cost(shapes, source, target) <= (1.0 if most < 3 else 1.1) * least + 1e-9


@pytest.mark.parametrize("most", [1, 3, 12, 100])
def test_every_example_has_room_and_neighbours_are_covered(most):
    source, target = lengths_of(7, 500)
    shapes = Shapes.choose(source, target, most)
    assert len(set(shapes.pairs)) == len(shapes) <= most
    for (a, b), number in zip(zip(source, target, strict=True), shapes.classes(source, target).tolist(), strict=True):
        assert shapes.pairs[number][0] >= a
        assert shapes.pairs[number][1] >= b
    for pair in itertools.combinations(range(len(shapes)), 2):
        covering = shapes.pairs[shapes.covering(pair)]
        assert all(covering[side] >= max(shapes.pairs[n][side] for n in pair) for side in (0, 1))
    with pytest.raises(ValueError, match=r"Example 1 has 999 \+ 1 tokens"):
        shapes.classes(np.array([1, 999]), np.array([1, 1]))


def test_what_is_never_drawn_decides_nothing():
    source, target = np.array([10] * 5 + [40] * 5 + [64]), np.array([2] * 11)
    weights = np.array([1.0] * 5 + [0.0] * 5 + [1.0])
    assert Shapes.choose(source, target, 2, weights).pairs in (((64, 2), (16, 2)), ((16, 2), (64, 2)))


@pytest.mark.parametrize("options", [{}, {"sizes": [150, 53], "rates": [1.0, 3.0]}], ids=["epochs", "rates"])
def test_batches_of_few_shapes_hold_the_same_examples(options):
    examples = random_examples(203)
    lengths = examples.sources.lengths, examples.targets.lengths
    shapes = Shapes.choose(*lengths, 5)
    plan = BatchPlan(*lengths, 8, shapes=shapes, **options)
    other = BatchPlan(*lengths, 8, **options)
    steps = range(plan.batches_per_window)
    assert plan.batches_per_window == other.batches_per_window
    for window in (0, 1):
        numbers = [np.concatenate([p.rows(window * len(steps) + step) for step in steps]) for p in (plan, other)]
        assert sorted(numbers[0].tolist()) == sorted(numbers[1].tolist())
    seen = set()
    for step in steps:
        batch = plan.batch(examples, step)
        rows = plan.rows(step)
        seen.add((batch.encoder_ids.shape[1], batch.labels.shape[1]))
        assert batch.labels.shape[0] == 8
        assert np.count_nonzero(batch.encoder_ids) == lengths[0][rows].sum()
        assert np.count_nonzero(batch.labels) == lengths[1][rows].sum()
    assert seen <= set(shapes.pairs)


def test_batches_by_tokens():
    examples = random_examples(300)
    lengths = examples.sources.lengths, examples.targets.lengths
    shapes = Shapes.choose(*lengths, 6)
    plan = BatchPlan(*lengths, 1, seed=2, shapes=shapes, batch_tokens=1000)
    assert plan.height is None
    for epoch in (0, 1):
        steps = range(epoch * plan.batches_per_window, (epoch + 1) * plan.batches_per_window)
        assert sorted(np.concatenate([plan.rows(step) for step in steps]).tolist()) == list(range(300))
        found = [plan.batch(examples, step) for step in steps]
        assert all(batch.encoder_ids.size + batch.labels.size <= 1000 for batch in found)
        assert len({batch.encoder_ids.shape + batch.labels.shape for batch in found}) <= len(shapes)
    full = [len(plan.rows(step)) == plan.layout(step).height for step in steps]
    assert full.count(False) <= len(shapes)
    again = BatchPlan(*lengths, 1, seed=2, shapes=shapes, batch_tokens=1000)
    np.testing.assert_array_equal(again.rows(steps[-1]), plan.rows(steps[-1]))
    with pytest.raises(ValueError, match="batch_tokens must be at least"):
        BatchPlan(*lengths, 1, shapes=shapes, batch_tokens=20)
    for options in ({"shapes": None}, {"shapes": shapes, "sizes": [100, 200], "rates": [1.0, 1.0]}):
        with pytest.raises(ValueError, match="batch_tokens takes shapes"):
            BatchPlan(*lengths, 1, batch_tokens=1000, **options)


@pytest.mark.parametrize(
    ("task", "split", "batch_size"),
    [
        ("glue/sst2", "train", 128),
        ("glue/rte", "train", 128),
        ("glue/mnli_matched", "validation", 128),
        ("squad/v1.1", "validation", 128),
        ("cnn_dailymail", "test", 10),
    ],
)
def test_most_places_are_tokens_on_real_data(shared_data, task, split, batch_size):
    """Three quarters of the source and three fifths of the target, in at most twelve shapes."""
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.data import data_source, open_split

    spec = task_specs.get(task)
    tokenizer = T5Tokenizer(shared_data / "t5_vocab" / "spiece.model")
    pairs = [p for e in open_split(spec, split, data_source(str(shared_data))) for p in spec.pairs(e, training=True)]
    lengths = [
        np.array(list(map(len, tokenizer.encode(texts, most))))
        for texts, most in (
            ([p.inputs for p in pairs], spec.lengths.inputs),
            ([p.targets for p in pairs], spec.lengths.targets),
        )
    ]
    shapes = Shapes.choose(*lengths, SHAPES)
    plan = BatchPlan(*lengths, batch_size, shapes=shapes)
    filling = sum(map(plan.filling, range(plan.batches_per_window)), Filling())
    assert len({(plan.layout(step).source, plan.layout(step).target) for step in range(plan.batches_per_window)}) <= 12
    assert filling.source_share >= 0.75
    assert filling.target_share >= 0.6
