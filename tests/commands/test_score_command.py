"""score: files of predictions to scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import open_split
from tests.commands.conftest import PLUGINS, write_predictions

GLUE_WITH_VALIDATION = [n for n in task_specs.BENCHMARKS["glue"].tasks if n != "glue/ax"]


@pytest.mark.parametrize("name", GLUE_WITH_VALIDATION)
def test_true_answers_score_100(t5eval: Any, suite: Path, perfect_run: Path, name: str) -> None:
    file = perfect_run / "predictions" / name / "validation.jsonl"
    result = t5eval("score", name, "--split", "validation", "--data-dir", suite, "--predictions", file, "--json").json
    assert set(result) >= {"task", "split", "n", "scores", "unreadable", "missing"}
    assert (result["task"], result["split"], result["unreadable"], result["missing"]) == (name, "validation", 0, 0)
    for score in task_specs.get(name).task_score:
        entry = result["scores"][score]
        # STS-B's targets are rounded to 0.2, so even they do not correlate fully with the labels.
        assert entry["value"] == pytest.approx(100, abs=1 if name == "glue/stsb" else 1e-9)
        assert len(entry["ci95"]) == 2
        assert entry["signature"].startswith(score)


def test_ax_is_scored_against_its_own_file_of_labels(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    spec = task_specs.get("glue/ax")
    labelled = list(open_split(spec, "test", suite, with_labels=True))
    records = [(e.id, spec.answer.choices[e.features["label"]]) for e in labelled]
    file = write_predictions(tmp_path / "ax.jsonl", records)
    arguments = ("score", "glue/ax", "--split", "test", "--predictions", file, "--json", "--data-dir")
    assert t5eval(*arguments, suite).json["scores"]["matthews"]["value"] == pytest.approx(100)
    shown = t5eval("examples", "glue/ax", "--split", "test", "--data-dir", suite, "--limit", "1").out
    assert json.loads(shown)["targets"] == "<unk>"


def test_scores_by_slice(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    (tmp_path / "p").write_text("entailment\n" * 80)
    ask = ("score", "glue/rte", "--split", "validation", "--data-dir", suite, "--predictions", tmp_path / "p", "--by")
    found = t5eval(*ask, "label", "--by", "input_length", "--json").json["slices"]
    assert found["label"]["entailment"]["n"] == 40
    assert found["label"]["entailment"]["scores"]["accuracy"]["value"] == 100
    assert sum(one["n"] for one in found["input_length"].values()) == 80
    assert "  entailment                  40 accuracy            100.00" in t5eval(*ask, "label").out
    refused = t5eval(*ask, "genre")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "has no 'genre' to slice by; it has input_length, answer_length, label, overlap" in refused.err


def test_the_three_forms_of_prediction_files_score_alike(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    spec = task_specs.get("glue/rte")
    texts = [spec.answer.choices[i % 2] for i, _ in enumerate(open_split(spec, "validation", suite))]
    write_predictions(tmp_path / "lines", list(enumerate(texts)))
    (tmp_path / "object").write_text(json.dumps({str(i): t for i, t in enumerate(texts)}, indent=1))
    (tmp_path / "plain").write_text("\r\n".join(texts))
    results = [
        t5eval(
            "score",
            "glue/rte",
            "--split",
            "validation",
            "--data-dir",
            suite,
            "--predictions",
            tmp_path / form,
            "--json",
        ).json
        for form in ("lines", "object", "plain")
    ]
    assert results[0] == results[1] == results[2]
    assert results[0]["unreadable"] == 0


def test_missing_and_unreadable_answers_are_wrong_counted_and_said(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    spec = task_specs.get("glue/cola")
    examples = list(open_split(spec, "validation", suite))
    records = [(e.id, spec.answer.choices[e.features["label"]]) for e in examples][1:]
    records[0] = (records[0][0], "Acceptable")
    file = write_predictions(tmp_path / "p.jsonl", records)
    done = t5eval(
        "score", "glue_cola_v002", "--split", "validation", "--data-dir", suite, "--predictions", file, "--json"
    )
    assert done.status == 0
    assert (done.json["missing"], done.json["unreadable"], done.json["n"]) == (1, 1, len(examples))
    assert done.json["scores"]["matthews"]["value"] < 100
    assert "1 of 90 examples (1.1 %) have no prediction" in done.err
    assert "1 of 90 answers (1.1 %) are unreadable" in done.err
    assert done.json["unreadable_reasons"] == {"not one of unacceptable, acceptable: 'Acceptable'": 1}


def test_a_correlation_is_null_while_an_answer_is_no_number(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    spec = task_specs.get("glue/stsb")
    examples = list(open_split(spec, "validation", suite))
    records = [(e.id, str(e.features["label"])) for e in examples]
    records[3] = (records[3][0], "three")
    file = write_predictions(tmp_path / "p.jsonl", records)
    scores = t5eval(
        "score", "glue/stsb", "--split", "validation", "--data-dir", suite, "--predictions", file, "--json"
    ).json["scores"]
    assert scores["pearson"]["value"] is None
    assert scores["pearson"]["ci95"] is None
    assert scores["pearson_readable"]["value"] == pytest.approx(100)
    assert scores["pearson_t5"]["value"] < 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("entailment\n", "1 lines for 80 examples"),
        (
            '{"id": 0, "prediction": "entailment"}\n{"id": 0, "prediction": "entailment"}\n',
            "line 2: a second prediction",
        ),
        ('{"id": 80, "prediction": "entailment"}\n', "line 1: unknown id '80'"),
        ('{"id": 0, "prediction": "entailment"}\n{"id": 1, "pred', "line 2: not a JSON object"),
        ('{"id": 0, "prediction": null}\n', "must be a string"),
        ('"id": 0, "prediction": "entailment"}\n{"id": 1, "prediction": "entailment"}\n', "line 1: not a JSON object"),
        ('{"0": "entailment", "0": "entailment"}', "a second prediction for id '0'"),
    ],
)
def test_predictions_that_do_not_belong_to_the_split_are_refused(
    t5eval: Any, suite: Path, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "p").write_text(text)
    done = t5eval(
        "score", "glue/rte", "--split", "validation", "--data-dir", suite, "--predictions", tmp_path / "p", "--json"
    )
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert str(tmp_path / "p") in done.err


def test_an_unlabelled_split_points_to_submit(t5eval: Any, suite: Path, perfect_run: Path) -> None:
    file = perfect_run / "predictions" / "glue/rte" / "test.jsonl"
    done = t5eval("score", "glue/rte", "--split", "test", "--data-dir", suite, "--predictions", file)
    assert done.status == 2
    assert "`t5eval submit glue`" in done.err


def test_a_task_of_ones_own_is_a_toml_file(t5eval: Any, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("polite\npolite\n")
    result = t5eval(
        "score", PLUGINS / "polite.toml", "--split", "validation", "--data-dir", PLUGINS / "data",
        "--predictions", tmp_path / "p.txt", "--json",
    ).json  # fmt: skip
    assert result["task"] == "mine/polite"
    assert result["scores"]["accuracy"]["value"] == 50
    assert result["scores"]["f1"]["value"] == pytest.approx(200 / 3)
