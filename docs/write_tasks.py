"""Writes docs/tasks.md from the registry: `python docs/write_tasks.py`. A test holds the two together."""

from __future__ import annotations

from pathlib import Path

import task_specs
from task_specs import TaskSpec
from task_specs.registry import BUILT_IN

PAGE = Path(__file__).with_name("tasks.md")
HEAD = """\
# Every task

The names that commands take, and how many examples each split has in the official files. `t5eval show TASK` says all
of a task: its text, its answers, where its files lie.

The [*scores*](metrics.md) that come first make up the leaderboard's score of the task, where there is one; *submission*
is the file that the leaderboard takes. `python docs/write_tasks.py` writes this page from the registry.

| task | other names | train | validation | test | scores | decoding | submission |
|---|---|--:|--:|--:|---|---|---|
"""


def row(spec: TaskSpec) -> str:
    """Returns a task's line of the table."""
    sizes = [f"{spec.sizes[s]:,}" if s in spec.sizes else "–" for s in task_specs.SPLITS]
    scores = [*spec.task_score, *(name for name in spec.metrics if name not in spec.task_score)]
    decode = spec.decode.method
    if spec.decode.beam_size > 1:
        decode += f" {spec.decode.beam_size}, alpha {spec.decode.alpha:g}"
    cells = [
        f"`{spec.name}`",
        ", ".join(f"`{alias}`" for alias in spec.aliases) or "–",
        *sizes,
        ", ".join(scores),
        decode,
        spec.submission.file if spec.submission else "–",
    ]
    return f"| {' | '.join(cells)} |\n"


def page() -> str:
    """Returns the page's text."""
    return HEAD + "".join(row(spec) for spec in BUILT_IN)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
