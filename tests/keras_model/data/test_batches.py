"""Padded batches: every example once per epoch, like lengths together, any step found without the ones before it."""

import numpy as np
import pytest

from keras_model.data.batch_plan import BatchPlan
from keras_model.data.batches import Examples, RaggedIds, batch_dataset, make_batch
from keras_model.data.layouts import Filling, laid_out
from keras_model.data.packed_plan import PackedPlan


def random_examples(count, seed=0, longest=70):
    rng = np.random.default_rng(seed)
    sides = [
        [[*rng.integers(2, 99, size=n).tolist(), 1] for n in rng.integers(0, most, count)] for most in (longest, 20)
    ]
    return Examples.from_sequences(*sides)


def plan_for(examples, batch_size=8, **options):
    return BatchPlan(examples.sources.lengths, examples.targets.lengths, batch_size, **options)


def test_padding_and_teacher_forcing():
    examples = Examples.from_sequences([[5, 6, 7, 1], [8, 1]], [[9, 1], [10, 11, 1]])
    batch = make_batch(examples, np.array([1, 0]), batch_size=3)
    assert batch.encoder_ids.tolist() == [[8, 1, 0, 0], [5, 6, 7, 1], [0, 0, 0, 0]]
    assert batch.labels.tolist() == [[10, 11, 1], [9, 1, 0], [0, 0, 0]]
    assert batch.decoder_ids.tolist() == [[0, 10, 11], [0, 9, 1], [0, 0, 0]]
    assert {array.dtype for array in (batch.encoder_ids, batch.decoder_ids, batch.labels)} == {np.dtype(np.int32)}
    started = make_batch(examples, np.array([0]), batch_size=1, pad_multiple=4, decoder_start_id=3)
    assert started.decoder_ids.tolist() == [[3, 9, 1, 0]]


@pytest.mark.parametrize(("count", "batch_size"), [(64, 8), (65, 8), (7, 8), (1, 1), (203, 16)])
def test_an_epoch_takes_every_example_once(count, batch_size):
    examples = random_examples(count)
    plan = plan_for(examples, batch_size, seed=4)
    for epoch in range(3):
        steps = range(epoch * plan.batches_per_window, (epoch + 1) * plan.batches_per_window)
        batches = [plan.rows(step) for step in steps]
        assert sorted(np.concatenate(batches).tolist()) == list(range(count))
        short = [len(rows) for rows in batches if len(rows) != batch_size]
        assert short == ([count % batch_size] if count % batch_size else [])


def test_all_tokens_reach_the_batches():
    examples = random_examples(61)
    plan = plan_for(examples)
    seen = []
    for step in range(plan.batches_per_window):
        batch = make_batch(examples, plan.rows(step), plan.batch_size)
        source, target = np.count_nonzero(batch.encoder_ids), np.count_nonzero(batch.labels)
        assert plan.filling(step) == Filling(source, batch.encoder_ids.size, target, batch.labels.size)
        seen += [
            (source[source != 0].tolist(), label[label != 0].tolist())
            for source, label in zip(batch.encoder_ids, batch.labels, strict=True)
            if source.any()
        ]
    expected = [(examples.sources[i].tolist(), examples.targets[i].tolist()) for i in range(61)]
    assert sorted(seen) == sorted(expected)


def test_any_step_is_found_without_the_ones_before_it():
    examples = random_examples(203)
    in_order = [plan_for(examples, seed=9).rows(step).tolist() for step in range(200)]
    backwards = [plan_for(examples, seed=9).rows(step).tolist() for step in reversed(range(200))]
    assert backwards[::-1] == in_order


def test_order_depends_on_seed_and_epoch():
    examples = random_examples(203)
    plan = plan_for(examples, seed=1)
    first = [plan.rows(step).tolist() for step in range(plan.batches_per_window)]
    second = [plan.rows(step).tolist() for step in range(plan.batches_per_window, 2 * plan.batches_per_window)]
    other = [plan_for(examples, seed=2).rows(step).tolist() for step in range(plan.batches_per_window)]
    assert first != second
    assert first != other
    assert {frozenset(rows) for rows in first} != {frozenset(rows) for rows in second}


def test_lengths_are_alike_and_batches_shuffled():
    examples = random_examples(4000)
    plan = plan_for(examples, batch_size=16)
    batches = [plan.rows(step) for step in range(plan.batches_per_window)]
    padded = sum(make_batch(examples, rows, 16).encoder_ids.size for rows in batches)
    unsorted = np.random.default_rng(0).permutation(4000).reshape(-1, 16)
    padded_unsorted = sum(make_batch(examples, rows, 16).encoder_ids.size for rows in unsorted)
    real = examples.sources.lengths.sum()
    assert padded < 1.15 * real
    assert padded_unsorted > 1.7 * real
    widths = [examples.sources.lengths[rows].max() for rows in batches]
    assert abs(np.corrcoef(np.arange(len(widths)), widths)[0, 1]) < 0.2


def test_batches_do_not_separate_labels_of_like_length():
    # Three tokens for one label and five for the other, as with entailment and not_entailment.
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 1024)
    plan = BatchPlan(np.full(1024, 12), np.where(labels, 3, 5), batch_size=32)
    shares = [labels[plan.rows(step)].mean() for step in range(32)]
    assert min(shares) > 0.15
    assert max(shares) < 0.85


def test_concatenated_sets_count_each_example_once():
    parts = [random_examples(5, seed=1), Examples.from_sequences([], []), random_examples(3, seed=2)]
    together = Examples.concatenate(parts)
    assert len(together) == 8
    expected = [part.sources[i].tolist() for part in parts for i in range(len(part))]
    assert [together.sources[i].tolist() for i in range(8)] == expected
    assert together.targets[7].tolist() == parts[2].targets[2].tolist()
    assert together.fingerprint() != Examples.concatenate(parts[::-1]).fingerprint()
    assert together.fingerprint() == Examples.concatenate([together]).fingerprint()


def test_a_fingerprint_knows_where_texts_end():
    one = Examples.from_sequences([[5, 6, 1], [7, 1]], [[8, 9, 1], [1]])
    same = Examples.from_sequences([[5, 6, 1], [7, 1]], [[8, 9, 1], [1]])
    assert one.fingerprint() == same.fingerprint()
    others = [
        Examples.from_sequences([[5, 6], [1, 7, 1]], [[8, 9, 1], [1]]),  # the same tokens, sources cut elsewhere
        Examples.from_sequences([[5, 6, 1], [7, 1]], [[8, 9], [1, 1]]),  # targets cut elsewhere
        Examples.from_sequences([[5, 6, 1], [7, 2]], [[8, 9, 1], [1]]),  # another source token
        Examples.from_sequences([[5, 6, 1], [7, 1]], [[8, 4, 1], [1]]),  # another target token
    ]
    assert len({examples.fingerprint() for examples in (one, *others)}) == 5


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        ([[1], [1]], [[1]], "got 2 and 1"),
        ([[5, 1], []], [[1], [1]], "Example 1 has an empty source"),
        ([[5, 1], [7, 8, 1], [1]], [[1], [4, 0, 1], [1]], "The target of example 1 holds id 0"),
    ],
)
def test_examples_that_cannot_be_learned_are_refused(sources, targets, message):
    with pytest.raises(ValueError, match=message):
        Examples.from_sequences(sources, targets)


@pytest.mark.parametrize(
    "bad",
    [
        {"batch_size": 0},
        {"batch_size": 8, "seed": -1},
        {"batch_size": 8, "bucket_width": 0},
    ],
)
def test_plan_refuses_numbers_out_of_range(bad):
    with pytest.raises(ValueError, match="must be at least"):
        plan_for(random_examples(9), **bad)


@pytest.mark.parametrize("sizes", [None, [5], [5, 5], [10, -1]])
def test_plan_refuses_parts_that_are_not_the_examples(sizes):
    with pytest.raises(ValueError, match="must add up to the 9 examples"):
        plan_for(random_examples(9), sizes=sizes, rates=[1.0, 1.0])


def test_plan_refuses_no_examples():
    with pytest.raises(ValueError, match="no example"):
        plan_for(Examples.from_sequences([], []))


def test_ragged_ids_of_arrays_and_lists():
    ids = RaggedIds.from_sequences([np.array([3, 1]), [4, 5, 1]])
    assert ids.lengths.tolist() == [2, 3]
    assert ids.values.dtype == np.int32
    assert ids[1].tolist() == [4, 5, 1]


@pytest.mark.tensorflow
def test_dataset_starts_at_any_step_and_has_one_signature():
    examples = random_examples(30)
    plan = plan_for(examples)
    dataset = batch_dataset(examples, plan, first_step=5)
    (inputs, labels) = dataset.element_spec
    assert {spec.shape.as_list()[0] for spec in (*inputs.values(), labels)} == {8}
    assert labels.shape.as_list() == [8, None]
    for step, (inputs, labels) in zip(range(5, 12), dataset, strict=False):
        batch = make_batch(examples, plan.rows(step), 8)
        np.testing.assert_array_equal(inputs["encoder_ids"], batch.encoder_ids)
        np.testing.assert_array_equal(inputs["decoder_ids"], batch.decoder_ids)
        np.testing.assert_array_equal(labels, batch.labels)


@pytest.mark.parametrize("packed", [False, True], ids=["padded", "packed"])
def test_workers_read_their_own_rows_and_nothing_else(packed):
    """Seven rows for four replicas of two workers: what they make together is the whole batch, and a row of padding."""
    examples = random_examples(50)
    plan = plan_for(examples, 7)
    if packed:
        plan = PackedPlan(examples.sources.lengths, examples.targets.lengths, 7, (90, 30))
    for step in range(plan.batches_per_window):
        layout = plan.layout(step)
        parts = [layout.share(first, 2, 4) for first in (0, 2)]
        assert [part.height for part in parts] == [4, 4]
        np.testing.assert_array_equal(np.concatenate([part.examples for part in parts]), layout.examples)
        whole = plan.batch(examples, step)
        made = [next(laid_out(examples, [part], 0, packed).batches()) for part in parts]
        for name in ("encoder_ids", "decoder_ids", "labels", *(["encoder_segments", "decoder_segments"] * packed)):
            together = np.concatenate([getattr(part, name) for part in made])
            np.testing.assert_array_equal(together[:7], getattr(whole, name))
            assert not together[7:].any()


@pytest.mark.tensorflow
def test_a_dataset_of_a_workers_replicas():
    examples = random_examples(50)
    plan = plan_for(examples, 7)
    shares = [batch_dataset(examples, plan, 3, replicas=(first, 2, 4)) for first in (0, 2)]
    assert shares[0].element_spec[1].shape.as_list() == [2, 2, None]
    for step, *parts in zip(range(3, 12), *shares, strict=False):
        labels = np.concatenate([labels for _, labels in parts]).reshape(8, -1)
        np.testing.assert_array_equal(labels[:7], plan.batch(examples, step).labels)
        ids = np.concatenate([inputs["encoder_ids"] for inputs, _ in parts]).reshape(8, -1)
        np.testing.assert_array_equal(ids[:7], plan.batch(examples, step).encoder_ids)
