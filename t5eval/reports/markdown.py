"""`report.md`: what pastes into a paper's appendix or a pull request."""

from collections.abc import Sequence

from t5eval.reports import overview
from t5eval.reports.escaping import markdown, markdown_code
from t5eval.reports.over_seeds import spread_cells, spread_rows
from t5eval.reports.reported_run import Run
from t5eval.scoring.score import Score
from task_specs.support.errors import some

LARGE = 6  # missing tasks that are named before the rest is counted


def markdown_report(runs: Sequence[Run], notes: Sequence[str]) -> str:
    """Returns the report of runs, which stand side by side, as GitHub's Markdown; `notes` are for its reader, too."""
    parts = [
        "# Evaluation: " + ", ".join(markdown(run.name) for run in runs),
        *_overview(runs),
        *_over_seeds(runs),
        *_warnings(runs, notes),
        *_all_scores(runs),
        *_settings(runs),
    ]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> str:
    """Returns a table of cells that are Markdown already; columns after the first `texts` are aligned to the right."""
    rule = ["---" if place < texts else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows])


def score_text(score: Score | None) -> str:
    """Returns a score with its interval; a dash where it is undefined or not there."""
    if score is None or score.value is None:
        return "–"
    return f"{score.value:.2f}" + (f" [{score.ci95[0]:.2f}, {score.ci95[1]:.2f}]" if score.ci95 else "")


def _heads(runs: Sequence[Run], alone: str) -> list[str]:
    return [markdown(run.name) for run in runs] if len(runs) > 1 else [alone]


def _score_table(runs: Sequence[Run], rows: Sequence[overview.ScoreRow]) -> str:
    cells = []
    for row in rows:
        examples = {run.results[row.task, row.split].score.n for run in runs if (row.task, row.split) in run.results}
        n = " / ".join(f"{count:,}" for count in sorted(examples))
        names = [markdown(row.task), markdown(row.split), markdown(row.name), n]
        cells.append([*names, *map(score_text, row.scores)])
    return table(["task", "split", "score", "n", *_heads(runs, "value [95 % interval]")], cells, texts=3)


def _overview(runs: Sequence[Run]) -> list[str]:
    parts = []
    rows = [row for row in overview.score_rows(runs) if row.headline]
    if rows:
        parts.append(_score_table(runs, rows))
        parts.append("Scores in percent, with 95 % intervals.")
    if prompts := overview.prompt_rows(runs):
        cells = []
        for over in prompts:
            side = [markdown(over.run)] if len(runs) > 1 else []
            labels = [*side, markdown(over.task), markdown(over.split), markdown(over.name), f"{len(over.values)}"]
            spread = f"{min(over.values.values()):.2f} to {max(over.values.values()):.2f}, sd {over.deviation:.2f}"
            cells.append([*labels, f"{over.mean:.2f}", spread, markdown(over.best)])
        head = [*(["run"] if len(runs) > 1 else []), "task", "split", "score", "prompts", "mean", "spread", "best"]
        parts.append(table(head, cells, texts=4 if len(runs) > 1 else 3))
    averages = overview.average_rows(runs)
    if averages:
        cells = []
        for row in averages:
            values = ("incomplete" if value is None else f"{value:.2f}" for value in row.values)
            cells.append([markdown(row.benchmark), markdown(row.split), *values])
        parts.append(table(["benchmark", "split", *_heads(runs, "average")], cells, texts=2))
    for row in averages:
        for run, missing in row.missing.items():
            of = f" of {markdown(run)}" if len(runs) > 1 else ""
            reasons = [f"{markdown(task)} ({markdown(reason)})" for task, reason in missing.items()]
            where = f"{markdown(row.benchmark)} {markdown(row.split)}"
            parts.append(f"- {where}{of} lacks {some(reasons, LARGE)}")
    if without := overview.unlabelled(runs):
        names = ", ".join(markdown(" ".join(key)) for key in without)
        parts.append(f"Predicted without labels to score against: {names}.")
    return parts


def _over_seeds(runs: Sequence[Run]) -> list[str]:
    rows = list(spread_rows(runs))
    return ["## Over seeds", table(*spread_cells(rows), texts=4)] if rows else []


def _warnings(runs: Sequence[Run], notes: Sequence[str]) -> list[str]:
    lines = [f"- {markdown(note)}" for note in notes]
    for caution in overview.warnings_of(runs):
        where = " ".join(markdown(part) for part in (caution.run if len(runs) > 1 else "", caution.where) if part)
        reasons = "; ".join(markdown_code(reason) for reason in caution.reasons)
        lines.append(f"- {where + ': ' if where else ''}{markdown(caution.text)}{': ' + reasons if reasons else ''}")
    return ["## Warnings", "\n".join(lines or ["None."])]


def _all_scores(runs: Sequence[Run]) -> list[str]:
    rows = overview.score_rows(runs)
    if not rows:
        return []
    lines = []
    for row in rows:
        where = markdown(f"{row.task} {row.split} {row.name}")
        same = row.signature()
        if same is not None:
            lines.append(f"- {where}: {markdown_code(same)}")
            continue
        for run, score in zip(runs, row.scores, strict=True):
            if score is not None:
                lines.append(f"- {where}, {markdown(run.name)}: {markdown_code(score.signature)}")
    return ["## All scores", _score_table(runs, rows), "## Signatures", "\n".join(lines)]


def _setting_table(runs: Sequence[Run], rows: Sequence[overview.SettingRow]) -> str:
    cells = [[markdown(row.name), *(markdown_code(value, cell=True) for value in row.values)] for row in rows]
    return table(["setting", *_heads(runs, "value")], cells, texts=1 + len(runs))


def _settings(runs: Sequence[Run]) -> list[str]:
    parts = []
    if rows := overview.setting_rows(runs):
        parts += ["## Settings", _setting_table(runs, rows)]
    lines = []
    for key in overview.keys_of(runs):
        said = overview.how_rows(key, runs)
        several = len({(decode, data) for _, _, decode, data in said}) > 1
        for name, _, decode, data in said if several else said[:1]:
            of = f", {markdown(name)}" if several else ""
            how = f"{markdown_code(decode)}, " if decode else ""
            lines.append(f"- {markdown(' '.join(key))}{of}: {how}data {markdown_code(data[:16])}")
    if lines:
        parts += ["## Decoding and data", "\n".join(lines)]
    if versions := overview.setting_rows(runs, "versions"):
        parts += ["## Versions", _setting_table(runs, versions)]
    return parts
