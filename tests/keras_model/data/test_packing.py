"""Packing: every example once, within its row and with its own start; full rows; any step without the ones before."""

import hashlib
import itertools

import numpy as np
import pytest

from keras_model.data.batch_plan import BatchPlan
from keras_model.data.batches import Examples, batch_dataset, make_packed_batch
from keras_model.data.layouts import Filling
from keras_model.data.packed_plan import PackedPlan
from keras_model.data.packing import Packing
from tests.keras_model.data.test_batches import random_examples


def plan_for(examples, row=(96, 32), batch_size=4, **options):
    return PackedPlan(examples.sources.lengths, examples.targets.lengths, batch_size, row, **options)


def test_segments_starts_and_padding():
    examples = Examples.from_sequences([[5, 6, 1], [7, 1], [8, 9, 4, 1]], [[10, 1], [11, 12, 1], [13, 1]])
    batch = make_packed_batch(examples, [np.array([2, 1]), np.array([0])], 3, (7, 6), decoder_start_id=3)
    assert batch.encoder_ids.tolist() == [[8, 9, 4, 1, 7, 1, 0], [5, 6, 1, 0, 0, 0, 0], [0] * 7]
    assert batch.inputs["encoder_segments"].tolist() == [[1, 1, 1, 1, 2, 2, 0], [1, 1, 1, 0, 0, 0, 0], [0] * 7]
    assert batch.labels.tolist() == [[13, 1, 11, 12, 1, 0], [10, 1, 0, 0, 0, 0], [0] * 6]
    assert batch.inputs["decoder_segments"].tolist() == [[1, 1, 2, 2, 2, 0], [1, 1, 0, 0, 0, 0], [0] * 6]
    starts = np.where(batch.decoder_segments > 0, batch.decoder_ids, 0)  # padding may hold anything
    assert starts.tolist() == [[3, 13, 3, 11, 12, 0], [3, 10, 0, 0, 0, 0], [0] * 6]
    assert {array.dtype for array in (*batch.inputs.values(), batch.labels)} == {np.dtype(np.int32)}


def unpacked(batch):
    """The examples of a packed batch, as (source, target)."""
    found = []
    for row in range(len(batch.labels)):
        for segment in range(1, batch.encoder_segments[row].max() + 1):
            places = batch.decoder_segments[row] == segment
            target, given = batch.labels[row][places].tolist(), batch.decoder_ids[row][places].tolist()
            assert given == [0, *target[:-1]]
            found.append((batch.encoder_ids[row][batch.encoder_segments[row] == segment].tolist(), target))
    return found


@pytest.mark.parametrize("row", [(96, 32), (70, 20), (200, 21), (71, 300)])
def test_an_epoch_takes_every_example_once_and_no_row_is_longer(row):
    examples = random_examples(203)
    plan = plan_for(examples, row, seed=4)
    expected = sorted((examples.sources[i].tolist(), examples.targets[i].tolist()) for i in range(203))
    for epoch in range(2):
        found, filled = [], Filling()
        for step in range(epoch * plan.batches_per_window, (epoch + 1) * plan.batches_per_window):
            batch = plan.batch(examples, step)
            assert batch.encoder_ids.shape == (4, row[0])
            assert batch.labels.shape == (4, row[1])
            found += unpacked(batch)
            source, target = np.count_nonzero(batch.encoder_ids), np.count_nonzero(batch.labels)
            assert plan.filling(step) == Filling(source, 4 * row[0], target, 4 * row[1])
            filled += plan.filling(step)
        assert sorted(found) == expected
        assert filled.tokens == examples.sources.lengths.sum() + examples.targets.lengths.sum()


def test_rows_are_full_where_the_source_decides():
    examples = random_examples(4000)
    plan = plan_for(examples, (128, 64), batch_size=16)
    filled = sum((plan.filling(step) for step in range(plan.batches_per_window)), Filling())
    assert filled.source_share > 0.98


def test_rows_are_full_where_the_target_decides():
    examples = random_examples(4000)
    plan = plan_for(examples, (300, 30), batch_size=16)
    filled = sum((plan.filling(step) for step in range(plan.batches_per_window)), Filling())
    assert filled.target_share > 0.98


def test_nearly_as_few_rows_as_there_can_be():
    """Lengths that fill rows exactly: the least number of rows is known."""
    rng = np.random.default_rng(0)
    sources = np.concatenate(
        [np.diff([0, *np.sort(rng.choice(np.arange(1, 64), 3, replace=False)), 64]) for _ in range(500)]
    )
    packing = Packing(sources, np.ones_like(sources), (64, 64))
    assert 500 <= packing.count <= 505


def test_company_changes_from_epoch_to_epoch_and_the_seed_decides():
    examples = random_examples(4000)

    def company(plan, epoch):
        steps = range(epoch * plan.batches_per_window, (epoch + 1) * plan.batches_per_window)
        return {frozenset(row.tolist()) for step in steps for row in plan.packed_rows(step)}

    plan = plan_for(examples, seed=1)
    assert len(company(plan, 0) & company(plan, 1)) < 0.5 * len(company(plan, 0))
    assert company(plan, 0) == company(plan_for(examples, seed=1), 0) != company(plan_for(examples, seed=2), 0)


def hashes(plan, examples, steps):
    found = []
    for step in steps:
        batch = plan.batch(examples, step)
        arrays = (*batch.inputs.values(), batch.labels)
        found.append(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
    return found


SIZES, RATES = [100, 60, 40, 3], [0.5, 1.0, 0.0, 0.02]


@pytest.mark.parametrize("mixed", [False, True], ids=["epochs", "rates"])
@pytest.mark.parametrize("packed", [False, True], ids=["padded", "packed"])
@pytest.mark.tensorflow
def test_a_run_that_stopped_sees_what_one_that_did_not_sees(packed, mixed):
    examples = random_examples(203)
    options = {"seed": 9, **({"sizes": SIZES, "rates": RATES} if mixed else {})}

    def make():
        if packed:
            return plan_for(examples, **options)
        return BatchPlan(examples.sources.lengths, examples.targets.lengths, 4, **options)

    whole = hashes(make(), examples, range(150))
    assert len(set(whole)) == 150
    for stop in (1, 64, 77, 149):
        assert hashes(make(), examples, range(stop, 150)) == whole[stop:]
    assert hashes(make(), examples, reversed(range(150)))[::-1] == whole
    read = batch_dataset(examples, make(), first_step=77).take(3).as_numpy_iterator()
    digests = [hashlib.sha256(b"".join(a.tobytes() for a in (*i.values(), labels))).hexdigest() for i, labels in read]
    assert digests == whole[77:80]


def test_parts_are_padded_at_their_rates_in_every_window():
    examples = random_examples(203)
    plan = BatchPlan(examples.sources.lengths, examples.targets.lengths, 8, sizes=SIZES, rates=RATES)
    for window in range(3):
        steps = range(window * plan.batches_per_window, (window + 1) * plan.batches_per_window)
        rows = np.concatenate([plan.rows(step) for step in steps])
        counts = np.histogram(rows, np.cumsum([0, *SIZES]))[0]
        assert abs(counts - np.array(RATES) / sum(RATES) * len(rows)).max() < 2


def test_parts_are_packed_at_their_rates():
    examples = random_examples(203)
    plan = plan_for(examples, sizes=SIZES, rates=RATES)
    rows = list(itertools.chain.from_iterable(plan.packed_rows(step) for step in range(10 * plan.batches_per_window)))
    counts = np.histogram(np.concatenate(rows), np.cumsum([0, *SIZES]))[0]
    expected = np.array(RATES) / sum(RATES) * counts.sum()
    assert abs(counts - expected).max() < 10  # a row or two of about 30,000 examples
    assert all(len({int(part) for part in np.searchsorted(np.cumsum(SIZES), row, side="right")}) == 1 for row in rows)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((3, 9), "Example 1 has a source of 4 tokens, which does not fit into a row of 3; make rows longer"),
        ((4, 1), "Example 0 has a target of 2 tokens, which does not fit into a row of 1"),
        ((4, 0), "target_length must be at least 1"),
    ],
)
def test_rows_that_are_too_short_are_refused(row, message):
    examples = Examples.from_sequences([[5, 6, 1], [8, 9, 4, 1]], [[10, 1], [1]])
    with pytest.raises(ValueError, match=message):
        plan_for(examples, row)


def real_examples(shared_data, task):
    import task_specs
    from keras_model.tokenizers.sentencepiece import T5Tokenizer
    from t5eval.data import data_source, open_split
    from t5eval.preparation.blocks import learnable_pairs

    (spec,) = task_specs.resolve([task])
    split = "train" if task == "glue/sst2" else "validation"
    pairs = list(learnable_pairs(open_split(spec, split, data_source(str(shared_data)))))
    tokenizer = T5Tokenizer(shared_data / "t5_vocab" / "spiece.model")
    sources = tokenizer.encode([pair.inputs for pair in pairs], spec.lengths.inputs)
    return Examples.from_sequences(sources, tokenizer.encode([pair.targets for pair in pairs], spec.lengths.targets))


@pytest.mark.parametrize(("task", "row"), [("glue/sst2", (128, 32)), ("squad/v1.1", (512, 64))])
def test_real_tasks_fill_rows(shared_data, task, row):
    examples = real_examples(shared_data, task)
    plan = plan_for(examples, row, batch_size=16)
    filled = sum((plan.filling(step) for step in range(plan.batches_per_window)), Filling())
    assert filled.tokens == examples.sources.lengths.sum() + examples.targets.lengths.sum()
    assert filled.source_share >= 0.95
