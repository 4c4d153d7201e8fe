"""Records and configurations of other types than ours: one line that names the file and the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5eval.data import open_split
from t5eval.evaluation.rerun import recorded_run
from t5eval.runs.folder import read_config as read_run_config
from t5eval.runs.results import read_results
from t5eval.support.errors import DataError, RunError
from t5eval.training.config import read_config, resolve
from task_specs import UserError, get
from task_specs.schema import read_row
from task_specs.support.toml_text import parse_toml

DEEP = "a" + ".a" * 1_000 + " = 1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[train]\ntask = [{}]\n", r"task is a list of names, got '\[\{\}\]'"),
        ("[train]\ntask = [[1]]\n", "task is a list of names"),
        (f"[train]\n{DEEP}", "not a TOML file: nested too deeply"),
        (f"[train]\nsteps = {'9' * 4_301}\n", "not a TOML file: Exceeds the limit"),
        (f"[train]\nsteps = {'9' * 4_000}\n", "not a TOML file: a whole number of more than 64 bits"),
    ],
)
def test_a_training_configuration(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "train.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        resolve({"data_dir": "d", "out": "o", **read_config(path, {})}, str(path))


@pytest.mark.parametrize("text", [DEEP, f"a = {'9' * 4_301}\n", "a = " + "[" * 1_000])
def test_a_task_of_ones_own(tmp_path: Path, text: str) -> None:
    (tmp_path / "task.toml").write_text(text)
    with pytest.raises(UserError, match=r"task.toml: not a TOML file: "):
        read_row(tmp_path / "task.toml")


def test_toml_of_usual_depth_is_read() -> None:
    assert parse_toml(b"a.b.c = [[1, 2], [3]]\n") == {"a": {"b": {"c": [[1, 2], [3]]}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("evaluate = 1\n", "evaluate must be a table"),
        ("[evaluate]\nmodel = 1\n", "model of evaluate has the wrong type"),
        ("[evaluate]\ntask = 'x'\nmodel = 'm'\n", "task of evaluate has the wrong type"),
        (DEEP, "nested too deeply"),
    ],
)
def test_settings_of_a_run(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    for read in (read_run_config, recorded_run):
        with pytest.raises(RunError, match=rf"config.toml: .*{message}"):
            read(tmp_path)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"schema": 1, "results": {"glue/rte": []}}', r"\['results'\]\['glue/rte'\]"),
        (
            '{"schema": 1, "results": {"glue/rte": {"validation": {"n": "80"}}}}',
            r"\['n'\]: '80' is not",
        ),
        ('{"schema": 1, "results": {}, "batch_tokens": "x"}', r"\['batch_tokens'\]"),
        ('{"schema": 1, "results": {}, "versions": []}', r"\['versions'\]"),
        ('{"schema": 1, "results": {}, "calls": [{}, 1]}', r"\['calls'\]\[1\]"),
    ],
)
def test_results_of_other_types(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(RunError, match=rf"results.json: not a results file; remove it, .* since .*{place}"):
        read_results(tmp_path)


def test_a_repetition_needs_every_key(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"schema": 1, "results": {}}')
    assert read_results(tmp_path) == {"schema": 1, "results": {}}
    with pytest.raises(RunError, match="is a required property"):
        read_results(tmp_path, whole=True)


def test_a_name_that_stands_twice_in_data(tmp_path: Path) -> None:
    path = tmp_path / "super_glue" / "CB" / "val.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"premise": "A", "hypothesis": "B", "hypothesis": "C", "label": "neutral", "idx": 0}\n')
    with pytest.raises(DataError, match=r"val.jsonl: line 1: .*'hypothesis' stands twice"):
        list(open_split(get("super_glue/cb"), "validation", tmp_path))
    path = tmp_path / "squad" / "dev-v1.1.json"
    path.parent.mkdir()
    path.write_text(
        '{"version": "1.1", "data": [{"title": "t", "paragraphs": [{"context": "A.", "qas": '
        '[{"id": "1", "id": "2", "question": "?", "answers": [{"text": "A", "answer_start": 0}]}]}]}]}'
    )
    with pytest.raises(DataError, match="'id' stands twice"):
        list(open_split(get("squad/v1.1"), "validation", tmp_path))
