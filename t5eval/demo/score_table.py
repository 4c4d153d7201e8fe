"""The demo's table: each task's score beside that of one constant answer."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

from t5eval.data import Split
from t5eval.evaluation.split_result import SplitResult
from t5eval.scoring.score import judge, score_split
from task_specs import Answer, Example, TaskSpec


@dataclasses.dataclass(frozen=True)
class DemoRow:
    """One split of the demo's table: the leaderboard's score of the task, and what the commonest answer would get."""

    task: str
    split: str
    n: int
    score: float | None
    commonest: float | None
    unreadable: int

    @property
    def learned(self) -> bool:
        """Whether the model is better than always giving the commonest answer."""
        return self.score is not None and self.score > (self.commonest or 0.0)


def commonest_score(spec: TaskSpec, split: str, examples: Sequence[Example]) -> float | None:
    """Returns the task score of answering every example with the commonest answer; None where it has none.

    Of free texts that is the text that is most often the right one.
    """
    judged = judge(spec, examples, {})
    ((value, _),) = Counter(e.gold.value for e in judged).most_common(1)
    if isinstance(value, tuple):
        ((text, _),) = Counter(e.targets for e in judged).most_common(1)
        constant = judge(spec, examples, {e.id: text for e in judged})
    else:
        constant = [dataclasses.replace(e, answer=Answer(value, value), missing=False) for e in judged]
    return score_split(spec, split, constant).task_score


def demo_rows(splits: Sequence[Split], results: Sequence[SplitResult]) -> list[DemoRow]:
    """Returns a row for each task, of its validation split, or of its test split where there is no other."""
    rows: dict[str, DemoRow] = {}
    for split, result in zip(splits, results, strict=True):
        if result.score.labelled and split.spec.name not in rows:
            rows[split.spec.name] = DemoRow(
                task=split.spec.name,
                split=split.split,
                n=result.score.n,
                score=result.score.task_score,
                commonest=commonest_score(split.spec, split.split, list(split)),
                unreadable=result.score.unreadable,
            )
    return list(rows.values())
