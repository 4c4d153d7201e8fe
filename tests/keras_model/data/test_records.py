"""Prepared records: what is read back, without reading more than is asked for, and every damage to them."""

import hashlib
import json
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import load_file

from keras_model.data.batch_plan import BatchPlan
from keras_model.data.batches import Examples, make_batch, make_packed_batch
from keras_model.data.mapped_array import MappedArray, joined
from keras_model.data.record_shards import RecordError, write_shard
from keras_model.data.records import (
    MANIFEST_FILE,
    RecordSet,
    check_records,
    is_complete,
    open_records,
    read_manifest,
    shard_file,
    write_manifest,
)


def random_examples(count, seed=0):
    rng = np.random.default_rng(seed)
    sides = [[[*rng.integers(2, 99, size=n).tolist(), 1] for n in rng.integers(0, most, count)] for most in (70, 20)]
    return Examples.from_sequences(*sides)


def write(folder, examples, per_shard):
    shards = []
    for number, first in enumerate(range(0, len(examples), per_shard)):
        rows = range(first, min(first + per_shard, len(examples)))
        part = Examples.from_sequences(
            [examples.sources[i] for i in rows], [examples.targets[i] for i in rows]
        )  # fmt: skip
        shards.append(write_shard(folder, shard_file("some/task/train", number), part))
    write_manifest(folder, [RecordSet("some/task/train", tuple(shards), {"vocabulary": "v"})])
    return read_manifest(folder)["some/task/train"]


@pytest.fixture
def examples():
    return random_examples(103)


@pytest.fixture
def folder(tmp_path, examples):
    write(tmp_path, examples, 20)
    return tmp_path


def opened(folder):
    return open_records(folder, read_manifest(folder)["some/task/train"])


def test_an_array_in_pieces_is_indexed_as_a_whole_one():
    rng = np.random.default_rng(0)
    pieces = [rng.integers(0, 99, size, np.int32) for size in (0, 5, 1, 0, 17, 0)]
    whole, mapped = np.concatenate(pieces), MappedArray(pieces)
    assert len(mapped) == len(whole)
    for index in (
        slice(0, 23),
        slice(4, 7),
        slice(5, 5),
        slice(3, None),
        *(rng.integers(0, 23, n) for n in (0, 1, 60)),
    ):
        assert mapped[index].tolist() == whole[index].tolist()
        assert mapped[index].dtype == np.int32
    with pytest.raises(IndexError):
        mapped[np.array([23])]


def test_what_is_joined_stays_mapped_or_in_memory():
    one, two = np.arange(3, dtype=np.int32), np.arange(4, dtype=np.int32)
    assert joined([one, two]).tolist() == [0, 1, 2, 0, 1, 2, 3]
    both = joined([one, MappedArray([two, one])])
    assert isinstance(both, MappedArray)
    assert both[:].tolist() == [0, 1, 2, 0, 1, 2, 3, 0, 1, 2]
    assert all(piece is of for piece, of in zip(both.pieces, (one, two, one), strict=True))


@pytest.mark.parametrize("per_shard", [1, 20, 103])
def test_what_is_read_is_what_was_written(tmp_path, examples, per_shard):
    read = open_records(tmp_path, write(tmp_path, examples, per_shard))
    assert len(read) == 103
    for side in ("sources", "targets"):
        before, after = getattr(examples, side), getattr(read, side)
        assert after.offsets.tolist() == before.offsets.tolist()
        assert after.offsets.dtype == np.int64
        assert after.values[:].tolist() == before.values.tolist()
        assert after[57].tolist() == before[57].tolist()


def test_batches_padded_and_packed_are_those_of_examples_in_memory(folder, examples):
    read = opened(folder)
    plan = BatchPlan(examples.sources.lengths, examples.targets.lengths, 8, seed=3)
    for step in range(20):
        batches = [make_batch(e, plan.rows(step), 8) for e in (examples, read)]
        batches += [make_packed_batch(e, np.split(plan.rows(step)[:6], 3), 4, (160, 60)) for e in (examples, read)]
        for first, second in (batches[:2], batches[2:]):
            assert first.labels.tolist() == second.labels.tolist()
            assert {k: v.tolist() for k, v in first.inputs.items()} == {k: v.tolist() for k, v in second.inputs.items()}


def test_a_shard_is_a_safetensors_file_and_the_manifest_has_its_hash(folder, examples):
    made = read_manifest(folder)["some/task/train"]
    assert [shard.records for shard in made.shards] == [20, 20, 20, 20, 20, 3]
    assert made.about == {
        "vocabulary": "v",
        "records": 103,
        "tokens": {"inputs": len(examples.sources.values), "targets": len(examples.targets.values)},
    }
    for shard in made.shards:
        content = (folder / shard.file).read_bytes()
        assert shard.sha256 == hashlib.sha256(content).hexdigest()
        assert shard.bytes == len(content)
    tensors = load_file(folder / made.shards[-1].file)
    assert tensors["source_values"].tolist() == examples.sources.values[examples.sources.offsets[100] :].tolist()
    assert tensors["target_offsets"].tolist() == [0, *np.cumsum(examples.targets.lengths[100:])]


def test_the_same_examples_make_the_same_bytes(tmp_path, examples):
    for name in ("one", "two"):
        write(tmp_path / name, examples, 50)
    files = [p.relative_to(tmp_path / "one") for p in sorted((tmp_path / "one").rglob("*")) if p.is_file()]
    assert len(files) == 4
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)


def test_fingerprints_follow_the_content(tmp_path, folder, examples):
    read = opened(folder)
    assert read.fingerprint() == opened(folder).fingerprint()
    other = open_records(tmp_path / "other", write(tmp_path / "other", random_examples(103, seed=1), 20))
    assert other.fingerprint() != read.fingerprint()
    memory = random_examples(5, seed=2)
    together = Examples.concatenate([read, memory, other])
    assert together.fingerprint() == Examples.concatenate([opened(folder), memory, other]).fingerprint()
    assert together.fingerprint() != Examples.concatenate([memory, read, other]).fingerprint()
    assert together.sources[103 + 4].tolist() == memory.sources[4].tolist()
    assert together.sources[103 + 5 + 50].tolist() == other.sources[50].tolist()


def test_memory_holds_offsets_and_what_is_asked_for(tmp_path):
    """40 MB of ids; batches of a tenth of a megabyte."""
    long = np.full(20_000, 7, np.int32)
    made = write(tmp_path, Examples.from_sequences([long] * 500, [[5, 1]] * 500), 100)
    tracemalloc.start()
    read = open_records(tmp_path, made)
    rows = np.random.default_rng(0).integers(0, 500, (50, 2))
    for pair in rows:
        assert make_batch(read, pair, 2).encoder_ids.sum() == 2 * 7 * 20_000
    Examples.concatenate([read, read]).fingerprint()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def damaged_header(content):
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["source_values"]["data_offsets"][1] += 4_000_000
    header["source_values"]["shape"] = [header["source_values"]["shape"][0] + 1_000_000]
    text = json.dumps(header, separators=(",", ":")).encode()[:length].ljust(length)
    return content[:8] + text + content[8 + length :]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-4], "bytes, the manifest says"),
        (lambda content: content + b"0000", "bytes, the manifest says"),
        (lambda content: b"", "has 0 bytes, the manifest says"),
        (lambda content: b"\xff" * 8 + content[8:], "not a safetensors file"),
        (lambda content: content[:8] + b"x" + content[9:], "not a safetensors file"),
        (lambda content: content.replace(b"source_values", b"source_wishes"), "source_values must be I32"),
        (lambda content: content.replace(b'"I32"', b'"F32"'), "must be I32"),
        (damaged_header, "source_values must be I32|not a safetensors file"),
    ],
)
def test_a_damaged_shard_is_named(folder, damage, message):
    path = folder / read_manifest(folder)["some/task/train"].shards[2].file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RecordError, match=message) as error:
        opened(folder)
    assert str(path) in str(error.value)


def test_offsets_that_do_not_rise_are_an_error(folder):
    path = folder / read_manifest(folder)["some/task/train"].shards[0].file
    tensors = load_file(path)
    content = path.read_bytes()
    offsets = tensors["source_offsets"].tobytes()
    path.write_bytes(content.replace(offsets, offsets[:8] + offsets[16:24] * 2 + offsets[24:]))
    with pytest.raises(RecordError, match="source_offsets do not rise"):
        opened(folder)


def test_a_changed_id_is_found_by_its_hash(folder):
    made = read_manifest(folder)["some/task/train"]
    check_records(folder, made)
    path = folder / made.shards[3].file
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RecordError, match="SHA-256"):
        check_records(folder, made)


def test_a_missing_shard_is_named(folder):
    path = folder / read_manifest(folder)["some/task/train"].shards[1].file
    path.unlink()
    with pytest.raises(RecordError, match="cannot be read: No such file") as error:
        opened(folder)
    assert str(path) in str(error.value)


def changed(folder, change):
    path = folder / MANIFEST_FILE
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def first_shard(document):
    return document["sets"]["some/task/train"]["shards"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=2), "has version 2, this program reads 1"),
        (lambda d: d.update(format="something"), "not the manifest"),
        (lambda d: d.pop("sets"), "not the manifest"),
        (lambda d: first_shard(d).update(bytes="many"), "not the manifest"),
        (lambda d: first_shard(d).update(records=-1), "not the manifest"),
        (lambda d: first_shard(d).update(file=None), "not the manifest"),
        (lambda d: first_shard(d).pop("sha256"), "not the manifest"),
        (lambda d: first_shard(d).update(file="../elsewhere.safetensors"), "outside the folder"),
        (lambda d: first_shard(d).update(file="/etc/passwd"), "outside the folder"),
        (lambda d: first_shard(d).update(records=19), "must be I64 of shape"),
        (lambda d: first_shard(d).update(source_tokens=3), "must be I32 of shape"),
    ],
)
def test_a_manifest_that_is_not_ours_or_not_true(folder, change, message):
    changed(folder, change)
    with pytest.raises(RecordError, match=message):
        opened(folder)


def test_a_folder_without_manifest_is_not_complete(folder):
    assert is_complete(folder)
    (folder / MANIFEST_FILE).unlink()
    assert not is_complete(folder)
    with pytest.raises(RecordError, match=r"there is no manifest\.json"):
        read_manifest(folder)


def test_a_torn_manifest_is_an_error(folder):
    path = folder / MANIFEST_FILE
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(RecordError, match="not the manifest"):
        read_manifest(folder)


def test_padding_is_not_written():
    with pytest.raises(ValueError, match="holds id 0, which is padding"):
        Examples.from_sequences([[3, 0, 1]], [[1]])


def test_no_records_at_all(tmp_path):
    write_manifest(tmp_path, [RecordSet("none", (), {})])
    assert len(open_records(tmp_path, read_manifest(tmp_path)["none"])) == 0
