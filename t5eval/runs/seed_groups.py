"""Runs that differ by their seeds alone, and how far their scores spread."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.runs.folder import read_config

_OF_A_RUN = re.compile(r"(?P<best>best:)?(?P<run>.+?)(?P<which>/model|/checkpoints/step-\d+)?/?")
"""A model's name as a training run's folder has it."""
_OF_THE_FOLDER = ("out", "wandb", "mlflow", "prepared")
"""Settings of a training that are the folder's, and not the model's."""
TWO = 2.0
"""How many standard deviations from the best still count as it: Raffel et al. 2020, section 3.1.5."""


@dataclass(frozen=True)
class Spread:
    """A number over several seeds.

    Attributes:
        mean: the mean.
        deviation: the standard deviation, of a sample (divided by n - 1); None for fewer than two.
        n: how many numbers there are.
        minimum: the least.
        maximum: the most.
    """

    mean: float
    deviation: float | None
    n: int
    minimum: float
    maximum: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Returns the spread of numbers; None if there is none."""
        if not values:
            return None
        deviation = statistics.stdev(values) if len(values) > 1 else None
        return cls(statistics.fmean(values), deviation, len(values), min(values), max(values))

    def to_json(self) -> dict[str, Any]:
        """Returns the numbers as JSON data."""
        return dict(vars(self))


@dataclass(frozen=True)
class SeedGroup:
    """Runs of one configuration.

    Attributes:
        name: the first run's, and how many more there are.
        runs: their folders.
        seeds: the seed of each, the last one where several steps had one; None where none is recorded.
    """

    name: str
    runs: tuple[Path, ...]
    seeds: tuple[int | None, ...]


def seed_groups(runs: Sequence[Path]) -> list[SeedGroup]:
    """Returns runs in groups that differ by seeds alone, in the order of their first ones.

    What is compared is recorded in each folder's config.toml: the settings of the training and of the evaluation, and,
    where a model came from another run, that run's, and which of its checkpoints. A run without a recorded seed is a
    group of its own. Of runs that have even their seeds in common a group has one; the next goes into another group.

    Raises:
        RunError: a config.toml cannot be read.
    """
    groups: dict[str, list[tuple[Path, int | None]]] = {}
    times: Counter[str] = Counter()
    for run in runs:
        seed = _seed(run)
        whole = _recorded(run, with_seeds=True)
        key = f"alone: {len(groups)}" if seed is None else f"{times[whole]} {_recorded(run, with_seeds=False)}"
        times[whole] += 1
        groups.setdefault(key, []).append((run, seed))
    found = []
    for members in groups.values():
        folders, seeds = zip(*members, strict=True)
        more = f" and {len(members) - 1} more" if len(members) > 1 else ""
        found.append(SeedGroup(f"{folders[0]}{more}", tuple(folders), tuple(seeds)))
    return found


def within_two_deviations(
    spreads: Sequence[Spread | None], baseline: Spread | None, higher_is_better: bool = True
) -> list[bool]:
    """Returns which means are within two standard deviations of the best one; none where no deviation is known.

    Args:
        spreads: None where there is no number.
        baseline: whose deviation it is, as in the paper, which took it for that of all others, too.

    Source: Raffel et al. 2020, section 3.1.5.
    """
    sign = 1 if higher_is_better else -1
    best = max((sign * spread.mean for spread in spreads if spread), default=None)
    if best is None or baseline is None or baseline.deviation is None:
        return [False] * len(spreads)
    least = best - TWO * baseline.deviation
    return [spread is not None and sign * spread.mean >= least for spread in spreads]


def _trained(run: Path) -> tuple[Path, Mapping[str, Any]] | None:
    """Returns the training of a run's model: its own, or that of the run whose model it evaluated."""
    config = read_config(run)
    if "train" in config:
        return run, config["train"]
    return _of_model(config.get("evaluate", {}).get("model"))


def _of_model(name: Any) -> tuple[Path, Mapping[str, Any]] | None:
    match = _OF_A_RUN.fullmatch(name) if isinstance(name, str) else None
    folder = Path(match["run"]) if match else None
    if folder is None or not (folder / "config.toml").is_file():
        return None
    train = read_config(folder).get("train")
    return (folder, train) if train else None


def _seed(run: Path) -> int | None:
    trained = _trained(run)
    table = trained[1] if trained else read_config(run).get("evaluate", {})
    seed = table.get("seed")
    return seed if isinstance(seed, int) else None


def _recorded(run: Path, with_seeds: bool) -> str:
    """Returns what is recorded of a run, without folders, as JSON."""
    trained = _trained(run)
    left_out = ("cache",) if with_seeds else ("cache", "seed")
    evaluate = {key: value for key, value in read_config(run).get("evaluate", {}).items() if key not in left_out}
    if trained is not None and "model" in evaluate:
        evaluate["model"] = _which(evaluate["model"])
    train = dict(_training(trained[1], {trained[0]}, with_seeds)) if trained else {}
    return json.dumps({"train": train, "evaluate": evaluate}, sort_keys=True, default=str)


def _which(model: str) -> str:
    """Returns which of a training run's models a name means: its last, its best or a checkpoint."""
    match = _OF_A_RUN.fullmatch(model)
    return f"{match['best'] or ''}{match['which'] or ''}" if match else model


def _training(table: Mapping[str, Any], seen: set[Path], with_seeds: bool) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if key in _OF_THE_FOLDER or (key == "seed" and not with_seeds):
            continue
        before = _of_model(value) if key == "model" else None
        if before is not None and before[0] not in seen:
            yield key, [_which(value), dict(_training(before[1], {*seen, before[0]}, with_seeds))]
        elif isinstance(value, Mapping):
            yield key, dict(_training(value, seen, with_seeds))
        else:
            yield key, value
