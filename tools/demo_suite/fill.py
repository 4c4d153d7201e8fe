"""Filling the suite's files: labels in equal turns, and no sentence in two splits of a task."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.demo_suite.templates.draw import Draw

Make = Callable[[Draw, str], Any]
"""Makes an item of a label; its `texts` are what no other split may have."""

Render = Callable[[Sequence[Any]], str]
"""Returns a file's whole text, given its items."""


@dataclass(frozen=True)
class Part:
    """Items that are drawn together, and the files that show them."""

    files: Mapping[str, Render]
    """Path within the data folder to what writes it."""
    rows: int
    make: Make


@dataclass(frozen=True)
class Task:
    """A task's parts in the order they are filled, and the labels that take turns in each."""

    labels: tuple[str, ...]
    parts: tuple[Part, ...]


def in_three(
    make: Make,
    rows: tuple[int, int, int],
    train: Mapping[str, Render],
    dev: Mapping[str, Render],
    test: Mapping[str, Render],
) -> tuple[Part, ...]:
    """Returns the parts of a task with three splits; `rows` are those of training, validation and test.

    Training comes last: it can best do without the sentences that the small files took.
    """
    return Part(dev, rows[1], make), Part(test, rows[2], make), Part(train, rows[0], make)


def fill(task: Task, seed: int) -> dict[str, str]:
    """Returns the text of each of a task's files by its path.

    Raises:
        ValueError: the templates have too few different sentences for the rows.
    """
    draw = Draw(seed)
    part_of: dict[str, int] = {}
    written: dict[str, str] = {}
    for number, part in enumerate(task.parts):
        items: list[Any] = []
        rows = set()
        labels = draw.shuffled([task.labels[row % len(task.labels)] for row in range(part.rows)])
        attempts = 0
        while len(items) < part.rows:
            attempts += 1
            if attempts > 40 * part.rows:
                raise ValueError(f"{', '.join(part.files)}: the templates yield fewer than {part.rows} different rows")
            item = part.make(draw, labels[len(items)])
            if item.texts in rows or any(part_of.get(text, number) != number for text in item.texts):
                continue
            rows.add(item.texts)
            part_of.update(dict.fromkeys(item.texts, number))
            items.append(item)
        written.update({path: render(items) for path, render in part.files.items()})
    return written
