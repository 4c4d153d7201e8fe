"""Where the time of a decoding step goes, by TensorFlow operation, from TensorFlow's own profiler."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

CONTAINERS = ("__inference", "Process", "Run")
"""Beginnings of the names of events that hold other events."""


def operations(work: Callable[[], object]) -> tuple[Counter[str], Counter[str]]:
    """Returns for each kind of operation the milliseconds and the number of calls that some work takes."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        try:
            work()
        finally:
            tf.profiler.experimental.stop()
        (file,) = Path(folder).rglob("*.xplane.pb")
        space = xplane_pb2.XSpace()
        space.ParseFromString(file.read_bytes())
    milliseconds: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                # Operations are called `name:kind`.
                _, colon, kind = plane.event_metadata[event.metadata_id].name.rpartition(":")
                kind = kind.strip()
                if colon and not kind.startswith(CONTAINERS):
                    milliseconds[kind] += event.duration_ps / 1e9
                    calls[kind] += 1
    return milliseconds, calls


def of_a_step(generate: Callable[[int], object], steps: int) -> list[tuple[str, float, float]]:
    """Returns what a step of decoding takes: that of `steps` steps without that of the first, divided among the others.

    Args:
        generate: decodes a batch for so many steps.
        steps: more than 1.

    Returns:
        For each kind of operation, the longest first, its milliseconds and its calls in a step.
    """
    for length in (1, steps):
        generate(length)
    first_time, first_calls = operations(lambda: generate(1))
    time, calls = operations(lambda: generate(steps))
    others = steps - 1
    found = [
        (kind, (time[kind] - first_time[kind]) / others, (calls[kind] - first_calls[kind]) / others)
        for kind in time
        if calls[kind] > first_calls[kind]
    ]
    return sorted(found, key=lambda row: -row[1])
