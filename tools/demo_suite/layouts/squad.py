"""SQuAD's files: one JSON document, articles of paragraphs of questions."""

import json
from collections.abc import Sequence
from functools import partial

from tools.demo_suite.fill import Part, Task
from tools.demo_suite.templates import places
from tools.demo_suite.templates.places import Passage

VERSION = "1.1"


def _document(first_id: int, items: Sequence[Passage]) -> str:
    """Returns a file: a line for each article, which has one paragraph; ids ascend from `first_id`."""
    number = first_id
    articles = []
    for item in items:
        questions = []
        for question in item.questions:
            whole = question.answers[0]
            start = item.text.index(whole)
            answers = [{"answer_start": start + whole.index(text), "text": text} for text in question.answers]
            questions.append({"answers": answers, "question": question.text, "id": f"{number:024x}"})
            number += 1
        paragraph = {"context": item.text, "qas": questions}
        articles.append(json.dumps({"title": item.title, "paragraphs": [paragraph]}))
    lines = ",\n".join(articles)
    return f'{{"data": [\n{lines}\n], "version": "{VERSION}"}}\n'


TASKS = (
    Task(
        ("",),
        (
            Part({"squad/dev-v1.1.json": partial(_document, 0x5EED0000)}, 24, places.squad),
            Part({"squad/train-v1.1.json": partial(_document, 0x5EED1000)}, 140, places.squad),
        ),
    ),
)
