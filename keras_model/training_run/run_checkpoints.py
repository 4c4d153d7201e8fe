"""The checkpoints of a run in progress: which there are, where the run stood, and which did best. Needs no TensorFlow.

`checkpoints/step-00001000/` holds a model in Hugging Face's layout and `training_state.safetensors`: the optimizer's
variables, the states of the random generators (dropout), and as metadata a `Progress` in JSON.
"""

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_model.files.model_folder import CheckpointError
from keras_model.files.strict_json import parse_json

STATE_FILE = "training_state.safetensors"
_NAME = re.compile(r"step-(\d+)")


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a run stands, beside its weights."""

    step: int
    """Steps taken."""
    fixed: Mapping[str, Any]
    """What must not change when the run is resumed: seed, batch size, data, ..."""
    scores: Mapping[int, Mapping[str, float]]
    """What validation gave, by step."""
    tokens: int = 0
    """Tokens trained on, source and target, without padding; those that are known, in a run from before they were
    counted."""


def checkpoint_name(step: int) -> str:
    """The name of the folder of a checkpoint."""
    return f"step-{step:08d}"


def checkpoints_in(folder: Path) -> list[Path]:
    """The complete checkpoints of a folder, oldest first; empty where there is no such folder."""
    found = [(int(match[1]), path) for path in folder.glob("step-*") if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found) if (path / STATE_FILE).is_file()]


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint of a folder, or None."""
    return next(reversed(checkpoints_in(folder)), None)


def less_is_better(name: str) -> bool:
    """Whether a score is better the lower it is: one with the word `loss` or `perplexity` in its name."""
    return not {"loss", "perplexity"}.isdisjoint(name.split())


def best_steps(scores: Mapping[int, Mapping[str, float]]) -> dict[str, int]:
    """For each score that validation gave, the step at which it was best; of equals the first. NaN is never best.

    Best is highest, or lowest where `less_is_better`.
    """
    best: dict[str, int] = {}
    for step in sorted(scores):
        for name, score in scores[step].items():
            if math.isnan(score):
                continue  # no number is better than it
            sign = -1 if less_is_better(name) else 1
            if name not in best or sign * score > sign * scores[best[name]][name]:
                best[name] = step
    return best


def is_stalled(scores: Mapping[int, Mapping[str, float]], patience: int) -> bool:
    """Whether none of the last `patience` validations brought a score that was better than its best before.

    It follows from the scores alone, so that a run which is resumed decides as one that nothing interrupted.
    """
    last = max(best_steps(scores).values(), default=-1)
    return sum(step > last for step in scores) >= patience


def best_checkpoints(folder: Path) -> dict[str, Path]:
    """The checkpoint of each validation score's best step, of those in a folder.

    Raises:
        CheckpointError: the newest checkpoint cannot be read.
    """
    complete = {int(path.name.removeprefix("step-")): path for path in checkpoints_in(folder)}
    if not complete:
        return {}
    scores = read_progress(complete[max(complete)]).scores
    best = best_steps({step: found for step, found in scores.items() if step in complete})
    return {name: complete[step] for name, step in best.items()}


def read_progress(checkpoint: Path) -> Progress:
    """Where the run of a checkpoint stood. Raises CheckpointError if the file cannot be read."""
    metadata = open_state(checkpoint).metadata() or {}
    try:
        values = parse_json(metadata["progress"])
        scores = {int(step): _numbers(scores) for step, scores in values["scores"].items()}
        tokens = values.get("tokens", 0)
        if not (type(values["step"]) is type(tokens) is int and isinstance(values["fixed"], dict)):
            raise TypeError
        return Progress(values["step"], values["fixed"], scores, tokens)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CheckpointError(
            f"{checkpoint / STATE_FILE}: does not say where its run stood. Remove {checkpoint} to resume from the "
            "checkpoint before it."
        ) from None


def _numbers(scores: dict[str, Any]) -> dict[str, Any]:
    if not all(type(score) in (int, float) for score in scores.values()):
        raise TypeError
    return scores


def open_state(checkpoint: Path) -> Any:
    """The opened `training_state.safetensors`. Raises CheckpointError if it cannot be read."""
    from safetensors import SafetensorError, safe_open

    path = checkpoint / STATE_FILE
    try:
        return safe_open(path, framework="numpy")
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: cannot be read ({error}). Remove {checkpoint} to resume from the checkpoint before it."
        ) from error
