"""What a submission keeps of its data besides ids, by the name under which a leaderboard asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from t5eval.data.parallel_text import read_frame
from t5eval.data.split import open_split
from task_specs import TaskSpec


def read_references(spec: TaskSpec, split: str, data_dir: Path) -> list[str] | None:
    """Returns the true text of each example of a split, None where it is unlabelled."""
    references: list[str] = []
    for example in open_split(spec, split, data_dir, with_labels=True):
        gold = spec.answer.gold(example.features, "")
        if gold is None:
            return None
        references.append(gold.value[0])
    return references


KEPT: dict[str, Callable[[TaskSpec, str, Path], Any]] = {"frame": read_frame, "references": read_references}
