"""A comparison as lines of text, at most 80 columns wide unless a name is longer."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from t5eval.cli.score_table import interval, number
from t5eval.comparison.mistakes import CommonMistakes, Mistakes
from t5eval.comparison.published import AgainstPublished
from t5eval.comparison.settings import Differing, Effect
from t5eval.comparison.slices import all_slices
from t5eval.comparison.splits import T5, Changes, Contrast, SplitComparison, count_corrected

WIDTH = 80
ROW = "  {:<19} {:>7} {:>7} {:>7}  {:<16} {:>6} {:>6}"
PUBLISHED_ROW = "  {:<19} {:>7}  {:<16} {:>9}  {:>7}"
EFFECTS = {"the point": "", "may matter": "may move scores", "not sound": "NOT SOUND"}
SHOWN = 28  # characters of a setting's value


def p_value(p: float | None) -> str:
    """Returns a p-value as printed: three decimals, nothing where there is none."""
    return "" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def signed(value: float | None) -> str:
    """Returns a difference as printed."""
    return "-" if value is None else f"{value:+.2f}"


def _score_line(name: str, contrast: Contrast) -> str:
    values = number(contrast.a), number(contrast.b), signed(contrast.difference)
    p_values = p_value(contrast.p), p_value(contrast.p_holm)
    return ROW.format(name, *values, interval(contrast.ci95), *p_values).rstrip()


def _changes_line(changes: Changes) -> str:
    if not changes.texts:
        return "no prediction differs"
    what = "prediction differs" if changes.texts == 1 else "predictions differ"
    line = f"{changes.texts:,} {what}"
    if changes.right_or_wrong:
        return f"{line}: {changes.worse:,} right to wrong, {changes.better:,} wrong to right"
    return f"{line}: {changes.better:,} better, {changes.worse:,} worse by {changes.by}" if changes.by else line


def _mistakes_line(mistakes: Mistakes) -> str:
    right = f"both {mistakes.both_right:,}, A only {mistakes.a_only:,}, B only {mistakes.b_only:,}"
    kappa = "" if mistakes.kappa is None else f"; kappa {mistakes.kappa:.2f}"
    return f"right: {right}, neither {mistakes.both_wrong:,}{kappa}"


def _score_lines(comparison: SplitComparison, t5: bool) -> list[str]:
    return [_score_line(name, c) for name, c in comparison.scores.items() if t5 or T5 not in name]


def slice_lines(comparison: SplitComparison, t5: bool) -> Iterator[str]:
    """Yields a line for each slice of a split, and under it one for each score; slices of few examples are marked."""
    for name, slices in comparison.slices.items():
        yield f"{comparison.task} {comparison.split} by {name}"
        for value, part in slices.items():
            yield f" {value}, {part.n:,} example{'s' * (part.n != 1)}{' (few)' * part.few}"
            yield from _score_lines(part, t5)


def split_lines(comparison: SplitComparison, t5: bool) -> list[str]:
    """Returns a split's lines: what it is, each score (T5's own variants if asked), how many answers changed."""
    lines = [f"{comparison.task} {comparison.split}, {comparison.n:,} examples"]
    lines += _score_lines(comparison, t5)
    for what, counts in (("missing", comparison.missing), ("unreadable", comparison.unreadable)):
        if any(counts.values()):
            lines.append(f"  {what}: A {counts['A']:,}, B {counts['B']:,}")
    lines.append(f"  {_changes_line(comparison.changes)}")
    return [*lines, f"  {_mistakes_line(comparison.mistakes)}"] if comparison.mistakes else lines


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else "none" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2 - 1]}…{text[-SHOWN // 2 :]}"


def _parts(differing: Differing) -> Iterator[tuple[str, Any, Any, Effect]]:
    """Yields a setting with its two values; of tables, such as how answers are decoded, each key that differs."""
    a, b = differing.a, differing.b
    if not isinstance(a, Mapping) or not isinstance(b, Mapping):
        yield differing.setting, a, b, differing.effect
        return
    for key in dict.fromkeys([*a, *b]):
        if a.get(key) != b.get(key):
            name = differing.setting if key == "method" else f"{differing.setting} {key}"
            yield name, a.get(key), b.get(key), differing.effect


def settings_lines(compared: Sequence[SplitComparison]) -> list[str]:
    """Returns a line for each setting that differs, with the splits where it does unless it does in all."""
    where: dict[tuple[str, str, str, str], list[str]] = {}
    for one in compared:
        for name, a, b, kind in (part for differing in one.settings for part in _parts(differing)):
            key = (name, _shown(a), _shown(b), EFFECTS[kind])
            where.setdefault(key, []).append(f"{one.task} {one.split}")
    lines = []
    for (setting, a, b, effect), splits in where.items():
        part = "" if len(splits) == len(compared) else f" in {', '.join(splits)}"
        lines.append(f"  {setting}: {a} | {b}{part}" + (f"  ({effect})" if effect else ""))
    return lines


def verdict_lines(compared: Sequence[SplitComparison], unrecorded: Sequence[str]) -> list[str]:
    """Returns whether the comparison is sound, why it is not, and of which sides no settings are recorded."""
    faulty = [one for one in compared if one.faults]
    lines = []
    if faulty:
        lines.append("NOT SOUND:" if len(faulty) == len(compared) else "NOT SOUND in part:")
    for one in faulty:
        for fault in one.faults:
            text = f"{one.task} {one.split}: {fault}"
            lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    if not faulty:
        confounds = {s.setting for one in compared for s in one.settings if s.effect == "may matter"}
        also = "; but settings besides the model differ, and may be the reason" if confounds else ""
        lines += textwrap.wrap(f"sound: both answered the same examples{also}", WIDTH)
    if unrecorded:
        lines.append(f"how {' and '.join(unrecorded)} came about is not recorded")
    return lines


def comparison_lines(compared: Sequence[SplitComparison], unrecorded: Sequence[str], t5: bool) -> list[str]:
    """Returns the whole comparison."""
    lines = [ROW.format("", "A", "B", "B - A", "95 % interval", "p", "Holm").rstrip()]
    for one in compared:
        lines += [*split_lines(one, t5), *slice_lines(one, t5)]
    if slices := all_slices(compared):
        lines.append(f"Holm's correction of slices is over the {count_corrected(slices):,} headline scores of all")
    settings = settings_lines(compared)
    lines += ["", "settings that differ (A | B)", *settings] if settings else [""]
    return [*lines, *verdict_lines(compared, unrecorded)]


def common_lines(found: Mapping[tuple[str, str], CommonMistakes], runs: int) -> Iterator[str]:
    """Yields two lines for each split: how many examples how many runs have wrong, and how far answers agree."""
    for (task, split), one in found.items():
        yield f"mistakes of all {runs} in common: {task} {split}, {one.n:,} examples"
        counts = [f"{n:,} by {wrong or 'none'}" for wrong, n in enumerate(one.wrong_in) if n]
        yield from textwrap.wrap(f"wrong: {', '.join(counts)}", WIDTH, initial_indent="  ", subsequent_indent="    ")
        kappas = [value for row in one.kappas for value in row if value is not None]
        if one.kappa is not None:
            yield f"  kappa {one.kappa:.2f} on average, {min(kappas):.2f} to {max(kappas):.2f}"


def published_lines(model: str, pairs: Sequence[AgainstPublished]) -> list[str]:
    """Returns a run's scores beside a model's published ones, and under each task why they are not comparable."""
    lines = [PUBLISHED_ROW.format("", "ours", "95 % interval", "published", "diff.").rstrip()]
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[AgainstPublished]] = {}
    for pair in pairs:
        groups.setdefault((pair.task, pair.split, pair.published_split, pair.reasons), []).append(pair)
    for (task, split, published_split, reasons), members in groups.items():
        lines.append(f"{task}, ours {split}, {model} {published_split}")
        for pair in members:
            value, ci95 = (pair.ours.value, pair.ours.ci95) if pair.ours else (None, None)
            cells = number(value), interval(ci95), f"{pair.published:.2f}", signed(pair.difference)
            lines.append(PUBLISHED_ROW.format(pair.score, *cells).rstrip())
        verdict = f"NOT COMPARABLE: {'; '.join(reasons)}" if reasons else "comparable"
        lines += textwrap.wrap(verdict, WIDTH, initial_indent="  ", subsequent_indent="    ")
    sources = dict.fromkeys(pair.source for pair in pairs)
    return [*lines, "", f"published: {', '.join(sources)}"]
