"""A file for TensorBoard, written with its own records and without TensorFlow."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from t5eval.runs.tracking.log import Log
from t5eval.support.errors import MissingPackage


@contextmanager
def tensorboard_file(folder: Path) -> Iterator[Log]:
    """Opens a file in a folder of TensorBoard's for the length of the block; it is made with the first numbers.

    Raises:
        MissingPackage: TensorBoard is not installed.
    """
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ModuleNotFoundError as error:
        raise MissingPackage(f"--tensorboard needs {error.name}: pip install tensorboard") from None
    with ExitStack() as stack:
        opened: list[Any] = []

        def writer() -> Any:
            if not opened:
                folder.mkdir(parents=True, exist_ok=True)
                # What TensorBoard looks for; the rest tells the files of several commands apart.
                path = folder / f"events.out.tfevents.{time.time_ns() // 1000:016d}.{os.getpid()}"
                opened.append(RecordWriter(stack.enter_context(path.open("xb"))))
                begun = Event(wall_time=time.time(), file_version="brain.Event:2")
                opened[0].write(begun.SerializeToString())
            return opened[0]

        def log(step: int, numbers: Mapping[str, float]) -> None:
            values = [Summary.Value(tag=name, simple_value=number) for name, number in numbers.items()]
            event = Event(wall_time=time.time(), step=step, summary=Summary(value=values))
            writer().write(event.SerializeToString())
            writer().flush()

        yield log
