"""`t5eval compare` of more than two runs: groups that differ by seed alone."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import open_split
from t5eval.runs.folder import write_config
from t5eval.scoring.score import evaluation_pair
from tests.commands.conftest import write_predictions

TASKS = ("glue/rte", "glue/cola")


def run_of(folder: Path, suite: Path, every: int, **settings: Any) -> Path:
    """Writes a run whose answers are true, but one in `every`, from the seed-th on."""
    for task in TASKS:
        spec = task_specs.get(task)
        pairs = [evaluation_pair(spec, example) for example in open_split(spec, "validation", suite)]
        first, second = spec.answer.choices[:2]
        wrong = {first: second, second: first}
        seed = settings.get("seed", 0)
        records = [
            (p.id, wrong[p.targets] if (i + seed) % (every + seed) == 0 else p.targets) for i, p in enumerate(pairs)
        ]
        write_predictions(folder / "predictions" / task / "validation.jsonl", records)
    if settings:
        write_config(folder, "train", {"task": ["glue/rte"], "out": str(folder), "data_dir": str(suite), **settings})
    return folder


@pytest.fixture
def runs(tmp_path: Path, suite: Path) -> list[Path]:
    worse = [run_of(tmp_path / f"a{seed}", suite, 3, seed=seed, steps=5) for seed in range(3)]
    return [*worse, *(run_of(tmp_path / f"b{seed}", suite, 8, seed=seed, steps=9) for seed in range(2))]


def test_groups_have_spreads_and_differences(t5eval: Any, runs: list[Path], suite: Path) -> None:
    mixed = [runs[0], runs[3], runs[1], runs[4], runs[2]]
    document = t5eval("compare", *mixed, "--data-dir", suite, "--json").json
    assert [group["seeds"] for group in document["groups"]] == [[0, 1, 2], [0, 1]]
    assert document["sound"]
    for task in TASKS:
        for name, score in document["results"][task]["validation"]["scores"].items():
            singles = [
                t5eval(
                    "score", task, "--split", "validation", "--data-dir", suite, "--json",
                    "--predictions", run / "predictions" / task / "validation.jsonl",
                ).json["scores"][name]["value"]
                for run in runs
            ]  # fmt: skip
            first, second = (group["spread"] for group in score["groups"])
            assert [*score["groups"][0]["values"], *score["groups"][1]["values"]] == singles
            assert first["mean"] == pytest.approx(statistics.mean(singles[:3]))
            assert first["deviation"] == pytest.approx(statistics.stdev(singles[:3]))
            assert (second["n"], second["minimum"], second["maximum"]) == (2, min(singles[3:]), max(singles[3:]))
            (difference,) = score["differences"]
            assert difference["difference"] == pytest.approx(second["mean"] - first["mean"])
            low, high = difference["ci95"]
            assert low < difference["difference"] < high
            assert 0 < difference["p"] <= 1
    headline = document["results"]["glue/rte"]["validation"]["scores"]["accuracy"]["differences"][0]
    assert headline["p_holm"] >= headline["p"]


def test_the_lines_fit_a_terminal(t5eval: Any, runs: list[Path], suite: Path, tmp_path: Path) -> None:
    done = t5eval("compare", *runs, "--task", "glue/rte", "--data-dir", suite)
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("A: seeds 0, 1, 2:")
    table = lines[lines.index("glue/rte validation, 80 examples") : lines.index("")]
    assert [line.split()[0] for line in table[1:]] == ["accuracy", "A", "B*"]
    assert max(map(len, table)) <= 80
    assert "two-level bootstrap over seeds and examples" in " ".join(lines)
    alone = t5eval("compare", *runs[:4], "--task", "glue/rte", "--data-dir", suite).out
    assert "of B there is one seed" in " ".join(alone.split())


def test_what_is_not_sound_is_said(t5eval: Any, runs: list[Path], suite: Path) -> None:
    path = runs[4] / "predictions/glue/rte/validation.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    (path.parent / "validation.meta.json").write_text(json.dumps({"data": "0" * 64}))
    done = t5eval("compare", *runs, "--task", "glue/rte", "--data-dir", suite)
    said = " ".join(done.out.split())
    assert "has no prediction for 1 examples, which count as wrong" in said
    assert not t5eval("compare", *runs, "--data-dir", suite, "--json").json["sound"]


@pytest.mark.parametrize(
    ("extra", "message"),
    [(["--by", "label"], "--by is for single runs"), (["--published", "t5-base"], "with one thing")],
)
def test_what_is_for_single_runs_is_refused(
    t5eval: Any, runs: list[Path], suite: Path, extra: list[str], message: str
) -> None:
    done = t5eval("compare", *runs, *extra, "--data-dir", suite)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert "named twice" in t5eval("compare", *runs, runs[0], "--data-dir", suite).err
    single = t5eval("compare", runs[0], runs[3], "--task", "glue/rte", "--data-dir", suite, "--json").json
    assert "groups" not in single


def test_a_report_has_the_spread_of_each_group(t5eval: Any, runs: list[Path], suite: Path, tmp_path: Path) -> None:
    done = t5eval("report", *runs, "--data-dir", suite, "--out", tmp_path / "report")
    assert done.status == 0, done.err
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    rows = text.partition("## Over seeds\n\n")[2].partition("\n\n")[0].splitlines()
    assert rows[0] == "| runs | task | split | score | mean | sd | n | least | most |"
    scores = t5eval("compare", *runs, "--data-dir", suite, "--json").json["results"]["glue/rte"]["validation"]["scores"]
    spread = scores["accuracy"]["groups"][0]["spread"]
    numbers = (
        f"{spread['mean']:.2f} | {spread['deviation']:.2f} | 3 | {spread['minimum']:.2f} | {spread['maximum']:.2f}"
    )
    assert f"| a0, a1, a2 | glue/rte | validation | accuracy | {numbers} |" in rows
    alone = t5eval("report", runs[0], runs[3], "--data-dir", suite, "--out", tmp_path / "other")
    assert alone.status == 0, alone.err
    assert "Over seeds" not in (tmp_path / "other" / "report.md").read_text(encoding="utf-8")
