"""score --submission: a submission read back scores like the predictions that made it."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import pytest

import leaderboards
import task_specs
from t5eval.data import open_split
from t5eval.scoring import score as scoring
from t5eval.submissions.read_back import read_back
from task_specs.support.errors import UserError
from tests.commands.conftest import write_predictions


def random_texts(name: str, suite: Path, split: str) -> list[tuple[str, str]]:
    """Readable answers to a split of the suite, about half of them right."""
    spec = task_specs.get(name)
    chance = random.Random(name)
    records = []
    for example in open_split(spec, split, suite, with_labels=True):
        gold = spec.answer.gold(example.features, "0")
        right = chance.random() < 0.5 and gold is not None
        text = scoring.evaluation_pair(spec, example).targets
        if spec.answer.choices:
            text = spec.answer.choices[gold.value] if right and spec.answer.kind == "label" else chance.choice(
                spec.answer.choices
            )  # fmt: skip
        elif not right:
            text = "somebody else" if spec.answer.kind == "referent" else text.split(" ")[0] or "nothing"
        records.append((example.id, text))
    return records


CASES = [
    ("glue", name, "test" if name == "glue/ax" else "validation") for name in task_specs.BENCHMARKS["glue"].tasks
] + [
    ("super_glue", name, "test" if name in ("super_glue/axb", "super_glue/axg") else "validation")
    for name in task_specs.BENCHMARKS["super_glue"].tasks
] + [("squad", "squad/v1.1", "validation"), ("cnn_dailymail", "cnn_dailymail", "test")]  # fmt: skip


@pytest.mark.parametrize(("board", "name", "split"), CASES, ids=[case[1] for case in CASES])
def test_it_scores_like_the_predictions_that_made_it(
    t5eval: Any, suite: Path, tmp_path: Path, board: str, name: str, split: str
) -> None:
    spec = task_specs.get(name)
    records = random_texts(name, suite, split)
    predictions = write_predictions(tmp_path / "p.jsonl", records)
    examples = list(open_split(spec, split, suite, with_labels=True))
    judged = scoring.judge(spec, examples, dict(records))
    assert all(e.answer.readable for e in judged)
    out = tmp_path / ("submission.json" if board == "squad" else "submission.zip")
    leaderboards.get(board).write(out, {name: {e.id: e.answer.value for e in judged}})
    shared = ("--split", split, "--data-dir", suite, "--json")
    direct = t5eval("score", name, *shared, "--predictions", predictions)
    back = t5eval("score", name, *shared, "--submission", out)
    assert back.status == 0, back.err
    for score in spec.task_score:
        # STS-B's file has three decimals.
        digits = 0.01 if name == "glue/stsb" else 1e-9
        assert back.json["scores"][score]["value"] == pytest.approx(direct.json["scores"][score]["value"], abs=digits)


def test_what_cannot_be_read_back_is_one_line(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    shared = ("--split", "validation", "--data-dir", suite)
    (tmp_path / "RTE.tsv").write_text("index\tprediction\n0\tentailment\n")
    for arguments, message in [
        (("glue/rte", *shared, "--submission", tmp_path / "RTE.tsv"), "RTE.tsv:"),
        (("glue/wnli_plain", *shared, "--submission", tmp_path / "RTE.tsv"), "has no file in any leaderboard"),
        (("glue/rte", *shared), "name a file of --predictions, or a --submission"),
        (("glue/rte", *shared, "--submission", "a", "--predictions", "b"), "two things to score"),
    ]:
        done = t5eval("score", *arguments)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
        assert message in done.err


def test_json_says_the_same_as_for_predictions(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    records = random_texts("glue/rte", suite, "validation")
    rows = [f"{i}\t{text}\n" for i, text in records]
    (tmp_path / "RTE.tsv").write_text("index\tprediction\n" + "".join(rows))
    arguments = ("score", "glue/rte", "--split", "validation", "--data-dir", suite, "--json")
    direct = t5eval(*arguments, "--predictions", write_predictions(tmp_path / "p.jsonl", records))
    assert json.loads(t5eval(*arguments, "--submission", tmp_path / "RTE.tsv").out) == direct.json


def test_a_users_row_with_a_file_is_in_no_leaderboard(tmp_path: Path) -> None:
    mine = dataclasses.replace(task_specs.get("glue/rte"), name="mine/rte", aliases=())
    with pytest.raises(UserError, match=r"^mine/rte has no file in any leaderboard's submission"):
        read_back(tmp_path / "RTE.tsv", mine, [])
