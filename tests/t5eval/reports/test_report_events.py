"""TensorBoard's files read without TensorFlow, against TensorBoard's own messages."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from t5eval.reports.training_events import read_curves

WRITTEN = Path(__file__).with_name("references") / "events.out.tfevents.1795655543.tf2"  # by TensorFlow 2.21


def record(event: Any) -> bytes:
    """Returns a message as a file holds it; nobody here looks at the checksums."""
    body = event.SerializeToString()
    return struct.pack("<Q", len(body)) + b"\0" * 4 + body + b"\0" * 4


def scalar(step: int, **values: float) -> bytes:
    """Returns a record as TensorFlow 1 and PyTorch write it."""
    pb = pytest.importorskip("tensorboard.compat.proto.event_pb2")
    event = pb.Event(wall_time=1.5, step=step)
    for tag, value in values.items():
        event.summary.value.add(tag=tag, simple_value=value)
    return record(event)


def test_a_file_of_tensorflow_is_read_as_tensorboard_reads_it() -> None:
    pb = pytest.importorskip("tensorboard.compat.proto.event_pb2")
    raw, place, expected = WRITTEN.read_bytes(), 0, {}
    while place < len(raw):
        (length,) = struct.unpack_from("<Q", raw, place)
        event = pb.Event.FromString(raw[place + 12 : place + 12 + length])
        place += length + 16
        for value in event.summary.value:
            (number,) = value.tensor.float_val or struct.unpack("<f", value.tensor.tensor_content)
            expected.setdefault(value.tag, []).append((event.step, number))
    assert len(expected["loss"]) == 4
    assert read_curves(WRITTEN.parent) == expected


def test_a_later_file_counts_where_steps_were_taken_again(tmp_path: Path) -> None:
    (tmp_path / "events.out.tfevents.100.a").write_bytes(scalar(1, loss=3) + scalar(2, loss=2) + scalar(3, loss=9))
    (tmp_path / "events.out.tfevents.200.a").write_bytes(scalar(3, loss=1, other=-5) + scalar(1 << 40, loss=0.5))
    assert read_curves(tmp_path) == {"loss": [(1, 3.0), (2, 2.0), (3, 1.0), (1 << 40, 0.5)], "other": [(3, -5.0)]}


def test_the_later_file_is_not_found_by_the_clock(tmp_path: Path) -> None:
    """The clock was put back between the two."""
    (tmp_path / "events.out.tfevents.200.a").write_bytes(scalar(1, loss=3) + scalar(2, loss=2) + scalar(3, loss=9))
    (tmp_path / "events.out.tfevents.100.a").write_bytes(scalar(3, loss=1) + scalar(4, loss=0.5))
    assert read_curves(tmp_path) == {"loss": [(1, 3.0), (2, 2.0), (3, 1.0), (4, 0.5)]}


@pytest.mark.parametrize("cut", range(1, 30, 4))
def test_a_torn_file_counts_up_to_there(tmp_path: Path, cut: int) -> None:
    (tmp_path / "events.out.tfevents.1").write_bytes((scalar(1, loss=3) + scalar(2, loss=2))[:-cut])
    assert read_curves(tmp_path)["loss"][0] == (1, 3.0)


@pytest.mark.parametrize("raw", [b"", b"\xff" * 99, b"\0" * 99, b"\x05" + b"\0" * 11 + b"\xff" * 20])
def test_what_is_no_event_file_has_no_curves(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "events.out.tfevents.1").write_bytes(raw)
    assert read_curves(tmp_path) == {}


def test_numbers_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    written = scalar(1, loss=float("nan")) + scalar(2, loss=float("inf")) + scalar(3, loss=1)
    (tmp_path / "events.out.tfevents.1").write_bytes(written)
    assert read_curves(tmp_path) == {"loss": [(3, 1.0)]}
