"""A source, a text format, an answer parser, a metric and a model; polite.toml is the task that names them."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from t5eval.metrics import Batch, Metric
from t5eval.plugins import FileSource, register, register_model
from t5eval.predictor import Generation, Predictor, Prepared
from task_specs import Answer, Example, TextPair


@register
@dataclass(frozen=True)
class Csv(FileSource):
    kind = "mine_csv"
    fields = {"sentence": "text"}

    def examples(self, path: Path) -> Iterator[Example]:
        with path.open(encoding="utf-8", newline="") as file:
            for row, line in enumerate(csv.DictReader(file)):
                yield Example(str(row), {"sentence": line["text"], "label": int(line["stars"])})


@register
@dataclass(frozen=True)
class Question:
    question: str
    kind = "mine_question"
    fields = ("sentence",)

    def pairs(self, example: Example, answer: Any, *, training: bool) -> Iterator[TextPair]:
        inputs = f"{self.question} {example.features['sentence']}"
        yield TextPair(example.id, inputs, answer.target(example.features))


@register
@dataclass(frozen=True)
class Stars:
    most: int = 5
    kind = "mine_stars"
    choices = ()

    def target(self, features: Mapping[str, Any]) -> str:
        return f"{features['label']} stars"

    def gold(self, features: Mapping[str, Any], targets: str) -> Answer:
        return Answer(features["label"], features["label"])

    def parse(self, text: str, features: Mapping[str, Any], targets: str) -> Answer:
        number = text.removesuffix(" stars")
        if number.isdecimal() and int(number) <= self.most:
            return Answer(int(number), int(number))
        return Answer(None, -1, f"no number of stars: {text!r}")


@register
class WithinOne(Metric):
    """Share of answers at most one star away; an unreadable one is not."""

    name = "within_one"
    choices = {"unreadable": "wrong"}
    share = True

    def statistics(self, batch: Batch) -> Any:
        near = ~batch.unreadable & (abs(batch.answers - batch.gold) <= 1)
        return np.stack([near, np.ones(len(near))], axis=1).astype(float)

    def aggregate(self, totals: Any) -> Any:
        return 100 * totals[..., 0] / totals[..., 1]


class Always(Predictor):
    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def identity(self) -> Mapping[str, str]:
        return {"always": self.text}

    def prepare(self, texts: Any, max_tokens: int) -> list[Prepared]:
        return [Prepared(text, len(text.split()), False) for text in texts]

    def generate(self, batch: Any, max_new_tokens: int, decode: Any) -> list[Generation]:
        return [Generation(self.text, False) for _ in batch]


register_model("always:", Always)
