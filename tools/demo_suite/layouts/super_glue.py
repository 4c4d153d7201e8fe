"""SuperGLUE's files: a JSON object a line, with the official keys, types and indices."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from tools.demo_suite.fill import Make, Part, Render, Task, in_three
from tools.demo_suite.layouts.json_rows import json_lines
from tools.demo_suite.templates import claims, inference, news, places, referents, senses
from tools.demo_suite.templates.item import Item
from tools.demo_suite.templates.news import News, Query
from tools.demo_suite.templates.places import Passage
from tools.demo_suite.templates.referents import Coreference

MULTIRC_VERSION = 1.1
WIC_VERSION = 1.1

Keys = Callable[[Any], dict[str, Any]]
"""An item's keys but for its index and label."""


def _flat(keys: Keys, value: Callable[[str], Any] | None) -> Render:
    """Returns what writes flat objects with an `idx`, and where `value` gives it, a `label`."""

    def objects(items: Sequence[Any]) -> Iterator[dict[str, Any]]:
        for place, item in enumerate(items):
            yield {**keys(item), "idx": place, **({"label": value(item.label)} if value else {})}

    return json_lines(objects)


def _splits(
    folder: str, make: Make, rows: tuple[int, int, int], labelled: Render, unlabelled: Render
) -> tuple[Part, ...]:
    path = f"super_glue/{folder}"
    return in_three(
        make,
        rows,
        {f"{path}/train.jsonl": labelled},
        {f"{path}/val.jsonl": labelled},
        {f"{path}/test.jsonl": unlabelled},
    )


def _task(
    folder: str,
    labels: tuple[str, ...],
    make: Make,
    rows: tuple[int, int, int],
    keys: Keys,
    value: Callable[[str], Any] = str,
) -> Task:
    """Returns a task of flat objects.

    Args:
        folder: its folder.
        labels: the labels that take turns, as the templates know them.
        make: the template.
        rows: those of training, validation and test.
        keys: see `Keys`.
        value: a label to its value in the files.
    """
    return Task(labels, _splits(folder, make, rows, _flat(keys, value), _flat(keys, None)))


def _nested(
    folder: str, make: Make, rows: tuple[int, int, int], objects: Callable[[bool, Sequence[Any]], Iterator[Any]]
) -> Task:
    """Returns a task whose labels, which `objects` writes or not, stand inside its objects."""
    labelled, unlabelled = (json_lines(partial(objects, with_labels)) for with_labels in (True, False))
    return Task(("",), _splits(folder, make, rows, labelled, unlabelled))


def _texts(*names: str) -> Keys:
    """Returns what calls an item's texts by these names."""
    return lambda item: dict(zip(names, item.texts, strict=True))


def _true(label: str) -> bool:
    return label == "true"


def _copa(item: Item) -> dict[str, Any]:
    return {**_texts("premise", "choice1", "choice2")(item), "question": item.note}


def _wic(item: Item) -> dict[str, Any]:
    word, (first, second) = item.note, item.texts
    starts = [text.lower().index(word) for text in (first, second)]
    places = {f"start{i}": start for i, start in enumerate(starts, start=1)}
    ends = {f"end{i}": start + len(word) for i, start in enumerate(starts, start=1)}
    return {"word": word, "sentence1": first, "sentence2": second, **places, **ends, "version": WIC_VERSION}


def _wsc(item: Coreference) -> dict[str, Any]:
    words = item.text.split(" ")
    candidate = item.candidate.split(" ")
    first = next(i for i in range(len(words)) if words[i : i + len(candidate)] == candidate)
    target = {
        "span1_text": item.candidate,
        "span1_index": first,
        "span2_text": item.pronoun,
        "span2_index": words.index(item.pronoun),
    }
    return {"text": item.text, "target": target}


def _axb(items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    for place, item in enumerate(items):
        column, phenomenon = item.note.split(": ")
        first, second = item.texts
        yield {"sentence1": first, "sentence2": second, "idx": str(place), "label": item.label, column: phenomenon}


def _axg(items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    for pair, item in enumerate(items):
        *premises, hypothesis = item.texts
        for side, premise in enumerate(premises):
            idx = 2 * pair + side
            yield {
                "hypothesis": hypothesis,
                "idx": idx,
                "label": item.label,
                "pair_id": 1001 + idx,
                "premise": premise,
            }


def _multirc(with_labels: bool, items: Sequence[Passage]) -> Iterator[dict[str, Any]]:
    """Yields paragraphs; questions and answers are numbered through the whole file."""
    question_idx = answer_idx = 0
    for place, item in enumerate(items):
        questions = []
        for question in item.questions:
            answers = []
            for text, true in question.answers:
                label = {"label": int(true)} if with_labels else {}
                answers.append({"text": text, "idx": answer_idx, **label})
                answer_idx += 1
            questions.append({"question": question.text, "answers": answers, "idx": question_idx})
            question_idx += 1
        passage = {"text": item.text, "questions": questions}
        yield {"idx": place, "version": MULTIRC_VERSION, "passage": passage}


def _record(with_answers: bool, items: Sequence[News]) -> Iterator[dict[str, Any]]:
    """Yields passages; an entity's end is its last character, and an answer is every place that names it."""
    query_idx = 0
    for place, item in enumerate(items):
        spans = item.entities()
        queries = []
        for query in item.queries:
            queries.append(_query(query, spans, item.text, query_idx, with_answers))
            query_idx += 1
        entities = [{"start": start, "end": end} for start, end in spans]
        yield {
            "source": "demo",
            "passage": {"text": item.text, "entities": entities},
            "qas": queries,
            "idx": place,
        }


def _query(query: Query, spans: Sequence[tuple[int, int]], text: str, idx: int, with_answers: bool) -> dict[str, Any]:
    answers = [
        {"start": start, "end": end, "text": query.answer}
        for start, end in spans
        if text[start : end + 1] == query.answer
    ]
    return {"query": query.text, **({"answers": answers} if with_answers else {}), "idx": idx}


BOOLEANS = ("true", "false")
TWO_WAY = ("entailment", "not_entailment")
PAIR = _texts("premise", "hypothesis")

TASKS = (
    _task("BoolQ", BOOLEANS, places.boolq, (240, 40, 40), _texts("question", "passage"), _true),
    _task("CB", ("entailment", "contradiction", "neutral"), claims.cb, (150, 36, 36), PAIR),
    _task("COPA", ("0", "1"), claims.copa, (260, 30, 30), _copa, int),
    _nested("MultiRC", places.multirc, (130, 16, 16), _multirc),
    _nested("ReCoRD", news.record, (190, 24, 24), _record),
    Task(
        TWO_WAY,
        (
            Part({"super_glue/AX-b/AX-b.jsonl": json_lines(_axb)}, 40, inference.axb),
            Part({"super_glue/AX-g/AX-g.jsonl": json_lines(_axg)}, 20, referents.axg),
            *_splits("RTE", inference.super_rte, (240, 40, 40), _flat(PAIR, str), _flat(PAIR, None)),
        ),
    ),
    _task("WiC", BOOLEANS, senses.wic, (160, 40, 40), _wic, _true),
    _task("WSC", BOOLEANS, referents.wsc, (160, 32, 32), _wsc, _true),
)
