"""SQuAD through the commands: examples, scores of predictions, submissions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import write_predictions
from tests.t5eval.squad_documents import PASSAGE, SECOND, version_1, version_2, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the miniature of both versions."""
    write(tmp_path / "data", version_1())
    return write(tmp_path / "data", version_2(), "dev-v2.0.json")


def test_examples(t5eval: Any, data: Path) -> None:
    done = t5eval("examples", "squad_v010_allanswers", "--split", "validation", "--data-dir", data)
    rows = [json.loads(line) for line in done.out.split("\n") if line]
    assert (done.status, [row["id"] for row in rows]) == (0, ["q1", "q2", "q3"])
    assert rows[2] == {
        "id": "q3",
        "inputs": "question: How many jars ? context: Mira keeps bees . They gave 1 , 000 jars of honey . ",
        "targets": "1 , 000",
    }
    done = t5eval("examples", "squad/v2.0", "--split", "validation", "--data-dir", data)
    targets = [json.loads(line)["targets"] for line in done.out.split("\n") if line]
    assert targets == [" $ 3 . 50", "O ' Neil - Jones", "unanswerable", "1 , 000", "unanswerable"]


def test_an_answer_that_the_span_form_cannot_name_is_a_warning(t5eval: Any, tmp_path: Path) -> None:
    document = version_1()
    document["data"][0]["paragraphs"][1]["qas"][0]["answers"] = [{"text": "hone", "answer_start": 0}]
    data = write(tmp_path, document)
    done = t5eval("examples", "squad/v1.1_span", "--split", "validation", "--data-dir", data)
    rows = [json.loads(line) for line in done.out.split("\n") if line]
    # Nor can it name an answer that begins with a mark: padding puts more separators before it than the passage has.
    assert [bool(row["targets"]) for row in rows] == [False, True, False]
    assert "warning: squad/v1.1_span validation q3: no target: the words of the answer do not follow" in done.err
    # It counts all the same.
    predictions = write_predictions(tmp_path / "p.jsonl", [(row["id"], row["targets"]) for row in rows])
    done = t5eval("score", "squad/v1.1_span", "--split", "validation", "--data-dir", data,
                  "--predictions", predictions, "--json")  # fmt: skip
    assert done.json["n"] == 3
    assert done.json["scores"]["em"]["value"] == pytest.approx(100 / 3)
    assert done.json["unreadable"] == 2


def test_scores(t5eval: Any, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"q1": "$ 3 . 50", "q2": "O ' Neil - Jones , it's"}), encoding="utf-8")
    options = ("--split", "validation", "--data-dir", data, "--predictions", path)
    done = t5eval("score", "squad/v1.1", *options, "--json")
    result = done.json
    assert (done.status, result["n"], result["missing"], result["unmapped"]) == (0, 3, 1, 1)
    assert result["scores"]["em"]["value"] == pytest.approx(100 / 3)
    assert set(result["scores"]) == {"em", "f1", "em_t5", "f1_t5", "em_as_written", "f1_as_written"}
    assert (result["changed"], result["scores"]["em_as_written"]["value"]) == (1, 0.0)
    assert "1 of 3 answers (33.3 %) are not in the passage; scored as they are" in done.err
    assert "1 of 3 examples (33.3 %) have no prediction and count as wrong" in done.err
    done = t5eval("score", "squad/v2.0", *options, "--json")
    assert done.json["scores"]["no_ans_em"]["value"] == 0.0
    path.write_text(json.dumps({"q9": "x"}))
    done = t5eval("score", "squad/v1.1", *options)
    assert (done.status, done.out) == (2, "")
    assert "unknown id 'q9'" in done.err
    done = t5eval("score", "squad/v1.1", *options, "--ignore-unknown", "--json")
    assert (done.status, done.json["missing"], done.json["scores"]["em"]["value"]) == (0, 3, 0.0)
    assert "warning: 1 predictions of unknown ids are ignored: 'q9'" in done.err


def test_a_file_of_the_other_version_is_refused(t5eval: Any, tmp_path: Path) -> None:
    data = write(tmp_path, version_2())  # under version 1.1's name
    done = t5eval("examples", "squad/v1.1", "--split", "validation", "--data-dir", data)
    assert (done.status, done.out) == (2, "")
    assert "says it is version 'v2.0'; this task reads SQuAD 1.1" in done.err
    assert done.err.count("\n") == 1


def test_show(t5eval: Any, data: Path) -> None:
    done = t5eval("show", "squad/v2.0", "--data-dir", data, "--json")
    row = done.json
    assert row["answer"] == {"kind": "optional_context_span", "no_answer": "unanswerable"}
    assert row["submission"]["probabilities"] == "na_probs.json"
    assert row["lengths"] == {"inputs": 512, "targets": 97}
    assert row["example"]["inputs"].startswith("question: What did the ferry cost ? context: The ferry to Orm cost $ 3")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with answers to version 1.1."""
    answers = [("q1", "$ 3 . 50"), ("q2", "its captain"), ("q3", "a dozen")]
    write_predictions(tmp_path / "run" / "predictions" / "squad" / "v1.1" / "validation.jsonl", answers)
    return tmp_path / "run"


def submit(t5eval: Any, run: Path, data: Path, out: Path, *options: str) -> Any:
    return t5eval("submit", "squad", "--run", run, "--data-dir", data, "--out", out, *options)


def test_a_miniature_is_no_submission(t5eval: Any, run: Path, data: Path, tmp_path: Path) -> None:
    done = submit(t5eval, run, data, tmp_path / "p.json")
    assert done.status == 2
    assert "squad/v1.1: its validation data has 3 of the leaderboard's 10,570 rows" in done.err
    assert not (tmp_path / "p.json").exists()


@pytest.fixture
def official_sizes(tmp_path: Path) -> Path:
    """Both versions with as many questions as the official files have."""
    data = tmp_path / "official"
    for name, document, count in (
        ("dev-v1.1.json", version_1(), 10570),
        ("dev-v2.0.json", version_2(), 11873),
    ):
        question = document["data"][0]["paragraphs"][0]["qas"][-1]
        copies = [{**question, "id": f"v{name[5]}-{i}"} for i in range(count)]
        document["data"][0]["paragraphs"] = [{"context": PASSAGE + SECOND, "qas": copies}]
        write(data, document, name)
    return data


def test_the_run_decides_the_version(t5eval: Any, official_sizes: Path, tmp_path: Path) -> None:
    data, out = official_sizes, tmp_path / "p.json"
    predictions = tmp_path / "run" / "predictions" / "squad"
    done = submit(t5eval, tmp_path, data, out)
    assert "there is no folder predictions/ in it" in done.err
    predictions.mkdir(parents=True)
    done = submit(t5eval, tmp_path / "run", data, out)
    assert (done.status, "there are no predictions for squad in it" in done.err) == (2, True)

    write_predictions(
        predictions / "v1.1" / "validation.jsonl", [(f"v1-{i}", "$ 3 . 50 in" if i else "bees !") for i in range(10570)]
    )
    done = submit(t5eval, tmp_path / "run", data, out)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "p.json: 10,570 rows",
        "squad/v1.1: 1 answers are not in the passage and stand as they are",
        f"{out}: valid",
    ]
    written = json.loads(out.read_text(encoding="utf-8"))
    assert (written["v1-7"], written["v1-0"]) == ("$3.50 in", "bees !")
    done = t5eval("check", "squad", out, "--data-dir", data)
    odd = "note: 1 of 10,570 answers are no piece of their passage\n"
    assert (done.status, done.out, done.err) == (0, f"note: judged as squad/v1.1, id by id\n{odd}valid\n", "")
    # What was written scores as what was predicted.
    options = ("squad/v1.1", "--split", "validation", "--data-dir", data, "--json", "--predictions")
    first, second = (
        t5eval("score", *options, file).json["scores"]["f1"]
        for file in (out, predictions / "v1.1" / "validation.jsonl")
    )
    assert first == second

    answers = [(f"v2-{i}", "unanswerable" if i % 2 else "$ 3 . 50") for i in range(11872)]
    write_predictions(predictions / "v2.0" / "validation.jsonl", answers)
    done = submit(t5eval, tmp_path / "run", data, out)
    assert done.status == 2
    assert "holds predictions of squad/v1.1 and squad/v2.0, and a squad submission is of one of them" in done.err
    done = submit(t5eval, tmp_path / "run", data, out, "--task", "squad/v2.0")
    assert done.status == 2
    assert "1 of 11,873 examples have no prediction; --fill squad/v2.0=LABEL fills them" in done.err
    folder = tmp_path / "folder"
    folder.mkdir()
    done = submit(t5eval, tmp_path / "run", data, folder, "--task", "squad/v2.0", "--fill", "unanswerable", "--json")
    assert done.json["files"] == {"predictions.json": 11873, "na_probs.json": 11873}
    assert done.json["filled"] == {"squad/v2.0": {"missing": 1, "unreadable": 0}}
    written = json.loads((folder / "predictions.json").read_text(encoding="utf-8"))
    assert (written["v2-0"], written["v2-1"], written["v2-11872"]) == ("$3.50", "", "")
    done = t5eval("check", "squad", folder, "--data-dir", data, "--json")
    assert (done.status, done.json["status"]) == (0, "valid")
    done = submit(t5eval, tmp_path / "run", data, out, "--task", "squad/v3")
    assert "--task squad/v3: not a task of squad, which has squad/v1.1, squad/v2.0" in done.err


def test_check_names_file_and_line(t5eval: Any, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"q1": "x",\n"q2": 5,\n"q9": ""}')
    done = t5eval("check", "squad", path, "--data-dir", data)
    assert done.status == 2
    assert done.out.splitlines() == [
        "mine.json: 1 of 3 questions are missing: q3",
        "mine.json:2: id 'q2': an answer is a string, got '5'",
        "mine.json:3: id 'q9' is none of the 3 questions of this data",
        "note: judged as squad/v1.1, id by id",
        "note: 3 questions in this data; the leaderboard has 10,570",
        "invalid: 3 faults",
    ]


REAL = {"bert_ensemble.json": (86.206, 92.196), "rnet_plus_ensemble.json": (82.469, 88.478)}
ODD = {"bert_ensemble.json": "note: 1 of 10,570 answers are no piece of their passage\n", "rnet_plus_ensemble.json": ""}


@pytest.mark.parametrize("file", REAL)
def test_real_predictions(t5eval: Any, shared_data: Path, file: str) -> None:
    path = shared_data / "predictions" / "squad" / file
    if not path.is_file():
        pytest.skip(f"no {path}")
    done = t5eval("score", "squad/v1.1", "--split", "validation", "--data-dir", shared_data,
                  "--predictions", path, "--json")  # fmt: skip
    scores = done.json["scores"]
    assert (round(scores["em"]["value"], 3), round(scores["f1"]["value"], 3)) == REAL[file]
    odd = ODD[file]
    assert t5eval("check", "squad", path, "--data-dir", shared_data).out.endswith(f"id by id\n{odd}valid\n")
