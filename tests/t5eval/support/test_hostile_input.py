"""Hostile files where a run's own are expected: each is a `UserError`, no traceback, and no memory without end."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

import task_specs
from leaderboards.forms import markup
from leaderboards.forms.json_rows import json_rows
from leaderboards.forms.markup import MarkupError, parse_xml
from leaderboards.verdict import FileFaults
from t5eval.comparison.sides import Side
from t5eval.data import open_split, squad_json, test_sets
from t5eval.reports.reported_run import read_run
from t5eval.runs.folder import predictions_path, write_config
from t5eval.runs.prediction_store import PredictionStore
from t5eval.runs.results import read_results, write_results
from t5eval.scoring.prediction_files import read_predictions
from t5eval.support.errors import DataError, RunError
from t5eval.support.strict_json import parse_json
from task_specs import UserError

DEEP = b'{"schema": 1, "results": ' + b"[" * 100_000
BIG = b'{"schema": 1, "results": ' + b"9" * 5000 + b"}"
NAN = b'{"schema": 1, "results": {}, "x": NaN}'
HUGE = b'{"schema": 1, "results": {}, "x": 1e999}'
UTF16 = '{"schema": 1, "results": {}}'.encode("utf-16")
NUL = b"\0" * 5000
HOSTILE = pytest.mark.parametrize(
    "data", [DEEP, BIG, NAN, HUGE, UTF16, NUL], ids=["deep", "big", "nan", "huge", "utf16", "nul"]
)


@HOSTILE
def test_json(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"deep|limit|NaN|larger|decode|Expecting"):
        parse_json(data)


@HOSTILE
def test_results(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "results.json").write_bytes(data)
    with pytest.raises(RunError, match="not a results file"):
        read_results(tmp_path)


@HOSTILE
def test_what_made_the_predictions(tmp_path: Path, data: bytes) -> None:
    store = predictions_path(tmp_path, "glue/rte", "validation")
    store.parent.mkdir(parents=True)
    store.write_bytes(b'{"id": "0", "prediction": "x"}\n')
    store.with_suffix(".meta.json").write_bytes(data)
    with pytest.raises(RunError, match="damaged"):
        PredictionStore(tmp_path, "glue/rte", "validation", {})
    with pytest.raises(RunError, match="damaged"):
        Side("A", tmp_path).made_by("glue/rte", "validation")


@pytest.mark.parametrize(
    "line",
    [
        DEEP,
        UTF16,
        b'{"id": "0", "prediction": "\\ud800"}',
        b'{"id": "0", "prediction": "x", "log_likelihoods": [' + b"9" * 400 + b'], "answer_tokens": [1]}',
        b'{"id": "0", "prediction": "x", "log_likelihoods": [NaN], "answer_tokens": [1]}',
    ],
)
def test_a_stored_prediction(tmp_path: Path, line: bytes) -> None:
    store = predictions_path(tmp_path, "glue/rte", "validation")
    store.parent.mkdir(parents=True)
    store.write_bytes(line.replace(b"\n", b"") + b"\n")
    store.with_suffix(".meta.json").write_bytes(b"{}")
    with pytest.raises(RunError, match="line 1: damaged"):
        PredictionStore(tmp_path, "glue/rte", "validation", {})


@pytest.mark.parametrize("data", [b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000, "a = 1".encode("utf-16")])
def test_a_configuration(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(data)
    with pytest.raises(RunError, match="not a TOML file"):
        write_config(tmp_path, "evaluate", {})


def test_results_of_another_shape(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b'{"schema": 1, "model": null, "results": {"glue/rte": {"validation": 5}}}')
    with pytest.raises(RunError, match="not a results file"):
        write_results(tmp_path, {"model": None}, {})
    with pytest.raises(RunError, match="cannot be read"):
        read_run(tmp_path, "run", None)


@pytest.mark.parametrize("data", [DEEP, UTF16, b'{"id": ' + b"9" * 5000 + b', "prediction": "x"}'])
def test_predictions(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_bytes(data)
    with pytest.raises(UserError):
        read_predictions(path, ["0"], "jsonl")


@pytest.mark.parametrize(
    "declared", ['<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/hostname">']
)
def test_entities_of_xml(declared: str) -> None:
    with pytest.raises(MarkupError, match="declares a document type"):
        parse_xml(f"<!DOCTYPE d [{declared}]><d>&b;</d>".encode())


def test_bounds_of_xml_and_of_test_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MAX_ELEMENTS", 3)
    with pytest.raises(MarkupError, match="more than 3 elements"):
        parse_xml(b"<d><a/><a/><a/></d>")
    monkeypatch.setattr(test_sets, "MAX_BYTES", 3)
    (tmp_path / "set.xml").write_bytes(b"<d/>")
    with pytest.raises(DataError, match="has more than 3 bytes"):
        test_sets.read_bounded(tmp_path / "set.xml")


@pytest.mark.parametrize(
    ("task", "file", "head"),
    [
        ("glue/rte", "glue/RTE/dev.tsv", b"index\tsentence1\tsentence2\tlabel\n"),
        ("super_glue/cb", "super_glue/CB/val.jsonl", b""),
        ("wmt17/en-de", "wmt/en-de/newstest2017.en", b""),
    ],
)
def test_a_line_without_end(tmp_path: Path, task: str, file: str, head: bytes) -> None:
    """A sparse file of a gigabyte, of which little is read."""
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_bytes(head)
    path.with_suffix(".de").touch()
    os.truncate(path, 1 << 30)
    spec = task_specs.get(task)
    split = "test" if task.startswith("wmt") else "validation"
    tracemalloc.start()
    line = 1 + head.count(b"\n")
    try:
        with pytest.raises(DataError, match=rf"{file}: line {line}: longer than 4,194,304 bytes; no example's line is"):
            list(open_split(spec, split, tmp_path))
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


def test_a_document_of_squad_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squad_json, "MAX_BYTES", 100)
    path = tmp_path / "squad" / "dev-v1.1.json"
    path.parent.mkdir()
    path.write_bytes(b"[" * 101)
    with pytest.raises(DataError, match=r"dev-v1.1.json: has more than 100 bytes; SQuAD's largest file has 42 million"):
        list(open_split(task_specs.get("squad/v1.1"), "validation", tmp_path))


def test_a_key_that_comes_again_after_a_million_others() -> None:
    faults = FileFaults()
    keys = ", ".join(f'"{i}": 0' for i in [*range(200_000), 199_999])
    rows = json_rows(f"{{{keys}}}\n".encode(), 1, faults)
    assert rows is not None
    assert [value for _, value in rows] == [None]
    assert faults.count == 1
