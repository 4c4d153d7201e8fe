"""Files for TensorBoard, read back by its own reader."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from t5eval.runs.tracking.tensorboard_file import tensorboard_file
from t5eval.support.errors import MissingPackage

pytest.importorskip("tensorboard")


def read_events(folder: Path) -> list[list[tuple[int, str, float]]]:
    """Returns what each file of a folder holds, in the order of their names: step, name and number.

    The reader checks the sums that stand around each record.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub import errors
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New

    files = []
    for path in sorted(folder.iterdir()):
        assert path.name.startswith("events.out.tfevents.")
        reader = PyRecordReader_New(str(path))
        events = []
        with suppress(errors.OutOfRangeError):
            while True:
                reader.GetNext()
                events.append(Event.FromString(reader.record()))
        assert [event.file_version for event in events] == ["brain.Event:2", *[""] * (len(events) - 1)]
        files.append([(e.step, value.tag, value.simple_value) for e in events for value in e.summary.value])
    return files


def test_what_was_told_stands_in_a_file_of_each_block(tmp_path: Path) -> None:
    with tensorboard_file(tmp_path / "logs") as log:
        log(0, {"scores/validation/glue/rte/accuracy": 62.5, "validation/glue/rte": 62.5})
        assert read_events(tmp_path / "logs")[0][0] == (0, "scores/validation/glue/rte/accuracy", 62.5)
        log(1000, {"validation/glue/rte": 75.0})
    with tensorboard_file(tmp_path / "logs") as log:
        log(2000, {"validation/glue/rte": 80.0})
    first, second = read_events(tmp_path / "logs")
    assert first[1:] == [(0, "validation/glue/rte", 62.5), (1000, "validation/glue/rte", 75.0)]
    assert second == [(2000, "validation/glue/rte", 80.0)]


def test_nothing_told_is_no_file(tmp_path: Path) -> None:
    with tensorboard_file(tmp_path / "logs"):
        pass
    assert not (tmp_path / "logs").exists()


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(MissingPackage, match="--tensorboard needs tensorboard"), tensorboard_file(tmp_path):
        pass
