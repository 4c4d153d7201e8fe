"""What the explorer says of slices and mistakes is what the commands say, and its columns find as many examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import t5eval
from t5eval.comparison.mistakes import count_mistakes
from t5eval.reports.explorer.collection import Collection
from t5eval.reports.explorer.found_runs import find_runs
from t5eval.reports.explorer.static import task_document
from tests.commands.conftest import write_predictions

KEY = ("glue/qnli", "validation")
SUITE = str(t5eval.suite_folder())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs over QNLI, of which the last one answered half of it, with log-likelihoods."""
    found = tmp_path_factory.mktemp("runs")
    pairs = [*t5eval.examples(*KEY, data=SUITE)]
    for number in range(3):
        random = np.random.default_rng(number)
        said = ["entailment" if random.random() < 0.6 else "not_entailment" for _ in pairs]
        path = write_predictions(
            found / f"run {number}" / "predictions" / KEY[0] / f"{KEY[1]}.jsonl",
            [(p.id, text) for p, text in zip(pairs, said, strict=True)],
        )
        lines = [
            {**json.loads(line), "log_likelihoods": [-random.random() * 3, 0.0], "answer_tokens": [3, 5]}
            for line in path.read_text().splitlines()
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return found


@pytest.fixture(scope="module")
def collection(folder: Path) -> Collection:
    return Collection(lambda: find_runs([folder]), SUITE)


def test_slices_are_what_score_by_says(collection: Collection, folder: Path) -> None:
    names = list(collection.found)
    found = collection.slices_page(KEY, names)
    assert {"label", "question_word", "input_length"} <= found["by"].keys()
    assert all(len(one["values"]) > 1 for one in found["by"].values())
    for name in names:
        path = folder / name / "predictions" / KEY[0] / f"{KEY[1]}.jsonl"
        scored: Any = t5eval.score(KEY[0], path, data=SUITE, split=KEY[1], by=list(found["by"]))
        for by, parts in scored.to_json()["slices"].items():
            assert found["by"][by]["values"] == list(parts)
            for part, shown in zip(parts.values(), found["scores"][name][by], strict=True):
                assert (shown["n"], shown["few"]) == (part["n"], part.get("few", False))
                for score in ("accuracy", "ece"):
                    value, ci95 = shown["scores"][score]
                    assert (value, list(ci95)) == (part["scores"][score]["value"], part["scores"][score]["ci95"])
    for by, one in found["by"].items():
        counts = np.bincount([number for number in one["of"] if number is not None])
        assert counts.tolist() == [part["n"] for part in found["scores"][names[0]][by]]
    kept = collection.slices_page(KEY, names, [3, 1])
    assert [kept["by"]["label"]["of"], kept["scores"]] == [
        [found["by"]["label"]["of"][place] for place in (3, 1)],
        found["scores"],
    ]


def test_mistakes_are_what_a_comparison_says(collection: Collection) -> None:
    names = list(collection.found)
    (found,) = collection.comparison(names[:2])["mistakes"]
    runs = [collection.answers(KEY, name) for name in names[:2]]
    assert all(run.right is not None for run in runs)
    pair = count_mistakes(*(run.batch for run in runs), *(run.right for run in runs))  # type: ignore[misc, arg-type]
    assert found["wrong_in"] == [pair.both_right, pair.a_only + pair.b_only, pair.both_wrong]
    assert found["kappa"] == pair.kappa
    compared: Any = t5eval.compare(*(collection.found[name].path for name in names[:2]), data=SUITE)
    assert compared.splits[0].mistakes == pair
    (of_three,) = collection.comparison(names)["mistakes"]
    assert (sum(of_three["wrong_in"]), of_three["n"], len(of_three["kappas"])) == (80, 80, 3)
    assert collection.comparison(names, tested=False)["mistakes"] == []


def test_columns_have_as_many_examples_as_a_bin_of_confidence(collection: Collection) -> None:
    page = collection.answers_page(KEY, "run 0")
    confidence = np.array(page["columns"]["confidence"])
    found = page["calibration"]
    for one in found["bins"]:
        assert ((confidence > one["low"]) & (confidence <= one["high"])).sum() == one["n"]
    for one in found["kept"]:
        assert (confidence >= one["low"] - 1e-6).sum() == one["n"]
    scored: Any = t5eval.score(KEY[0], collection.found["run 0"].path, data=SUITE, split=KEY[1])
    ece = scored.splits[0].score.scores["ece"]
    assert (found["ece"], found["ci95"]) == (ece.value, ece.ci95)


def test_files_hold_the_same(collection: Collection) -> None:
    names = list(collection.found)
    document = task_document(collection, KEY, [1, 3])
    assert document["slices"] == collection.slices_page(KEY, names, [1, 3])
    assert document["answers"]["run 0"] == collection.answers_page(KEY, "run 0", [1, 3])
