"""What the explorer shows of runs' mistakes: which examples all have right, some, or none."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from t5eval.comparison.mistakes import common_mistakes
from t5eval.metrics import Batch
from t5eval.reports import overview
from t5eval.reports.joined_examples import RunAnswers
from t5eval.reports.reported_run import Key, Run
from task_specs.support.errors import UserError


def mistakes_document(runs: Sequence[Run], answers: Callable[[Key, str], RunAnswers]) -> list[dict[str, Any]]:
    """Returns the mistakes in common on each split that all runs have, and on which answers are right or wrong.

    Args:
        runs: two or more.
        answers: gives a run's answers to a split by the run's name; a split that it cannot give is left out, which the
            comparison's own cautions name.
    """
    return list(_splits(runs, answers))


def _splits(runs: Sequence[Run], answers: Callable[[Key, str], RunAnswers]) -> Iterator[dict[str, Any]]:
    for key in overview.keys_of(runs):
        if not all(key in run.results for run in runs):
            continue
        try:
            said = [answers(key, run.name) for run in runs]
        except UserError:
            continue
        shared = set.intersection(*(set(run.places) for run in said))
        rights = [run.right for run in said]
        if not shared or any(right is None for right in rights):
            continue
        numbers = [[run.numbers[place] for place in sorted(shared)] for run in said]
        batches = [
            Batch([run.judged[number] for number in own], run.batch.classes)
            for run, own in zip(said, numbers, strict=True)
        ]
        right = [found[own] for found, own in zip(rights, numbers, strict=True) if found is not None]
        yield {"task": key[0], "split": key[1], **common_mistakes(batches, right).to_json()}
