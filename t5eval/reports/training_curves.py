"""The numbers that a training run wrote over its steps, `logs/scalars.jsonl`, by name."""

from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from t5eval.support.strict_json import parse_json

Curve = list[tuple[int, float]]
"""Steps and values, by step."""
T = TypeVar("T")

TENSORBOARD_ALONE = "its training curves are in TensorBoard's files alone; tensorboard --logdir shows them"


def read_curves(logs: Path) -> dict[str, Curve]:
    """Returns the numbers of a folder of logs, name to curve, in the order of the names.

    What a later line says of a step counts, since a resumed run may take a step again. Lines that are no numbers of a
    step are passed over, as the torn last one of a killed run; so is null, which stands for what is not finite.
    """
    found: dict[str, dict[int, float]] = {}
    lines: list[bytes] = []
    with suppress(OSError):
        lines = (logs / "scalars.jsonl").read_bytes().splitlines()
    for line in lines:
        numbers: object = None
        with suppress(ValueError):
            numbers = parse_json(line)
        if isinstance(numbers, dict) and type(step := numbers.pop("step", None)) is int:
            for name, value in numbers.items():
                if type(value) in (int, float):
                    found.setdefault(name, {})[step] = value
    return {name: sorted(points.items()) for name, points in sorted(found.items())}


def only_tensorboard(logs: Path) -> bool:
    """Returns whether a folder of logs has TensorBoard's files and no others."""
    return not (logs / "scalars.jsonl").exists() and any(logs.glob("events.out.tfevents.*"))


def thinned(curve: list[T], most: int) -> list[T]:
    """Returns at most `most` points of a curve, evenly chosen, the first and the last among them."""
    if len(curve) <= most:
        return curve
    return [curve[round(place * (len(curve) - 1) / (most - 1))] for place in range(most)]
