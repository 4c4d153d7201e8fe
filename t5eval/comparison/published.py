"""A run's scores beside the published ones of a model, and whether the two can be compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import task_specs
from t5eval.scoring.score import Score, SplitScore
from task_specs import TaskSpec
from task_specs.spec import Published
from task_specs.support.errors import UserError, did_you_mean


@dataclass(frozen=True)
class AgainstPublished:
    """One of our scores beside a published one.

    Attributes:
        task: the task's name.
        score: the score's name: T5's own variant where the publication has that.
        split: the split that ours is of.
        ours: our score; None where the task has no score of that name.
        published_split: the split that the published one is of.
        published: its value in percent.
        source: where it was published.
        reasons: why the two are not comparable, none if they are.
    """

    task: str
    score: str
    split: str
    ours: Score | None
    published_split: str
    published: float
    source: str
    reasons: tuple[str, ...]

    @property
    def difference(self) -> float | None:
        """Ours minus the published one, None where ours is undefined."""
        return None if self.ours is None or self.ours.value is None else self.ours.value - self.published

    @property
    def inside(self) -> bool | None:
        """Whether the published value lies in our interval, None where there is none."""
        if self.ours is None or self.ours.ci95 is None:
            return None
        return self.ours.ci95[0] <= self.published <= self.ours.ci95[1]

    def to_json(self) -> dict[str, Any]:
        """Returns the pair as JSON data."""
        ours = self.ours.to_json() if self.ours else {"value": None, "ci95": None, "signature": None}
        return {
            "task": self.task,
            "score": self.score,
            "split": self.split,
            **ours,
            "published": self.published,
            "published_split": self.published_split,
            "source": self.source,
            "difference": self.difference,
            "inside_ci95": self.inside,
            "comparable": not self.reasons,
            "reasons": list(self.reasons),
        }


def published_models() -> list[str]:
    """Returns the models that some task has published scores of."""
    return list(dict.fromkeys(row.model for spec in task_specs.all_tasks() for row in spec.published))


def require_published(model: str) -> None:
    """Raises a UserError if no task has published scores of a model."""
    known = published_models()
    if model not in known:
        raise UserError(f"--published {model}: no such model.{did_you_mean(model, known)} Known: {', '.join(known)}")


def against_published(
    spec: TaskSpec, model: str, ours: SplitScore, faults: Sequence[str] = ()
) -> Iterator[AgainstPublished]:
    """Yields each published score of a model for a task, with ours of the same name.

    Args:
        faults: what is wrong with ours, whatever it is compared with.
    """
    for row in spec.published:
        if row.model != model:
            continue
        for name, value in row.scores.items():
            score = ours.scores.get(name)
            reasons = (*_reasons(spec, row, ours, name, score), *faults)
            yield AgainstPublished(spec.name, name, ours.split, score, row.split, value, row.source, reasons)


def _reasons(spec: TaskSpec, row: Published, ours: SplitScore, name: str, score: Score | None) -> Iterator[str]:
    if ours.split != row.split:
        yield f"ours is of {ours.split}, the published one of {row.split}"
    elif row.caution:
        yield row.caution
    official = spec.sizes.get(ours.split)
    if official is not None and ours.n != official:
        yield f"ours is of {ours.n:,} of {official:,} examples"
    if ours.missing:
        yield f"{ours.missing:,} of our predictions are missing and count as wrong"
    if score is None:
        yield f"the task has no score {name}, only {', '.join(ours.scores)}"
    elif score.value is None:
        yield "ours is undefined"
