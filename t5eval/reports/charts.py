"""Charts as plain coordinates, which the page's templates draw as SVG and write out as tables."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from t5eval.reports.distributions import Bar, LengthPart
from t5eval.reports.training_curves import Curve

WIDTH, HEIGHT = 380, 220
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 44
MOST_POINTS = 240  # of a curve: more than its pixels show
TABLE_POINTS = 20


@dataclass(frozen=True)
class Mark:
    """A point or a bar, with what it stands for in words."""

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0
    says: str = ""


@dataclass(frozen=True)
class Series:
    """What one run adds to a chart: a line, in the colour of its place in the report, and those of its points to mark.

    Attributes:
        points: the line's points, as SVG writes them.
    """

    number: int
    name: str
    points: str
    dots: Sequence[Mark]


@dataclass(frozen=True)
class Chart:
    """A chart, and the same as a table.

    Attributes:
        says: what it shows in a sentence with numbers, for those who do not see it.
        x_ticks: places and labels on the horizontal axis.
        y_ticks: the same on the vertical one.
        head: the table's head.
        rows: the table's rows.
        bars: bars, all of the run at the place `number`.
        series: lines, one for each run.
    """

    title: str
    says: str
    x_name: str
    y_name: str
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    bars: Sequence[Mark] = ()
    series: Sequence[Series] = field(default=())
    number: int = 0


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Returns about `count` round numbers that enclose a range."""
    if not high > low:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    raw = (high - low) / max(count - 1, 1)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def said(value: float) -> str:
    """Returns a number as an axis or a table shows it: four digits that count."""
    if value and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _x(part: float) -> float:
    return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, low: float, high: float) -> float:
    return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def histogram_chart(title: str, measure: str, bars: Sequence[Bar], left_out: int, number: int) -> Chart:
    """Returns a histogram of a run's values of a measure, of which `left_out` answers have none."""
    total, high = sum(bar.count for bar in bars), bars[-1].high
    marks = ticks(0, max(bar.count for bar in bars) or 1)
    top = marks[-1]
    drawn = []
    for bar in bars:
        left, right, y = _x(bar.low / high), _x(bar.high / high), _y(bar.count, 0, top)
        says = f"{said(bar.low)} to {said(bar.high)}: {bar.count:,}"
        drawn.append(Mark(left + 0.5, y, round(right - left - 1, 1), round(HEIGHT - BOTTOM - y, 1), says))
    fullest = max(bars, key=lambda bar: bar.count)
    says = f"{total:,} answers; most ({fullest.count:,}) from {said(fullest.low)} to {said(fullest.high)}."
    if left_out:
        says += f" {left_out:,} have no {measure} and are left out."
    x_ticks = [(_x(mark / high), said(mark)) for mark in ticks(0, high) if mark <= high]
    rows = [[f"{said(bar.low)} to {said(bar.high)}", f"{bar.count:,}"] for bar in bars]
    names = measure, "examples"
    return Chart(title, says, *names, x_ticks, _y_ticks(marks), names, rows, bars=drawn, number=number)


def length_chart(
    title: str,
    measure: str,
    parts: Sequence[LengthPart],
    means: Sequence[tuple[int, str, Sequence[tuple[int, float | None]]]],
    high: float | None,
) -> Chart:
    """Returns the mean of a measure over input length.

    Args:
        means: of each run its place, its name, and of each part how many examples, and their mean.
        high: the top of the vertical axis, None for the largest mean.
    """
    found = [mean for _, _, run in means for _, mean in run if mean is not None]
    marks = ticks(0, high or max(found, default=0.0) or 1.0)
    top = marks[-1]
    places = [_x((place + 0.5) / len(parts)) for place in range(len(parts))]
    series = []
    for number, name, run in means:
        dots = [
            Mark(x, _y(mean, 0, top), says=f"{name}, {part.low:,} to {part.high:,} words: {said(mean)} (n = {count:,})")
            for x, part, (count, mean) in zip(places, parts, run, strict=True)
            if mean is not None
        ]
        series.append(Series(number, name, _line(dots), dots))
    rows = [
        [f"{part.low:,} to {part.high:,}"]
        + [text for _, _, run in means for text in (f"{run[place][0]:,}", _mean(run[place][1]))]
        for place, part in enumerate(parts)
    ]
    several = len(means) > 1
    of = [f"{name}: " if several else "" for _, name, _ in means]
    head = ["words", *(f"{run}{what}" for run in of for what in ("examples", measure))]
    ends = [f"{_mean(run[0][1])} for the shortest, {_mean(run[-1][1])} for the longest" for _, _, run in means]
    names = "words of the input, up to", f"mean {measure}"
    x_ticks = [(x, f"{part.high:,}") for x, part in zip(places, parts, strict=True)]
    return Chart(title, _sentence(of, ends), *names, x_ticks, _y_ticks(marks), head, rows, series=series)


def _y_ticks(marks: Sequence[float]) -> list[tuple[float, str]]:
    return [(_y(mark, marks[0], marks[-1]), said(mark)) for mark in marks]


def _line(points: Sequence[Mark]) -> str:
    return " ".join(f"{point.x},{point.y}" for point in points)


def _sentence(runs: Sequence[str], ends: Sequence[str]) -> str:
    return f"{'; '.join(map(''.join, zip(runs, ends, strict=True)))}."


def _mean(value: float | None) -> str:
    return "–" if value is None else said(value)


def curve_chart(name: str, curves: Sequence[tuple[int, str, Curve]]) -> Chart:
    """Returns a scalar's course in training, given of each run its place, its name and the curve, which has a point."""
    steps = [step for _, _, curve in curves for step, _ in curve]
    values = [value for _, _, curve in curves for _, value in curve]
    x_marks, y_marks = ticks(min(steps), max(steps), 4), ticks(min(values), max(values))
    x_low, x_high, low, high = x_marks[0], x_marks[-1], y_marks[0], y_marks[-1]

    series = []
    for number, run, curve in curves:
        points = [
            Mark(
                _x((step - x_low) / (x_high - x_low)), _y(value, low, high), says=f"{run}, step {step:,}: {said(value)}"
            )
            for step, value in _thinned(curve, MOST_POINTS)
        ]
        series.append(Series(number, run, _line(points), points if len(points) <= 12 else points[-1:]))
    several = len(curves) > 1
    rows = [
        [*([run] if several else []), f"{step:,}", said(value)]
        for _, run, curve in curves
        for step, value in _thinned(curve, TABLE_POINTS)
    ]
    ends = [f"{said(curve[0][1])} at first, {said(curve[-1][1])} at the end" for _, _, curve in curves]
    says = _sentence([f"{run}: " if several else "" for _, run, _ in curves], ends)
    x_ticks = [(_x((mark - x_low) / (x_high - x_low)), f"{mark:,.0f}") for mark in x_marks]
    head = [*(["run"] if several else []), "step", name]
    return Chart(name, says, "step", name, x_ticks, _y_ticks(y_marks), head, rows, series=series)


def _thinned(curve: Curve, most: int) -> Curve:
    """Returns at most `most` points of a curve, evenly chosen, the first and the last among them."""
    if len(curve) <= most:
        return curve
    return [curve[round(place * (len(curve) - 1) / (most - 1))] for place in range(most)]
