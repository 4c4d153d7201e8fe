"""CNN/DailyMail as JSON lines. Its test set is not hidden: all splits have highlights."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from tools.demo_suite.fill import Part, Task
from tools.demo_suite.layouts.json_rows import json_lines
from tools.demo_suite.templates import news
from tools.demo_suite.templates.item import Item


def _stories(items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    for item in items:
        article = item.texts[0]
        digest = hashlib.sha1(article.encode(), usedforsecurity=False).hexdigest()
        yield {"id": digest, "article": article, "highlights": item.note}


def _part(split: str, rows: int) -> Part:
    return Part({f"cnn_dailymail/{split}.jsonl": json_lines(_stories)}, rows, news.story)


TASKS = (Task(("",), (_part("validation", 30), _part("test", 30), _part("train", 160))),)
