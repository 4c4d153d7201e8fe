"""SuperGLUE from its official files to scores, submission and average."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

import leaderboards
import task_specs
from t5eval.data import available_splits, open_split
from t5eval.runs.results import benchmark_averages
from t5eval.submissions.submit import submit
from task_specs import BENCHMARKS
from task_specs.support.errors import UserError
from tests.commands.conftest import write_predictions

TASKS = BENCHMARKS["super_glue"].tasks


def write_run(run: Path, data: Path) -> dict[str, dict[str, str]]:
    """Writes a readable random prediction for every test example, and returns them by task and id."""
    chance = random.Random(0)
    texts: dict[str, dict[str, str]] = {}
    for name in TASKS:
        spec = task_specs.get(name)
        if "test" not in available_splits(spec, data):
            continue
        texts[name] = {}
        for example in open_split(spec, "test", data):
            if name == "super_glue/record":
                choices = [*example.features["entities"], "", "a “text”\u2028of two\nlines"]
            elif name == "super_glue/wsc":
                choices = [example.features["span1_text"], "nobody at all"]
            else:
                choices = list(spec.answer.choices)
            texts[name][example.id] = chance.choice(choices)
        write_predictions(run / "predictions" / name / "test.jsonl", list(texts[name].items()))
    return texts


@pytest.fixture(scope="module")
def data(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real files, and a ReCoRD test file made of its validation passages."""
    if not (shared_data / "super_glue").is_dir():
        pytest.skip(f"no SuperGLUE in {shared_data}")
    folder = tmp_path_factory.mktemp("data")
    (folder / "super_glue").mkdir()
    for source in (shared_data / "super_glue").iterdir():
        if source.name != "ReCoRD":
            (folder / "super_glue" / source.name).symlink_to(source)
    record = folder / "super_glue" / "ReCoRD"
    record.mkdir()
    validation = (shared_data / "super_glue" / "ReCoRD" / "val.jsonl").read_bytes()
    rows = [json.loads(line) for line in validation.split(b"\n") if line]
    for row in rows:
        for query in row["qas"]:
            del query["answers"]
    (record / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def written_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """What `run` is a copy of, and its texts by task and id."""
    folder = tmp_path_factory.mktemp("written") / "run"
    return folder, write_run(folder, data)


@pytest.fixture
def run(written_run: tuple[Path, Any], tmp_path: Path) -> Path:
    """A run with a prediction for every test example."""
    return shutil.copytree(written_run[0], tmp_path / "run")


def test_a_complete_run_becomes_a_zip_that_check_accepts(
    t5eval: Any, data: Path, written_run: tuple[Path, dict[str, dict[str, str]]], tmp_path: Path
) -> None:
    run, texts = written_run
    assert list(texts) == list(TASKS)
    out = tmp_path / "super_glue.zip"
    submission = submit("super_glue", run, data, out, official_counts=False)
    assert dict(submission.files) == {
        "BoolQ.jsonl": 3245,
        "CB.jsonl": 250,
        "COPA.jsonl": 500,
        "MultiRC.jsonl": 166,
        "ReCoRD.jsonl": 32,
        "RTE.jsonl": 3000,
        "WiC.jsonl": 1400,
        "WSC.jsonl": 146,
        "AX-b.jsonl": 1104,
        "AX-g.jsonl": 356,
    }
    done = t5eval("check", "super_glue", out, "--data-dir", data)
    assert done.status == 0
    assert done.out == (
        "note: ReCoRD.jsonl: 32 rows in this data; the leaderboard has 10,000\n"
        "valid for this data, not for the leaderboard\n"
    )
    # Read back, the zip says what the predictions said.
    ids = {name: list(of) for name, of in texts.items()}
    values = leaderboards.get("super_glue").read(out, ids)
    assert values["super_glue/record"] == texts["super_glue/record"]
    for name in TASKS:
        spec = task_specs.get(name)
        if spec.answer.choices:
            assert {i: spec.answer.choices[v] for i, v in values[name].items()} == texts[name]
    wsc = texts["super_glue/wsc"]
    assert values["super_glue/wsc"] == {i: int(text != "nobody at all") for i, text in wsc.items()}


def test_submit_says_that_record_is_incomplete(t5eval: Any, data: Path, run: Path, tmp_path: Path) -> None:
    arguments = ("submit", "super_glue", "--run", run, "--data-dir", data, "--out", tmp_path / "s.zip")
    done = t5eval(*arguments)
    assert done.status == 2
    assert "super_glue/record: its test data has 32 of the leaderboard's 10,000 rows" in done.err
    assert not (tmp_path / "s.zip").exists()
    done = t5eval(*arguments, "--partial")
    assert done.status == 0
    assert "super_glue/record: left out, its test data has 32" in done.out
    assert t5eval("check", "super_glue", tmp_path / "s.zip").out == "partial: ReCoRD.jsonl absent\n"
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert len(archive.namelist()) == 9


def test_submit_says_that_a_file_is_not_there(t5eval: Any, data: Path, run: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(data, bare, symlinks=True, ignore=shutil.ignore_patterns("ReCoRD"))
    done = t5eval("submit", "super_glue", "--run", run, "--data-dir", bare, "--out", tmp_path / "s.zip")
    assert done.status == 2
    assert "ReCoRD/test.jsonl: no such file" in done.err


def test_an_unreadable_answer_needs_a_label_to_stand_in(data: Path, run: Path, tmp_path: Path) -> None:
    cases = [
        ("super_glue/copa", "choice3", "super_glue/copa=0", '{"idx": 4, "label": 0}'),
        ("super_glue/wsc", "the", "super_glue/wsc=True", '{"idx": 4, "label": "True"}'),
        ("super_glue/boolq", "true", "super_glue_boolq_v102=false", '{"idx": 4, "label": "false"}'),
    ]
    for name, bad, _, _ in cases:
        file = run / "predictions" / name / "test.jsonl"
        lines = file.read_text(encoding="utf-8").split("\n")
        lines[4] = json.dumps({"id": 4, "prediction": bad})
        file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UserError, match=r"3 of 10 tasks are incomplete: .*1 answers are unreadable \(id 4: "):
        submit("super_glue", run, data, tmp_path / "s.zip", official_counts=False)
    fill = [option for _, _, option, _ in cases]
    submission = submit("super_glue", run, data, tmp_path / "s.zip", fill=fill, official_counts=False)
    assert submission.filled == {name: (0, 1) for name in TASKS if name in [case[0] for case in cases]}
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        for name, _, _, row in cases:
            written = task_specs.get(name).submission
            assert written is not None
            assert archive.read(written.file).decode().split("\n")[4] == row


def test_score_of_real_splits(t5eval: Any, shared_data: Path, tmp_path: Path) -> None:
    scored = 0
    for name in (*TASKS, "dpr"):
        spec = task_specs.get(name)
        split = "test" if name.endswith(("axb", "axg")) else "validation"
        if split not in available_splits(spec, shared_data):
            continue
        records = []
        for example in open_split(spec, split, shared_data, with_labels=True):
            (pair,) = spec.pairs(example)
            wrong_candidate = name == "super_glue/wsc" and not example.features["label"]
            records.append((example.id, "somebody else" if wrong_candidate else pair.targets))
        file = write_predictions(tmp_path / "p.jsonl", records)
        done = t5eval("score", name, "--split", split, "--data-dir", shared_data, "--predictions", file, "--json").json
        assert (done["n"], done["unreadable"], done["missing"]) == (len(records), 0, 0)
        for metric in spec.metrics:
            # AX-g's pairs differ in nothing but a pronoun's gender, so their true labels agree.
            assert done["scores"][metric]["value"] == pytest.approx(100), (name, metric)
            assert done["scores"][metric]["signature"].startswith(f"{metric}|")
        scored += 1
    if not scored:
        pytest.skip(f"no SuperGLUE in {shared_data}")
    assert scored == 10


def result(score: float | None, task: str) -> dict[str, Any]:
    return {"labelled": True, "n": task_specs.get(task).sizes["validation"], "task_score": score}


def test_the_average_is_of_eight_tasks_or_incomplete() -> None:
    scores = {task: 10.0 * k for k, task in enumerate(TASKS[:8], start=1)}
    results = {task: {"validation": result(score, task)} for task, score in scores.items()}
    results["super_glue/axb"] = {"test": {"labelled": True, "n": 1104, "task_score": 1.0}}
    averages = benchmark_averages(results)["super_glue"]
    assert averages["validation"] == {"average": 45.0, "missing": {}, "columns": scores}
    assert "test" not in averages
    results["super_glue/cb"]["validation"]["n"] = 55
    results["super_glue/wsc"]["validation"] = result(None, "super_glue/wsc")
    del results["super_glue/record"]
    incomplete = benchmark_averages(results)["super_glue"]["validation"]
    assert incomplete["average"] is None
    assert incomplete["missing"] == {
        "super_glue/cb": "55 of 56 examples",
        "super_glue/wsc": "its score is undefined",
        "super_glue/record": "not evaluated",
    }
