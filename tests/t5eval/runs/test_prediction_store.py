"""The prediction store: what was appended survives, what was torn is dropped, nothing is mixed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from t5eval.runs.prediction import Prediction
from t5eval.runs.prediction_store import PredictionStore
from t5eval.support.errors import RunError

MADE_BY = {"model": "m", "batch_tokens": 8, "limit": None}


def open_store(run: Path, made_by: dict[str, Any] | None = None) -> PredictionStore:
    return PredictionStore(run, "glue/rte", "test", MADE_BY if made_by is None else made_by)


def file_of(run: Path) -> Path:
    return run / "predictions/glue/rte/test.jsonl"


def fill(run: Path, *predictions: Prediction) -> None:
    with open_store(run) as store:
        store.append(predictions)


def test_lines() -> None:
    assert Prediction("0", "yes").line() == b'{"id": "0", "prediction": "yes"}\n'
    assert Prediction("a/1", "né \u2028\n", True, True).line() == (
        '{"id": "a/1", "prediction": "né \u2028\\n", "truncated": true, "hit_limit": true}\n'.encode()
    )


def test_what_is_appended_is_there_again(tmp_path: Path) -> None:
    texts = ["yes", "", "né", "a\u2028b\x0bc\x85d\x1ce", 'line\nbreak\rand \\ "quotes"', "\x00", "x" * 10_000]
    made = [Prediction(str(i), text, truncated=i % 2 == 0, hit_limit=i % 3 == 0) for i, text in enumerate(texts)]
    with open_store(tmp_path) as store:
        assert store.predictions == {}
        store.append(made[:4])
        # On disk as soon as append returns, before the store is closed.
        assert file_of(tmp_path).read_bytes() == b"".join(p.line() for p in made[:4])
        store.append([])
        store.append(made[2:])  # what is there already is not written twice
    with open_store(tmp_path) as store:
        assert store.predictions == {p.id: p for p in made}
    lines = file_of(tmp_path).read_bytes().split(b"\n")
    assert [json.loads(line)["prediction"] for line in lines[:-1]] == texts


def test_devices_are_told_apart_and_each_is_listed_once(tmp_path: Path) -> None:
    """ "cuda:1" is a piece of the text "cuda:10", and used not to be recorded after it."""
    for device, listed in [
        ("cuda:10", "cuda:10"),
        ("cuda:1", "cuda:10, cuda:1"),
        ("cuda:10", "cuda:10, cuda:1"),
        (None, "cuda:10, cuda:1"),
        ("cuda:1, cuda:2", "cuda:10, cuda:1, cuda:2"),
    ]:
        with open_store(tmp_path) as store:
            store.noted(device, store.sent)
            store.append([Prediction(listed, "yes")])  # without predictions there is nothing that ran anywhere
            assert store.device == listed
        meta = json.loads(file_of(tmp_path).with_suffix(".meta.json").read_text())
        assert meta["ran_on"] == listed


def test_each_batch_is_forced_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    with open_store(tmp_path) as store:
        synced.clear()
        store.append([Prediction("0", "yes")])
        store.append([Prediction("1", "no")])
        assert synced == [len(Prediction("0", "yes").line()), file_of(tmp_path).stat().st_size]


def test_the_first_answer_stays(tmp_path: Path) -> None:
    fill(tmp_path, Prediction("0", "first"))
    fill(tmp_path, Prediction("0", "second"), Prediction("1", "x"))
    with open_store(tmp_path) as store:
        assert store.predictions["0"].text == "first"


@pytest.mark.parametrize(
    "torn", [b"{", b'{"id": "1", "predic', b'{"id": "1", "prediction": "no"}', b"\x00\x00", b"\xc3"]
)
def test_a_torn_last_line_is_dropped(tmp_path: Path, torn: bytes) -> None:
    fill(tmp_path, Prediction("0", "yes"))
    whole = file_of(tmp_path).read_bytes()
    with file_of(tmp_path).open("ab") as file:
        file.write(torn)
    with open_store(tmp_path) as store:
        assert list(store.predictions) == ["0"]
        assert file_of(tmp_path).read_bytes() == whole
        store.append([Prediction("1", "no")])
    assert file_of(tmp_path).read_bytes() == whole + Prediction("1", "no").line()


def test_a_file_of_one_torn_line(tmp_path: Path) -> None:
    fill(tmp_path)
    file_of(tmp_path).write_bytes(b'{"id": "0"')
    with open_store(tmp_path) as store:
        assert store.predictions == {}
    assert file_of(tmp_path).read_bytes() == b""


@pytest.mark.parametrize(
    "damaged",
    [
        b"no JSON\n",
        b"\n",
        b"[]\n",
        b"3\n",
        b'{"id": "0"}\n',
        b'{"id": 0, "prediction": "x"}\n',
        b'{"id": ["0"], "prediction": "x"}\n',
        b'{"id": "0", "prediction": null}\n',
        b"\xff\n",
    ],
)
def test_damage_before_the_last_line_is_an_error(tmp_path: Path, damaged: bytes) -> None:
    fill(tmp_path, Prediction("a", "yes"))
    before = file_of(tmp_path).read_bytes() + damaged + Prediction("b", "no").line()
    file_of(tmp_path).write_bytes(before)
    with pytest.raises(RunError, match=r"test\.jsonl: line 2: damaged; remove the file to predict this split anew"):
        open_store(tmp_path)
    assert file_of(tmp_path).read_bytes() == before
    file_of(tmp_path).unlink()
    with open_store(tmp_path) as store:
        assert store.predictions == {}


def test_other_settings_are_refused(tmp_path: Path) -> None:
    fill(tmp_path, Prediction("0", "yes"))
    other = {"model": "other", "batch_tokens": 8, "seed": 3}
    with pytest.raises(RunError) as caught:
        open_store(tmp_path, other)
    assert str(caught.value) == (
        f"{file_of(tmp_path)}: these predictions were made with another model, seed; "
        f"give another --out, or remove the file to predict this split anew"
    )
    with open_store(tmp_path) as store:
        assert list(store.predictions) == ["0"]
    # The way out that the message names.
    file_of(tmp_path).unlink()
    with open_store(tmp_path, other) as store:
        store.append([Prediction("0", "no")])
    with pytest.raises(RunError, match="made with another model, seed"):
        open_store(tmp_path)


def test_settings_without_predictions_hold_nothing_back(tmp_path: Path) -> None:
    fill(tmp_path)
    with open_store(tmp_path, {"model": "other"}) as store:
        store.append([Prediction("0", "no")])
    with pytest.raises(RunError, match="another batch_tokens, model"):
        open_store(tmp_path)


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    file_of(tmp_path).parent.mkdir(parents=True)
    file_of(tmp_path).write_bytes(b'{"id": "0", "prediction": "by hand"}\n')
    with pytest.raises(RunError, match="not written by t5eval evaluate; give another --out"):
        open_store(tmp_path)
    assert file_of(tmp_path).read_bytes() == b'{"id": "0", "prediction": "by hand"}\n'


@pytest.mark.parametrize("damaged", [b"{", b"[]", b"3", b"\xff"])
def test_damaged_settings(tmp_path: Path, damaged: bytes) -> None:
    fill(tmp_path, Prediction("0", "yes"))
    file_of(tmp_path).with_suffix(".meta.json").write_bytes(damaged)
    with pytest.raises(
        RunError, match=r"test\.meta\.json: damaged; remove it and test\.jsonl to predict this split anew"
    ):
        open_store(tmp_path)


def test_finish_puts_predictions_into_the_order_of_the_examples(tmp_path: Path) -> None:
    made = [Prediction(str(i), f"text {i}") for i in range(4)]
    with open_store(tmp_path) as store:
        store.append([made[2], made[0]])
        store.append([made[3], made[1]])
        store.finish(["0", "1", "2", "3"])
        in_order = b"".join(p.line() for p in made)
        assert file_of(tmp_path).read_bytes() == in_order
        inode = file_of(tmp_path).stat().st_ino
        store.finish(["0", "1", "2", "3"])
        assert file_of(tmp_path).stat().st_ino == inode  # nothing to do
        store.append([Prediction("4", "more")])  # and it goes on
    assert file_of(tmp_path).read_bytes() == in_order + Prediction("4", "more").line()
    assert sorted(p.name for p in file_of(tmp_path).parent.iterdir()) == ["test.jsonl", "test.meta.json"]


APPENDER = """
import sys
from pathlib import Path
from t5eval.runs.prediction_store import Prediction, PredictionStore
store = PredictionStore(Path(sys.argv[1]), "glue/rte", "test", {"model": "m", "batch_tokens": 8, "limit": None})
for batch in range(100_000):
    store.append([Prediction(f"{batch}/{i}", f"text {batch} " * 50) for i in range(20)])
    print(batch, flush=True)
"""


def test_a_killed_process_loses_no_finished_batch(tmp_path: Path) -> None:
    for killed_after in (3, 17):
        run = tmp_path / str(killed_after)
        with subprocess.Popen([sys.executable, "-c", APPENDER, str(run)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            finished = -1
            while finished < killed_after:
                finished = int(process.stdout.readline())
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split("\n")
        assert process.returncode == -signal.SIGKILL
        finished = max([finished, *(int(line) for line in rest[:-1])])
        with open_store(run) as store:
            for batch in range(finished + 1):
                for i in range(20):
                    assert store.predictions[f"{batch}/{i}"].text == f"text {batch} " * 50
            # Nothing but whole lines, at most of the batch that was being written.
            assert {int(example_id.split("/")[0]) for example_id in store.predictions} <= set(range(finished + 2))
        assert file_of(run).read_bytes().endswith(b"\n")


def test_a_store_older_than_a_setting_goes_on_if_it_is_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path, Prediction("0", "yes"))
    old, unsaid = file_of(tmp_path).read_bytes(), {"dtype": "float32", "decode": {"method": "greedy"}}
    for said in (MADE_BY, {**MADE_BY, **unsaid}):
        with PredictionStore(tmp_path, "glue/rte", "test", said, unsaid) as store:
            assert list(store.predictions) == ["0"]
    assert file_of(tmp_path).read_bytes() == old
    with pytest.raises(RunError, match="made with another decode, dtype; give another --out"):
        PredictionStore(
            tmp_path, "glue/rte", "test", {**MADE_BY, "dtype": "bfloat16", "decode": {"method": "rank"}}, unsaid
        )


def test_a_prediction_of_an_example_that_the_split_lacks(tmp_path: Path) -> None:
    """As many lines as examples, one of them foreign: it ended in a KeyError."""
    fill(tmp_path, Prediction("0", "a"), Prediction("7\u202e", "b"))
    with open_store(tmp_path) as store:
        store.require_ids(["7\u202e", "0", "1"])
        with pytest.raises(RunError, match=r"line 2: the split has no example '7.*'; remove the file"):
            store.require_ids(["0", "1"])
