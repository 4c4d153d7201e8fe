"""The numbers of a training run over its steps: as written, beside TensorBoard's own, and after a kill."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import pytest

from keras_model.training_run.scalar_log import ScalarLog
from t5eval.reports.training_curves import only_tensorboard, read_curves

REFERENCES = Path(__file__).with_name("references")
EVENTS = REFERENCES / "events.out.tfevents.1795655543.tf2"  # by TensorFlow 2.21


def test_the_curves_are_those_that_tensorboard_reads() -> None:
    pb = pytest.importorskip("tensorboard.compat.proto.event_pb2")
    raw, place, expected = EVENTS.read_bytes(), 0, {}
    while place < len(raw):
        (length,) = struct.unpack_from("<Q", raw, place)
        event = pb.Event.FromString(raw[place + 12 : place + 12 + length])
        place += length + 16
        for value in event.summary.value:
            (number,) = value.tensor.float_val or struct.unpack("<f", value.tensor.tensor_content)
            expected.setdefault(value.tag, []).append((event.step, number))
    assert len(expected["loss"]) == 4
    assert read_curves(REFERENCES) == expected


def test_what_is_written_is_read(tmp_path: Path) -> None:
    log = ScalarLog(tmp_path / "logs", 0)
    log.write(1, {"loss": 3.0, "é": 1e-300})
    log.write(1 << 40, {"loss": math.nan, "other": -math.inf, "norm": 2})
    assert read_curves(tmp_path / "logs") == {"loss": [(1, 3.0)], "norm": [(1 << 40, 2)], "é": [(1, 1e-300)]}
    assert "NaN" not in (tmp_path / "logs" / "scalars.jsonl").read_text()


@pytest.mark.parametrize("cut", range(0, 24, 3))
@pytest.mark.parametrize("step", [0, 3, 6])
def test_a_resumed_run_has_each_step_once(tmp_path: Path, cut: int, step: int) -> None:
    """Killed within the line of step 9, it goes on from a checkpoint, whose steps are all there already."""
    path = tmp_path / "scalars.jsonl"
    log = ScalarLog(tmp_path, 0)
    for taken in (3, 6, 9):
        log.write(taken, {"loss": 1 / taken})
    path.write_bytes(path.read_bytes()[: -cut or None])
    resumed = ScalarLog(tmp_path, step)
    for taken in range(step + 3, 13, 3):
        resumed.write(taken, {"loss": 1 / taken})
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [{"step": taken, "loss": 1 / taken} for taken in (3, 6, 9, 12)]
    assert read_curves(tmp_path) == {"loss": [(taken, 1 / taken) for taken in (3, 6, 9, 12)]}
    assert [file.name for file in tmp_path.iterdir()] == ["scalars.jsonl"]


def test_a_later_line_counts_where_a_step_was_taken_again(tmp_path: Path) -> None:
    lines = [{"step": 2, "loss": 9}, {"step": 3, "loss": 1}, {"step": 2, "loss": 2}]
    (tmp_path / "scalars.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read_curves(tmp_path) == {"loss": [(2, 2), (3, 1)]}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff" * 99,
        b"[" * 100_000,
        b'{"step": 4, "loss": 0.',
        b"[1]\nnull\n3\n",
        b'{"loss": 2}\n{"step": "4", "loss": 2}\n{"step": true, "loss": 2}\n{"step": 4, "loss": "2", "a": true}',
        b'{"step": 4, "loss": 1e999}\n{"step": 4, "loss": ' + b"9" * 5000 + b"}",
    ],
)
def test_lines_that_are_no_numbers_of_a_step_are_passed_over(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "scalars.jsonl").write_bytes(b'{"step": 3, "loss": 1.5}\n' + raw)
    assert read_curves(tmp_path) == {"loss": [(3, 1.5)]}
    ScalarLog(tmp_path, 3)
    assert read_curves(tmp_path) == {"loss": [(3, 1.5)]}


def test_files_that_only_tensorboard_reads_are_known(tmp_path: Path) -> None:
    assert not only_tensorboard(tmp_path)
    assert read_curves(tmp_path) == {}
    (tmp_path / EVENTS.name).write_bytes(EVENTS.read_bytes())
    assert only_tensorboard(tmp_path)
    ScalarLog(tmp_path, 0)
    assert not only_tensorboard(tmp_path)
