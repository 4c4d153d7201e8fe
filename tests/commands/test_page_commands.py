"""The commands of every page: each is one that the command line understands, and those that can run here do."""

from __future__ import annotations

import functools
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

import t5eval as api
import task_specs
from t5eval.data import downloads
from t5eval.data.fetching import fetch
from task_specs.support.errors import UserError
from tests.commands.conftest import write_answers
from tests.commands.page_commands import read, shown, unknown_names
from tests.commands.test_docs import PAGES, ROOT
from tests.t5eval.data.file_server import serving

ALL = [*PAGES, *sorted((ROOT / "examples").rglob("README.md"))]

ELSEWHERE = {"why.md": "test_why_page", "prompts.md": "test_docs", "extending.md": "test_plugin_examples"}
"""Pages whose commands run in a test of their own, with what the page has a reader save."""
NOT_RUN = {
    "train": "takes TensorFlow; the demo trains",
    "study": "trains",
    "merge": "takes what several machines left",
    "demo": "takes TensorFlow and minutes; test_demo_command",
    "convert": "takes TensorFlow; test_convert_command",
    "doctor": "takes TensorFlow; test_doctor_command",
    "prepare": "takes a vocabulary; test_prepare_command",
    "view": "goes on until it is stopped; test_view_command",
    "data get": "takes a network; test_data_get",
    "data build": "takes TensorFlow Datasets; test_data_command",
    "data clean": "takes other packages; test_text_commands",
    "data vocabulary": "takes a corpus; test_text_commands",
}
WORDS = {"TASK": "glue/rte", "SPLIT": "validation"}
"""Words that a page has a reader replace by a name."""
ABSENT = {"hf:": "takes a network", "xnli": "no miniature", "wmt17/en-de": "no miniature; test_docs, on the real file",
          "super_glue/": "shows faults"}  # fmt: skip
"""Values of options that leave a command out."""
ENGINES = {"--strategy", "--runner", "--shard", "--decode", "--dtype", "--concurrency", "--cache"}
"""Options of models that run, which answers that are there do not take."""
TRACKERS = {"--tensorboard", "--wandb", "--mlflow", "--push"}
"""Options that take another package, or a network."""
SUITES = ("glue", "super_glue", "squad", "cnn_dailymail", "wmt")
TASKS = (*(task for name in SUITES for task in task_specs.BENCHMARKS[name].tasks), "dpr")
RTE = ("glue/rte", "validation")
FILES = {
    "FILE": RTE,
    "answers.txt": RTE,
    "a.jsonl": RTE,
    "b.txt": RTE,
    "theirs.jsonl": RTE,
    "bert_ensemble.json": ("squad/v1.1", "validation"),
    "rnet_plus_ensemble.json": ("squad/v1.1", "validation"),
    "multirc.jsonl": ("super_glue/multirc", "validation"),
    "true.txt": ("cnn_dailymail", "test"),
    "mine.txt": ("cnn_dailymail", "test"),
    "test.cnndm.reference": ("cnn_dailymail", "test"),
    "test.cnndm.ours": ("cnn_dailymail", "test"),
    "ref.A.txt": ("cnn_dailymail", "test"),
    "ref.C.txt": ("cnn_dailymail", "test"),
    "ref.D.txt": ("cnn_dailymail", "test"),
}
"""Files that a page has a reader bring: the answers of which task and split are in them."""
RUNS = re.compile(r"RUN(_[A-Z])?|demo-run|[\w/]+/seed-\d")
"""Runs that a page has a reader bring, where it does not make them."""


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_every_command_is_one(page: Path) -> None:
    for arguments in shown(page.read_text(encoding="utf-8")):
        try:
            read(arguments)
        except click.ClickException as error:
            pytest.fail(f"t5eval {' '.join(arguments)}: {error.format_message()}")


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_every_option_is_one(page: Path) -> None:
    assert unknown_names(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "command", ["score glue/rte --split validation --predictions F --no-such", "no-such", "evaluate --task glue"]
)
def test_what_is_no_command_is_found(command: str) -> None:
    text = f"```\n$ t5eval {command}\n```\n"
    (arguments,) = shown(text)
    with pytest.raises((click.ClickException, UserError)):
        read(arguments)


def test_what_is_no_option_is_found() -> None:
    assert unknown_names("`t5eval score --patience 3` and `t5eval train --patience 3`, `--no-such`") == [
        "t5eval score --patience 3: --patience",
        "--no-such: --no-such",
    ]
    assert unknown_names("`t5eval scores`") == ["t5eval scores: scores"]
    assert unknown_names("| theirs | t5eval |\n|---|---|\n| `--foreign` | `--alien` |\n") == ["--alien: --alien"]


@pytest.fixture(scope="module")
def answers(official: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder that answers all of the miniature benchmarks."""
    return write_answers(tmp_path_factory.mktemp("answers") / "run", TASKS, official)


@pytest.fixture(scope="module")
def made_run(answers: Path, official: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that `evaluate` made."""
    run = tmp_path_factory.mktemp("made") / "run"
    api.evaluate(f"predictions:{answers}", ["glue/rte", "squad/v1.1"], data=official, out=run)
    return run


def runnable(page: Path) -> Iterator[list[str]]:
    """Yields the commands of a page that can run here."""
    for arguments in shown(page.read_text(encoding="utf-8")):
        name = " ".join(arguments[: 2 if arguments[0] == "data" else 1])
        a_shells = any("*" in word for word in arguments)  # names that only a shell finds
        if name not in NOT_RUN and not a_shells and not (ABSENT.keys() | ENGINES | TRACKERS) & set(arguments):
            yield arguments


RUN_HERE = [page for page in ALL if page.name not in ELSEWHERE and list(runnable(page))]


@pytest.mark.parametrize("page", RUN_HERE, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_in_its_order(
    t5eval: Any, page: Path, official: Path, answers: Path, made_run: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """The data are miniatures, and a model is its answers: what would need a network or TensorFlow stays out."""
    monkeypatch.chdir(tmp_path)
    # A command refuses data with other counts than the leaderboard's, as miniatures have.
    monkeypatch.setattr("t5eval.cli.submit.submit", functools.partial(api.submit, official_counts=False))
    for name in ("DATA", "data"):
        Path(name).symlink_to(official)
    commands = list(runnable(page))
    made = {arguments[arguments.index("--out") + 1] for arguments in commands if "--out" in arguments}
    for word in {word for arguments in commands for word in arguments}:
        if word in FILES:
            write_file(Path(word), answers, *FILES[word])
        if RUNS.fullmatch(word) and word not in made:
            shutil.copytree(made_run, word)
    for arguments in commands:
        done = t5eval(*replaced(arguments, answers))
        assert done.status == 0, f"t5eval {' '.join(arguments)}: {done.err}"


def replaced(arguments: list[str], answers: Path) -> list[str]:
    """Returns a command with what stands for something else in it replaced."""
    words = [WORDS.get(word, word) for word in arguments]
    for option, value in (("--model", f"predictions:{answers}"), ("--predictions", str(answers))):
        if option in words and (option == "--model" or words[words.index(option) + 1] == "FOLDER"):
            words[words.index(option) + 1] = value
    if words[0] == "check" and "--data-dir" not in words:
        words += ["--data-dir", "DATA"]  # without it, the counts have to be the official ones
    return words


def write_file(path: Path, answers: Path, task: str, split: str) -> None:
    """Writes the answers of a split in the form that the file's name says."""
    lines = (answers / "predictions" / task / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    said = {record["id"]: record["prediction"] for record in map(json.loads, lines)}
    if path.suffix == ".json":
        path.write_text(json.dumps(said), encoding="utf-8")
    elif re.fullmatch(r"FILE|.*\.jsonl", path.name):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    else:
        path.write_text("".join(f"{text}\n" for text in said.values()), encoding="utf-8")


def test_the_readmes_two_lines_give_a_newcomer_a_score(
    t5eval: Any, archives: Path, answers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Official files come from a server here, in archives of the official form that hold a few rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        downloads, "fetch", lambda http, one, *rest: fetch(http, replace(one, size=None, sha256=None), *rest)
    )
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    get, evaluate = [line for line in shown(text) if line[0] in ("data", "evaluate")]
    (download,) = task_specs.get("glue/rte").downloads
    with serving() as server:
        server.files[f"/{download.url.split('//')[1]}"] = (archives / "glue/RTE.zip").read_bytes()
        monkeypatch.setenv("T5EVAL_MIRROR", server.address)
        done = t5eval(*get)
        assert done.status == 0, done.err
    done = t5eval(*replaced(evaluate, answers))
    assert done.status == 0, done.err
    assert re.search(r"glue/rte validation: 80 examples, .*\n  accuracy +100\.00 ", done.out)
    for line in ("report run", "evaluate glue/rte --for submit --model M --data-dir data --out run"):
        done = t5eval(*replaced(line.split(), answers))
        assert done.status == 0, done.err
    assert Path("run/report.html").is_file()
    submitted = api.submit("glue", "run", data="data", out="glue.zip", partial=True, official_counts=False)
    assert submitted.verdict.status == "partial"
