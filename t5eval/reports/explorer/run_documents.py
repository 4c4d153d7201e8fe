"""What the explorer shows of whole runs: a line of the index, and a run's page."""

from datetime import UTC, datetime
from typing import Any

from t5eval.evaluation.split_result import SplitResult
from t5eval.reports import overview
from t5eval.reports.explorer.baselines import T5, majority_scores, published_scores
from t5eval.reports.reported_run import Key, Run
from t5eval.reports.training_curves import thinned
from t5eval.scoring.score import AS_WRITTEN, STRICT
from task_specs import TaskSpec, get
from task_specs.support.errors import SpecError

MOST_POINTS = 500  # of a curve: more than its pixels show
VARIANTS = (T5, STRICT, AS_WRITTEN)
"""Suffixes of scores that stand behind others, and are shown when they are asked for."""


def known_task(name: str) -> TaskSpec | None:
    """Returns a task's row, None where it is not known here."""
    try:
        return get(name.partition("@")[0])
    except SpecError:
        return None


def when_scored(run: Run) -> str | None:
    """Returns when a run's results were written, in UTC to the minute; None where there are none."""
    for path in (run.path / "results.json", run.path / "logs" / "scalars.jsonl"):
        if path.is_file():
            return datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M")
    return None


def index_entry(run: Run) -> dict[str, Any]:
    """Returns what the index says of a run: its name, its model, and the leaderboards' scores."""
    scores = [
        {"task": row.task, "split": row.split, "score": row.name, **_value(row.scores[0])}
        for row in overview.score_rows([run])
        if row.headline
    ]
    return {
        "name": run.name,
        "model": run.settings.get("model_name"),
        "date": when_scored(run),
        "tasks": [list(key) for key in overview.keys_of([run])],
        "examples": sum(result.score.n for result in run.results.values()),
        "scores": scores,
        "averages": averages(run),
        "waiting": waiting(run),
        "warnings": len(overview.warnings_of([run])),
    }


def run_document(run: Run) -> dict[str, Any]:
    """Returns what a run's page shows."""
    settings = [[row.name, row.values[0]] for row in overview.setting_rows([run])]
    return {
        **index_entry(run),
        "rows": [score_row(run, row) for row in overview.score_rows([run])],
        "counts": [split_counts(run, key) for key in overview.keys_of([run])],
        "cautions": [
            {"task": c.key and c.key[0], "split": c.key and c.key[1], "text": c.text, "reasons": list(c.reasons)}
            for c in overview.warnings_of([run])
        ],
        "prompts": [
            {
                "task": row.task,
                "split": row.split,
                "score": row.name,
                "values": dict(row.values),
                "mean": row.mean,
                "deviation": row.deviation,
                "best": row.best,
            }
            for row in overview.prompt_rows([run])
        ],
        "unlabelled": [list(key) for key in overview.unlabelled([run])],
        "curves": {name: thinned(curve, MOST_POINTS) for name, curve in run.curves.items()},
        "settings": settings,
        "versions": [[row.name, row.values[0]] for row in overview.setting_rows([run], "versions")],
    }


def _value(score: Any) -> dict[str, Any]:
    return {"value": score.value, "ci95": list(score.ci95) if score.ci95 else None}


def identified(row: overview.ScoreRow) -> dict[str, Any]:
    """Returns which score a row is of, as the documents have it."""
    return {
        "task": row.task,
        "split": row.split,
        "score": row.name,
        "headline": row.headline,
        "variant": row.name.endswith(VARIANTS),
    }


def score_row(run: Run, row: overview.ScoreRow) -> dict[str, Any]:
    """Returns one score of a run, with what it is to be seen beside."""
    score, result = row.scores[0], run.results[row.task, row.split]
    assert score is not None
    spec = known_task(row.task)
    same_split = result.data.labels if result.score.n == result.data.examples else {}
    return {
        **identified(row),
        **_value(score),
        "signature": score.signature,
        "baseline": majority_scores(spec, same_split).get(row.name) if spec else None,
        "published": published_scores(spec, row.name) if spec else [],
    }


def split_counts(run: Run, key: Key) -> dict[str, Any]:
    """Returns how many examples of a split are what, and how they were answered."""
    result: SplitResult = run.results[key]
    _, _, decode, data = overview.how_rows(key, [run])[0]
    spec = known_task(key[0])
    return {
        "task": key[0],
        "split": key[1],
        "n": result.score.n,
        "official": spec.sizes.get(key[1]) if spec else None,
        "labelled": result.score.labelled,
        "unreadable": result.score.unreadable,
        "missing": result.score.missing,
        "cut": result.truncated,
        "at_limit": result.hit_limit,
        "waiting": key in run.waiting,
        "decode": decode,
        "data": data,
        "few": result.score.few,
    }


def averages(run: Run) -> list[dict[str, Any]]:
    """Returns each benchmark's average, or what is missing from it."""
    return [
        {
            "benchmark": row.benchmark,
            "split": row.split,
            "value": row.values[0],
            "missing": [[task, why] for task, why in row.missing.get(run.name, {}).items()],
        }
        for row in overview.average_rows([run])
    ]


def waiting(run: Run) -> list[list[Any]]:
    """Returns the splits that are still being answered, with how many answers there are."""
    return [[*key, answered] for key, answered in run.waiting.items()]
