"""Preparation: the same records whoever makes them, counted, checked before use, and never half there."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import multiprocessing
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from keras_model.data.record_shards import write_shard
from keras_model.data.records import is_complete, read_manifest
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.cli.progress import SplitProgress
from t5eval.data import OfficialFiles, open_split
from t5eval.preparation import blocks as preparation_blocks
from t5eval.preparation import task_records as preparation
from t5eval.preparation.record_folder import Wanted, opened
from t5eval.preparation.task_records import in_processes, prepare, task_records
from t5eval.preparation.workers import Workers
from t5eval.support import processes
from task_specs import Example, Lengths, get
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import put

TASKS = ("glue/sst2", "glue/rte", "glue/wnli")
TOKENIZER = ByteTokenizer()


def write_sst2(folder: Path, rows: int) -> Path:
    lines = [f"row {n}, {'good ' * (n % 7)}é\t{n % 2}\n" for n in range(rows)]
    return put(folder, "SST-2/train.tsv", ("sentence\tlabel\n" + "".join(lines)).encode())


@pytest.fixture
def data(suite_copy: Path) -> OfficialFiles:
    return OfficialFiles(suite_copy)


@pytest.fixture
def suite_copy(tmp_path: Path) -> Path:
    """The embedded suite, with 3,210 rows of SST-2."""
    from t5eval.demo.demo import suite_folder

    folder = tmp_path / "data"
    for name in ("RTE", "WNLI"):
        shutil.copytree(suite_folder() / "glue" / name, folder / "glue" / name)
    write_sst2(folder, 3210)
    return folder


def splits(data: OfficialFiles, *tasks: str) -> list[Any]:
    return [open_split(get(name), "train", data) for name in tasks or TASKS]


def plain(workers: int = 1) -> preparation.Make:
    return in_processes(workers, lambda name: SplitProgress(name, show=False))


def wanted(specs: list[Any], data: OfficialFiles, tokenizer: Any = TOKENIZER) -> Wanted:
    return task_records(specs, "train", data, tokenizer, plain())


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_the_bytes_do_not_depend_on_the_number_of_processes(
    data: OfficialFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "SECONDS_BEFORE_PROCESSES", 0.0)
    monkeypatch.setattr(preparation_blocks, "SHARD_BYTES", 1_000_000)
    asked = []
    real = Workers._submit
    monkeypatch.setattr(Workers, "_submit", lambda self, *work: asked.append(work) or real(self, *work))
    prepare(splits(data), TOKENIZER, tmp_path / "one", plain(1))
    assert not asked
    prepare(splits(data), TOKENIZER, tmp_path / "three", plain(3))
    assert len(asked) == 7 + 2 + 2
    one = files(tmp_path / "one")
    assert len(one) == 1 + 7 + 2 + 2  # a block makes a shard here
    assert files(tmp_path / "three") == one


def test_the_records_are_what_the_row_says(data: OfficialFiles, tmp_path: Path) -> None:
    sets = prepare(splits(data), TOKENIZER, tmp_path / "out", plain())
    assert list(sets) == ["glue/rte/train", "glue/sst2/train", "glue/wnli/train"]
    found = opened(tmp_path / "out", sets["glue/sst2/train"])
    assert len(found) == 3210
    for row in (0, 1, 7, 3209):
        text = f"sst2 sentence: row {row}, {'good ' * (row % 7)}é"
        assert found.sources[row].tolist() == [byte + 3 for byte in text.encode()] + [1]
        assert found.targets[row].tolist() == [b + 3 for b in ("negative", "positive")[row % 2].encode()] + [1]


def test_what_is_cut_and_left_out_is_counted(data: OfficialFiles, tmp_path: Path) -> None:
    wnli = get("glue/wnli")
    short = dataclasses.replace(get("glue/sst2"), name="mine/short", lengths=Lengths(40, 8))
    work = [open_split(wnli, "train", data), open_split(short, "train", data)]
    sets = prepare(work, TOKENIZER, tmp_path / "out", plain())
    examples = list(open_split(wnli, "train", data))
    about = sets["glue/wnli/train"].about
    learned = sum(example.features["label"] == 1 for example in examples)
    assert 0 < learned < len(examples) == about["examples"]
    assert about["records"] == learned
    assert about["left_out"] == {"its targets are not the true answer": len(examples) - learned}
    about = sets["mine/short/train"].about
    inputs = [len(f"sst2 sentence: row {n}, {'good ' * (n % 7)}é".encode()) + 1 for n in range(3210)]
    assert about["truncated"] == {"inputs": sum(n > 40 for n in inputs), "targets": 3210}
    assert about["tokens"] == {"inputs": sum(min(n, 40) for n in inputs), "targets": 3210 * 8}
    assert about["token_lengths"] == {
        "inputs": {
            str(bound): count
            for bound in (32, 64)
            if (count := sum(bound // 2 < n <= bound for n in inputs))
        },
        "targets": {"16": 3210},
    }  # fmt: skip
    assert about["vocabulary"] == TOKENIZER.fingerprint
    assert about["specification"] == short.fingerprint
    assert list(about["data"]["files"]) == ["glue/SST-2/train.tsv"]


def test_the_real_vocabulary(shared_data: Path, tmp_path: Path) -> None:
    """Ids as SentencePiece itself gives them."""
    import sentencepiece

    from keras_model.tokenizers.sentencepiece import T5Tokenizer

    model = shared_data / "t5_vocab" / "spiece.model"
    data, spec = OfficialFiles(shared_data), get("glue/rte")
    sets = prepare(splits(data, spec.name), T5Tokenizer(model), tmp_path / "out", plain())
    found = opened(tmp_path / "out", sets["glue/rte/train"])
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model))
    for row, example in enumerate(itertools.islice(open_split(spec, "train", data), 50)):
        text = f"rte sentence1: {example.features['sentence1']} sentence2: {example.features['sentence2']}"
        assert found.sources[row].tolist() == [*pieces.encode(text), 1]


def test_validation_splits_are_prepared_as_they_are_evaluated(data: OfficialFiles, tmp_path: Path) -> None:
    wnli = get("glue/wnli")
    work = [open_split(wnli, "validation", data)]
    sets = prepare(work, TOKENIZER, tmp_path / "out", plain())
    assert sets["glue/wnli/validation"].about["examples"] == sum(1 for _ in open_split(wnli, "validation", data))


def full_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Makes the disk full after so many files were made safe on it."""
    real, left = os.fsync, itertools.count(after, -1)

    def fsync(number: int) -> None:
        if next(left) <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("after", [0, 1])
def test_a_full_disk_leaves_nothing(
    after: int, data: OfficialFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk(monkeypatch, after)
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        prepare(splits(data), TOKENIZER, tmp_path / "out", plain())
    assert files(tmp_path / "out") == {}
    monkeypatch.undo()
    prepare(splits(data), TOKENIZER, tmp_path / "out", plain())
    assert is_complete(tmp_path / "out")


def test_a_full_disk_at_the_manifest(data: OfficialFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, values: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("keras_model.data.records.write_json", refuse)
    with pytest.raises(UserError, match=r"manifest\.json: cannot be written: No space left on device"):
        prepare(splits(data), TOKENIZER, tmp_path / "out", plain())
    assert files(tmp_path / "out") == {}


def test_data_with_a_fault_leaves_nothing(data: OfficialFiles, tmp_path: Path) -> None:
    with (data.folder / "glue/SST-2/train.tsv").open("ab") as file:
        file.write(b"a row without a label\n")
    with pytest.raises(UserError, match="line 3212: expected 2 columns"):
        prepare(splits(data, "glue/rte", "glue/sst2"), TOKENIZER, tmp_path / "out", plain())
    assert files(tmp_path / "out") == {}


def children_of(process: int) -> set[int]:
    return set(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def is_running(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes as Linux shows them")
def test_a_killed_preparation_looks_like_nothing_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    folder, out = tmp_path / "data", tmp_path / "out"
    write_sst2(folder, 400_000)
    arguments = ["prepare", "--task", "glue/sst2", "--data-dir", str(folder), "--vocab", "bytes", "--out", str(out)]
    command = [sys.executable, "-m", "t5eval", *arguments, "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    children: set[int] = set()
    while len(list(out.rglob("*.safetensors"))) < 1 or len(children) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        children = children_of(process.pid)
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not is_complete(out)
    with pytest.raises(UserError, match=r"holds no prepared records: there is no manifest\.json"):
        wanted([get("glue/sst2")], OfficialFiles(folder)).given(out)
    while any(map(is_running, children)):  # they do not outlive it
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (out / "records/glue/sst2/train-00099.safetensors").write_bytes(b"left behind")
    write_sst2(folder, 700)
    prepare(splits(OfficialFiles(folder), "glue/sst2"), TOKENIZER, out, plain())
    prepare(splits(OfficialFiles(folder), "glue/sst2"), TOKENIZER, tmp_path / "fresh", plain())
    assert files(out) == files(tmp_path / "fresh")


def test_a_killed_worker_is_one_line(data: OfficialFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "SECONDS_BEFORE_PROCESSES", 0.0)

    class Killing(SplitProgress):
        def __call__(self, done: int, total: int) -> None:
            for process in multiprocessing.active_children():
                process.kill()

    with pytest.raises(UserError, match="was killed, or could not start"):
        prepare(splits(data), TOKENIZER, tmp_path / "out", in_processes(2, Killing))
    assert files(tmp_path / "out") == {}


def test_a_worker_killed_in_the_middle_of_its_result_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.1)
    monkeypatch.setattr(processes, "SECONDS_BEFORE_PROCESSES", 0.0)
    block = [Example("0", {"sentence1": "A", "sentence2": "B", "label": 0})]
    with Workers(TOKENIZER, 2) as workers:
        assert len(list(workers.tokenise(RTE, "train", [block]))) == 1
        assert workers._pool is not None
        os.write(workers._pool._result_queue._writer.fileno(), struct.pack("!i", 1000))  # of 1,000 bytes, none
        for process in multiprocessing.active_children():
            process.kill()
        with pytest.raises(UserError, match="was killed, or could not start"):
            list(workers.tokenise(RTE, "train", [block]))


def test_another_folder_is_left_as_it_is(data: OfficialFiles, tmp_path: Path) -> None:
    for name, content in (("one", "thesis.txt"), ("two", "records/music.txt")):
        path = tmp_path / name / content
        path.parent.mkdir(parents=True)
        path.write_text("mine")
        with pytest.raises(UserError, match="is no folder of prepared records"):
            prepare(splits(data), TOKENIZER, tmp_path / name, plain())
        assert files(tmp_path / name) == {content: b"mine"}
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="cannot hold prepared records: Not a directory"):
        prepare(splits(data), TOKENIZER, tmp_path / "file", plain())


@pytest.fixture
def prepared(data: OfficialFiles, tmp_path: Path) -> Path:
    prepare(splits(data, "glue/rte", "glue/wnli"), TOKENIZER, tmp_path / "out", plain())
    return tmp_path / "out"


RTE = get("glue/rte")


@pytest.mark.parametrize(
    ("specs", "tokenizer", "message"),
    [
        ([RTE], ByteTokenizer(extra_ids=9), "glue/rte/train was made with another vocabulary"),
        (
            [get("glue/wnli"), dataclasses.replace(RTE, lengths=Lengths(8, 8))],
            TOKENIZER,
            "glue/rte/train was made by another row of the task",
        ),
        ([get("glue/sst2"), RTE], TOKENIZER, "no records of glue/sst2 train; it has glue/rte/train, glue/wnli/train"),
    ],
)
def test_records_of_something_else_are_refused(
    specs: list[Any], tokenizer: Any, message: str, data: OfficialFiles, prepared: Path
) -> None:
    with pytest.raises(UserError, match=message):
        wanted(specs, data, tokenizer).existing(prepared)


def test_records_of_other_data_are_refused_where_the_data_is_at_hand(data: OfficialFiles, prepared: Path) -> None:
    path = data.folder / "glue/RTE/train.tsv"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"entailment", b"not_entailment", 1))
    with pytest.raises(UserError, match=r"train\.tsv is not the file that glue/rte/train was made of"):
        wanted([RTE], data).given(prepared)
    path.unlink()
    assert len(wanted([RTE], data).given(prepared)["glue/rte"]) == content.count(b"\n") - 1


def test_a_complete_folder_is_kept(data: OfficialFiles, prepared: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in prepared.rglob("*")}
    sets, were_there = wanted([RTE, get("glue/wnli")], data).prepare_or_keep(prepared)
    assert were_there
    assert list(sets) == ["glue/rte", "glue/wnli"]
    assert {path: path.stat().st_mtime_ns for path in prepared.rglob("*")} == before
    path = prepared / read_manifest(prepared)["glue/rte/train"].shards[0].file
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(UserError, match="SHA-256"):
        wanted([RTE], data).prepare_or_keep(prepared)


def test_a_run_prepares_once_and_again_what_does_not_fit(
    data: OfficialFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def counted(folder: Path, file: str, examples: Any) -> Any:
        written.append(file)
        return write_shard(folder, file, examples)

    monkeypatch.setattr("keras_model.data.record_shards.write_shard", counted)
    folder, specs, shard = tmp_path / "run" / "prepared", [RTE, get("glue/wnli")], "records/glue/rte/train-00000"

    def made(tokenizer: Any) -> list[str]:
        written.clear()
        first = wanted(specs, data, tokenizer).of_run(folder)
        assert list(first) == ["glue/rte", "glue/wnli"]
        return list(written)

    assert made(TOKENIZER) == [f"{shard}.safetensors", "records/glue/wnli/train-00000.safetensors"]
    assert made(TOKENIZER) == []
    assert len(made(ByteTokenizer(extra_ids=9))) == 2
    os.truncate(folder / f"{shard}.safetensors", 1000)
    assert len(made(ByteTokenizer(extra_ids=9))) == 2


def test_beams_direct_runner_makes_the_same_records(
    data: OfficialFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apache_beam", reason="Apache Beam is not installed (make beam)")
    from t5eval.preparation.beam import on_beam

    monkeypatch.setattr(preparation_blocks, "SHARD_BYTES", 2_500_000)
    prepare(splits(data), TOKENIZER, tmp_path / "plain", plain())
    prepare(splits(data), TOKENIZER, tmp_path / "beam", on_beam("direct"))
    before = files(tmp_path / "plain")
    assert len(before) == 1 + 4 + 1 + 1
    assert files(tmp_path / "beam") == before
    # A fault in the data is one line, and leaves nothing.
    with (data.folder / "glue/SST-2/train.tsv").open("ab") as file:
        file.write(b"a row without a label\n")
    with pytest.raises(UserError, match="line 3212: expected 2 columns"):
        prepare(splits(data), TOKENIZER, tmp_path / "faulty", on_beam("direct"))
    assert files(tmp_path / "faulty") == {}
