"""One task's answers, read from a run's predictions; what is missing or unreadable is filled, or named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.data import DataSource, content_hashes, open_split
from t5eval.prompts.asking import as_recorded
from t5eval.runs.folder import predictions_path
from t5eval.runs.origin import Origin
from t5eval.scoring.prediction_files import read_predictions
from t5eval.scoring.score import judge
from t5eval.submissions.fill import Fill
from t5eval.support.errors import MissingFile
from task_specs import Example, TaskSpec


@dataclass(frozen=True)
class TaskAnswers:
    """One task's answers, ready for its file.

    Attributes:
        answers: example id to value, for every example of the split.
        filled_missing: how many examples had no prediction and were filled.
        filled_unreadable: how many predictions were unreadable and were filled.
        unmapped: how many answers are not in the passage of which they should be a piece; they stand as they are.
        origin: what is recorded of the predictions that they were read from.
        caution: what to know of that record, None where there is nothing.
    """

    answers: Mapping[str, Any]
    filled_missing: int
    filled_unreadable: int
    unmapped: int
    origin: Origin
    caution: str | None


class Incomplete(Exception):
    """Why a task has no file."""


def task_answers(
    spec: TaskSpec, run: Path, source: DataSource, fill: Fill, official_counts: bool, prompt: str | None = None
) -> TaskAnswers:
    """Reads a task's answers, those to a prompt if one is named.

    Raises:
        Incomplete: the data or an answer is not there, or cannot be read, and nothing was said to fill it.
        UserError: what is there is damaged, or is recorded as predictions of other data.
    """
    assert spec.submission is not None
    split = spec.submission.split
    try:
        opened = open_split(spec, split, source)
        examples = list(opened)
    except MissingFile as error:
        raise Incomplete(str(error)) from None
    official = spec.sizes.get(split)
    if official_counts and official is not None and len(examples) != official:
        raise Incomplete(f"its {split} data has {len(examples):,} of the leaderboard's {official:,} rows")
    path = predictions_path(run, f"{spec.name}@{prompt}" if prompt else spec.name, split)
    if not path.is_file():
        raise Incomplete(f"there are no predictions ({path}); `t5eval evaluate --for submit` makes them")
    origin = Origin(path)
    spec = as_recorded(spec, {"prompt": prompt, **origin.made_by})
    origin.require(spec.name, split, content_hashes(opened))
    predictions = read_predictions(path, [example.id for example in examples], "jsonl")
    return _read_answers(spec, examples, predictions, fill, origin)


def _read_answers(
    spec: TaskSpec, examples: Sequence[Example], predictions: Mapping[str, str], fill: Fill, origin: Origin
) -> TaskAnswers:
    judged = judge(spec, examples, predictions)
    missing = sum(e.missing for e in judged)
    unreadable = [e for e in judged if not e.missing and not e.answer.readable]
    if (missing or unreadable) and fill.label(spec) is None:
        reasons = [f"{missing:,} of {len(judged):,} examples have no prediction"] if missing else []
        if unreadable:
            first = unreadable[0]
            reasons.append(f"{len(unreadable):,} answers are unreadable (id {first.id}: {first.answer.reason})")
        raise Incomplete(f"{' and '.join(reasons)}; --fill {spec.name}=LABEL fills them")
    stand_in = fill.value(spec) if missing or unreadable else None
    return TaskAnswers(
        answers={e.id: stand_in if e.missing or not e.answer.readable else e.answer.value for e in judged},
        filled_missing=missing,
        filled_unreadable=len(unreadable),
        unmapped=sum(not e.answer.mapped and not e.missing for e in judged),
        origin=origin,
        caution=origin.caution(spec.fingerprint),
    )
