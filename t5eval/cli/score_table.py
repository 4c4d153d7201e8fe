"""Scores as lines for a terminal or a log, at most 80 columns wide unless a name is longer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from t5eval.metrics.calibration import Calibration
from t5eval.scoring.score import SplitScore
from task_specs.support.errors import some

ROW = "  {:<19} {:>7}  {}"
MISTAKES = 3  # of the most confident that are named
SLICE = "  {:<23} {:>6} {:<18} {:>7}  {}"


def number(value: float | None) -> str:
    """Returns a score as printed: two decimals, a dash where it is undefined."""
    return "-" if value is None else f"{value:.2f}"


def interval(ci95: tuple[float, float] | None) -> str:
    """Returns a 95 % interval as printed, nothing where there is none."""
    return f"[{ci95[0]:.2f}, {ci95[1]:.2f}]" if ci95 else ""


def score_lines(results: Sequence[SplitScore]) -> list[str]:
    """Returns a line for each split, with what a reader must know to trust its scores, and one for each score."""
    lines = [ROW.format("", "value", "95 % interval").rstrip()]
    for result in results:
        counts = f"{result.n:,} examples, {result.unreadable:,} unreadable, {result.missing:,} missing"
        lines.append(f"{result.task} {result.split}: {counts}")
        for name, score in result.scores.items():
            lines.append(ROW.format(name, number(score.value), interval(score.ci95)).rstrip())
        if result.calibration:
            lines += _calibration_lines(result.calibration)
        for name, best in result.no_answer.items():
            area = f"average precision {number(best.average_precision)}"
            lines.append(f"  best {name} {number(best.best)}, no answer above {best.threshold:.3g}; {area}")
    return lines


def _calibration_lines(found: Calibration) -> list[str]:
    """Returns what the calibration error is to be seen beside."""
    whole = f"{number(found.whole.confidence)} on average, {number(found.whole.right)} right"
    mistakes = ", ".join(f"{name} ({sure:.1f} %)" for name, sure in found.mistakes[:MISTAKES])
    return [
        f"  confidence: {whole}; ece by chance alone {number(found.by_chance)}",
        f"  most confident mistakes: {mistakes or 'none'}",
    ]


def slice_lines(result: SplitScore) -> Iterator[str]:
    """Yields the scores of a split's slices, a line each, those of one slice below each other."""
    for name, slices in result.slices.items():
        yield f"{result.task} {result.split} by {name}"
        yield SLICE.format("", "n", "", "value", "95 % interval")
        for value, part in slices.items():
            first = value if len(value) <= 23 else f"{value[:22]}…", f"few {part.n}" if part.few else f"{part.n:,}"
            for score, found in part.scores.items():
                yield SLICE.format(*first, score, number(found.value), interval(found.ci95)).rstrip()
                first = "", ""


def averages_text(benchmarks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Returns one line per benchmark and split: the leaderboard's average, or why there is none."""
    lines = []
    for name, splits in benchmarks.items():
        for split, entry in splits.items():
            if entry["average"] is not None:
                lines.append(f"{name} {split} average: {number(entry['average'])}")
        incomplete = {split: entry["missing"] for split, entry in splits.items() if entry["average"] is None}
        if incomplete:
            # Of several splits the one that lacks the least: where one task was evaluated, no other says more.
            split, missing = min(incomplete.items(), key=lambda item: len(item[1]))
            reasons = [f"{task} ({reason})" for task, reason in missing.items()]
            lines.append(f"{name} {split} average: incomplete, for want of {some(reasons, 4)}")
    return lines
