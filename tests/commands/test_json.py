"""`--json` on every command: one document on stdout, and nothing else there."""

from __future__ import annotations

import dataclasses
import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from t5eval.cli.main import cli
from t5eval.demo.score_table import DemoRow
from t5eval.training.config import read_config

WITHOUT = {
    "examples": "each example is a JSON object, a line each",
    "completion": "what it prints is a script for a shell",
    "view": "it shows runs in a browser until it is ended",
}


def commands(group: click.Group, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yields every command that does something, with its name, subcommands as `data build`."""
    context = click.Context(group)
    for part in group.list_commands(context):
        command = group.get_command(context, part)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{name}{part} ")
        else:
            yield name + part, command


def test_every_command_has_it_or_a_reason() -> None:
    found = dict(commands(cli))
    assert {"score", "data build"} <= found.keys()
    with_json = {name for name, command in found.items() if any("--json" in option.opts for option in command.params)}
    assert found.keys() - with_json == WITHOUT.keys()


def test_recipe(t5eval: Any, tmp_path: Path) -> None:
    text = t5eval("recipe", "glue/rte").out
    document = t5eval("recipe", "glue/rte", "--json").json
    assert document == {**tomllib.loads(text), "toml": text, "path": None}
    path = tmp_path / "recipe.toml"
    assert t5eval("recipe", "glue/rte", "--json", "--out", path).json == {**document, "path": str(path)}
    assert read_config(path, {}) == document["train"]


def test_prepare(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    given = ["--task", "glue/rte", "--data-dir", suite, "--vocab", "bytes", "--out", tmp_path / "out", "--json"]
    document = t5eval("prepare", *given).json
    made = document["sets"]["glue/rte/train"]
    assert (document["path"], document["new"], made["records"]) == (str(tmp_path / "out"), True, 660)
    assert made["data"]["examples"] == 660
    assert t5eval("prepare", *given).json == {**document, "new": False}


def test_convert(t5eval: Any, model: Path, tmp_path: Path) -> None:
    document = t5eval("convert", model, tmp_path / "preset", "--to", "keras_hub", "--json").json
    assert (document["source"], document["path"]) == (str(model), str(tmp_path / "preset"))
    assert (document["source_format"], document["format"]) == ("Hugging Face", "KerasHub preset")
    again = t5eval("convert", tmp_path / "preset", tmp_path / "model", "--json").json
    same = ("parameters", "vocab_size")
    assert [again[key] for key in same] == [document[key] for key in same]
    assert again["tensors"] > 0


def test_train(t5eval: Any, model: Path, suite: Path, tmp_path: Path) -> None:
    given = ["--task", "glue/rte", "--data-dir", suite, "--model", model, "--out", tmp_path / "run", "--steps", "2"]
    document = t5eval("train", *given, "--batch-size", "4", "--validate-limit", "2", "--json").json
    assert (document["first_step"], document["steps"]) == (0, 2)
    assert document["loss"] > 0
    assert document["filling"]["source_tokens"] > 0
    ((step, scores),) = document["scores"].items()
    assert step == "2"
    assert document["best"].keys() == scores.keys()
    assert Path(document["model"]).is_dir()


def test_demo(t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = DemoRow("glue/rte", "validation", 80, 70.0, 50.0, 1)
    demo = importlib.import_module("t5eval.cli.demo")
    monkeypatch.setattr(demo, "run_demo", lambda *_, **__: ([row], []))
    document = t5eval("demo", "--out", tmp_path / "run", "--json").json
    assert document["tasks"] == [{**dataclasses.asdict(row), "learned": True}]
    assert (document["run"], document["submissions"]) == (str(tmp_path / "run"), [])
    assert document["seconds"] >= 0


PRINTS = """
import t5eval
print("a model that talks")

class Yes(t5eval.Predictor):
    identity = {"model": "yes"}
    def prepare(self, texts, max_tokens):
        return [t5eval.Prepared(text, 1, truncated=False) for text in texts]
    def generate(self, batch, max_new_tokens, decode):
        print("and talks")
        return [t5eval.Generation("entailment", hit_limit=False) for _ in batch]
"""


def test_what_others_print_goes_to_stderr(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PRINTS)
    task = ["--task", "glue/rte", "--split", "validation", "--data-dir", suite]
    done = t5eval("evaluate", "--model", f"py:{tmp_path / 'mine.py'}:Yes", *task, "--out", tmp_path / "run", "--json")
    assert done.json["results"]["glue/rte"]["validation"]["n"] == 80
    assert {"a model that talks", "and talks"} <= set(done.err.splitlines())


@pytest.mark.parametrize(
    "arguments",
    [
        ["recipe", "glue/rtee"],
        ["prepare", "--task", "glue/rtee", "--vocab", "bytes", "--out", "out"],
        ["train", "--task", "glue/rtee"],
        pytest.param(["convert", "nowhere", "dest"], marks=pytest.mark.tensorflow),
        ["data", "build", "glue/rtee", "--manual-dir", "."],
        ["report", "nowhere"],
    ],
)
def test_a_mistake_is_one_line_and_no_document(
    t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = t5eval(*arguments, "--json")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
