"""Tables of scores for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from t5eval.scoring import Score, SplitScore


def number(value: float | None) -> str:
    """Returns a score as printed: two decimals, a dash where it is undefined."""
    return "-" if value is None else f"{value:.2f}"


def interval(score: Score) -> str:
    """Returns a score's interval as printed."""
    return f"[{score.ci95[0]:.2f}, {score.ci95[1]:.2f}]" if score.ci95 else ""


def score_table(results: Sequence[SplitScore]) -> Table:
    """Returns one row per score, with what a reader must know to trust it."""
    table = Table("task", "split", "score", "value", "95 % interval", "n", "unreadable", "missing", box=None)
    for column in (0, 3, 4):
        table.columns[column].no_wrap = True
    for column in (3, 5, 6, 7):
        table.columns[column].justify = "right"
    for result in results:
        for position, (name, score) in enumerate(result.scores.items()):
            first = position == 0
            table.add_row(
                result.task if first else "",
                result.split if first else "",
                name,
                number(score.value),
                interval(score),
                f"{result.n:,}" if first else "",
                f"{result.unreadable:,}" if first else "",
                f"{result.missing:,}" if first else "",
            )
    return table


def averages_text(benchmarks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Returns one line per benchmark and split: the leaderboard's average, or why there is none."""
    lines = []
    for name, splits in benchmarks.items():
        for split, entry in splits.items():
            if entry["average"] is not None:
                lines.append(f"{name} {split} average: {number(entry['average'])}")
                continue
            reasons = [f"{task} ({reason})" for task, reason in entry["missing"].items()]
            shown = ", ".join(reasons[:4]) + (f" and {len(reasons) - 4} more" if len(reasons) > 4 else "")
            lines.append(f"{name} {split} average: incomplete, for want of {shown}")
    return lines
