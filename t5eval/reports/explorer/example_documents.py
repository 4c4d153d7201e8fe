"""What the explorer shows of single examples: their fields, what each run said, and why that was counted so."""

import math
from collections.abc import Sequence
from typing import Any

from t5eval.metrics import Batch, Scored, metric_of
from t5eval.metrics.metric import Metric
from t5eval.reports.escaping import visible
from t5eval.reports.joined_examples import RunAnswers, SplitExamples
from t5eval.reports.measures import ERROR
from t5eval.runs.prediction import Ranking
from task_specs import Example, TaskSpec

LONGEST = 40_000
"""Characters of a text that are shown; the rest is counted."""
LOW_SCORE = 50.0

FILTERS = (
    "wrong",
    "unreadable",
    "missing",
    "input cut",
    "output at the length limit",
    "not in the passage",
    "T5's way of writing undone",
    "filtered",
)
"""What an answer's flags say, a bit each."""
WRONG, UNREADABLE, MISSING, CUT, AT_LIMIT, UNMAPPED, CHANGED, FILTERED = (1 << bit for bit in range(len(FILTERS)))


def shown(text: str) -> str:
    """Returns the first `LONGEST` characters of a text, and how many more there are; none invisible."""
    rest = len(text) - LONGEST
    return visible(text if rest <= 0 else f"{text[:LONGEST]} … (and {rest:,} more characters)")


def fields_of(spec: TaskSpec, example: Example) -> list[list[str]]:
    """Returns the features that the text format puts into the input, by name, each by itself."""
    answer = getattr(spec.answer, "field", None)
    fields = []
    for name in spec.text.fields:
        value = example.features.get(name)
        if isinstance(value, list | tuple) and name != answer:
            value = ", ".join(map(str, value))
        if isinstance(value, str) and name != answer:
            fields.append([name, shown(value)])
    return fields


def example_document(split: SplitExamples, place: int, labelled: Scored | None) -> dict[str, Any]:
    """Returns an example without answers.

    Args:
        split: the split.
        place: where it stands in it.
        labelled: the example as one of the runs was judged, None where there are no labels.
    """
    example, targets = split.examples[place], []
    if labelled is not None:
        gold = labelled.gold.value
        targets = [labelled.targets, *(map(str, gold) if isinstance(gold, tuple | list) else ())]
    return {
        "place": place,
        "id": visible(example.id),
        "fields": fields_of(split.spec, example),
        "input": shown(split.inputs[place]),
        "targets": [shown(text) for text in dict.fromkeys(targets)],
    }


def answer_documents(run: RunAnswers, places: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Returns what a run said of the examples at some places, as far as it answered them."""
    numbers = [run.numbers[place] for place in places if place in run.numbers]
    scores = (
        example_scores(run.spec, [run.judged[number] for number in numbers]) if run.labelled else [{}] * len(numbers)
    )
    found = {}
    for number, own in zip(numbers, scores, strict=True):
        judged = run.judged[number]
        stored = run.stored.get(judged.id)
        value = run.measure.values[number] if run.measure else None
        found[run.places[number]] = {
            "text": None if judged.missing else shown(judged.prediction),
            "written": None if judged.written in (None, judged.prediction) else shown(judged.written or ""),
            "value": None if value is None else round(value, 3),
            "flags": flags_of(run, number),
            "why": shown(why(run.spec, judged, run.labelled)),
            "scores": own,
            **({"choices": choices_of(run, stored.ranking)} if stored and stored.ranking else {}),
            **_probabilities(judged),
            **({"samples": [shown(text) for text in stored.samples]} if stored and stored.samples else {}),
        }
    return found


def choices_of(run: RunAnswers, ranking: Ranking) -> list[list[Any]]:
    """Returns each ranked answer with its log-likelihood, its tokens and its probability among them."""
    names = run.choices if len(run.choices) == len(ranking.sums) else [""] * len(ranking.sums)
    rows = zip(names, ranking.sums, ranking.tokens, ranking.shares, strict=True)
    return [
        [name, round(total, 4), tokens, round(share, 4)]
        for name, total, tokens, share in rows
        if math.isfinite(total + share)
    ]


def _probabilities(judged: Scored) -> dict[str, float]:
    """Returns how probable the answer was, and that there is none, in percent, as far as that is known."""
    told = {"confidence": judged.confidence, "no_answer": judged.no_answer}
    return {name: round(100 * value, 4) for name, value in told.items() if value is not None}


def example_scores(spec: TaskSpec, judged: Sequence[Scored]) -> list[dict[str, float]]:
    """Returns the scores that each example has alone, by name; corpus scores and those of groups have none."""
    found: list[dict[str, float]] = [{} for _ in judged]
    classes = tuple(getattr(spec.answer, "classes", ()))
    batch = Batch(judged, classes)
    for name in spec.metrics if judged else ():
        metric = metric_of(spec, name)
        alone = type(metric).resample is Metric.resample and all(metric.together(e.id) == e.id for e in judged)
        if not alone or (classes and not metric.share):
            continue
        rows = metric.statistics(batch)
        if len(rows) != len(judged):
            continue
        for own, value in zip(found, metric.aggregate(rows), strict=True):
            if math.isfinite(value):
                own[name] = round(float(value), 2)
    return found


def flags_of(run: RunAnswers, number: int) -> int:
    """Returns the sum of the filters that hold for an answer."""
    judged, flags = run.judged[number], 0
    if judged.missing:
        flags |= MISSING
    elif not judged.answer.readable:
        flags |= UNREADABLE
    elif not judged.answer.mapped:
        flags |= UNMAPPED
    elif judged.answer.changed:
        flags |= CHANGED
    if judged.written not in (None, judged.prediction):
        flags |= FILTERED
    value = run.measure.values[number] if run.measure else None
    if run.measure and run.measure.kind != ERROR and value is not None and value < LOW_SCORE:
        flags |= WRONG
    stored = run.stored.get(judged.id)
    if stored and stored.truncated:
        flags |= CUT
    if stored and stored.hit_limit:
        flags |= AT_LIMIT
    return flags


def why(spec: TaskSpec, judged: Scored, labelled: bool) -> str:
    """Returns why an answer was counted as it was."""
    answer = judged.answer
    if judged.missing:
        return "no prediction: counted as wrong" if labelled else "no prediction"
    if not answer.readable:
        return f"unreadable: {answer.reason}"
    sides = [answer, judged.gold] if labelled else [answer]
    read: list[str] = []
    if classes := getattr(spec.answer, "classes", ()):
        read = [classes[side.value] for side in sides]
    elif isinstance(answer.value, int) and isinstance(answer.t5, str):  # one of the example's own candidates
        read = [str(side.t5) for side in sides]
    elif isinstance(answer.value, int | float):
        read = [f"{side.value:g}" for side in sides if isinstance(side.value, int | float)]
    if read:
        return f"read as {'; true is '.join(read)}"
    if not answer.mapped:
        return "not found in the passage: compared as it is"
    if answer.value != judged.prediction:
        return f"read as {answer.value or 'no answer'}"
    return "compared as it is" if labelled else ""
