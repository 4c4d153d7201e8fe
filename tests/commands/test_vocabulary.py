"""The same thing has the same name in every command, what is not there is said alike, and nobody waits unknowing."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

import task_specs
from t5eval.cli import main, progress
from t5eval.cli.main import cli
from t5eval.cli.score_table import averages_text
from t5eval.data import open_split
from t5eval.support.stages import saved
from t5eval.support.visible import for_reader
from t5eval.training.config import resolve
from tests.commands.conftest import Command


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("named", [("glue/rte",), ("--task", "glue/rte"), ("--task=glue/rte",)])
@pytest.mark.parametrize("split", ["validation", "dev", "val"])
def test_a_task_stands_by_itself_or_behind_task(
    t5eval: Command, suite: Path, perfect_run: Path, tmp_path: Path, named: tuple[str, ...], split: str
) -> None:
    data, file = ("--data-dir", suite), perfect_run / "predictions/glue/rte/validation.jsonl"
    shown = t5eval("examples", *named, "--split", split, *data, "--limit", "1")
    assert json.loads(shown.out)["id"] == "0"
    done = t5eval("score", *named, "--split", split, *data, "--predictions", file, "--json")
    assert (done.json["split"], done.json["scores"]["accuracy"]["value"]) == ("validation", 100)
    done = t5eval(
        "evaluate", *named, "--split", split, *data, "--model", f"predictions:{perfect_run}", "--out", tmp_path / "o"
    )
    assert done.status == 0, done.err
    assert [path.name for path in (tmp_path / "o/predictions/glue/rte").glob("*.jsonl")] == ["validation.jsonl"]
    made = t5eval("prepare", *named, "--split", split, *data, "--vocab", "bytes", "--out", tmp_path / "p", "--json")
    assert list(made.json["sets"]) == ["glue/rte/validation"]
    assert t5eval("show", *named, "--json").json["name"] == "glue/rte"
    assert t5eval("recipe", *named, "--out", "-").out.startswith("# glue/rte, fine-tuned as in ")


@pytest.mark.parametrize("command", ["show", "score", "examples --split dev", "validate", "recipe", "evaluate"])
def test_a_task_that_is_not_named_is_missed(t5eval: Command, command: str, tmp_path: Path) -> None:
    more = ("--model", "m", "--out", tmp_path / "run") if command == "evaluate" else ()
    done = t5eval(*command.split(), *more)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "Missing argument" in done.err
    if command == "show":
        assert "one TASK|MIXTURE is wanted" in t5eval("show", "glue/rte", "--task", "glue/cola").err


def test_words_that_an_option_does_not_know_are_the_arguments(
    t5eval: Command, suite: Path, perfect_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = perfect_run / "predictions/glue/rte/validation.jsonl"
    bad = tmp_path / "bad.txt"
    bad.write_text("entailment\n" * 80)
    usual = t5eval("compare", good, bad, "--task", "glue/rte", "--split", "validation", "--data-dir", suite, "--json")
    assert usual.json["results"]["glue/rte"]["validation"]["scores"]["accuracy"]["difference"] == -50
    turned = t5eval("compare", "--split", "dev", "--data-dir", suite, "--json", "--task", "glue/rte", good, bad)
    assert turned.json == usual.json
    done = t5eval("score", "--split", "dev", "--data-dir", suite, "--predictions", good, "--by", "label", "glue/rte")
    assert done.status == 0, done.err

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bad.read_bytes())))
    done = t5eval("compare", good, "-", "--task", "glue/rte", "--split", "dev", "--data-dir", suite, "--changes", "-")
    assert done.status == 0, done.err
    changes = [json.loads(line) for line in done.out.splitlines()]
    assert len(changes) == 40
    assert {change["id"] for change in changes} <= {str(number) for number in range(80)}
    assert "two of the files are -" in t5eval("compare", "-", "-", "--task", "glue/rte", "--split", "dev").err


ANSWERED = (("glue/rte", "validation"), ("glue/ax", "test"), ("glue/cola", "validation"))


def test_evaluate_answers_what_is_labelled_and_says_how_much_that_is(
    t5eval: Command, suite: Path, perfect_run: Path, tmp_path: Path
) -> None:
    given = ("--model", f"predictions:{perfect_run}", "--data-dir", suite)
    done = t5eval("evaluate", "glue/rte", "glue/ax", "glue/cola", *given, "--out", tmp_path / "a")
    assert done.status == 0, done.err
    counts = {name: len(list(open_split(task_specs.get(name), split, suite))) for name, split in ANSWERED}
    parts = ", ".join(f"{name} {split} {counts[name]}" for name, split in ANSWERED)
    assert f"answering {sum(counts.values())} examples of 3 splits: {parts}" in done.err
    left = "left out, having no labels (--for submit or --split test answers them): glue/rte test, glue/cola test"
    assert left in done.err
    found = {p.relative_to(tmp_path / "a/predictions").as_posix() for p in (tmp_path / "a").rglob("*.jsonl")}
    assert found == {"glue/rte/validation.jsonl", "glue/ax/test.jsonl", "glue/cola/validation.jsonl"}
    assert done.out.count("average: incomplete") == 1
    done = t5eval("evaluate", "--for", "submit", "glue/rte", *given, "--out", tmp_path / "b", "--limit", "7")
    assert done.status == 0, done.err
    assert "answering 7 examples: glue/rte test 7\n" in done.err
    assert [path.name for path in (tmp_path / "b/predictions").rglob("*.jsonl")] == ["test.jsonl"]
    quiet = t5eval("evaluate", "glue/rte", *given, "--out", tmp_path / "c", "--quiet")
    assert "answering" not in quiet.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("glue/rte", "--for", "submit", "--split", "test"), "says which splits are answered, and so does --split"),
        (("dpr", "--for", "submit"), "nothing to submit: no leaderboard takes answers to dpr"),
        (("glue/rte", "--for", "fun"), "'fun' is not one of"),
    ],
)
def test_a_purpose_that_does_not_fit(
    t5eval: Command, suite: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = t5eval("evaluate", *arguments, "--model", "m", "--data-dir", suite, "--out", tmp_path / "run")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert message in done.err


def test_a_folder_of_test_files_alone_names_the_way(t5eval: Command, tmp_path: Path) -> None:
    (tmp_path / "glue/RTE").mkdir(parents=True)
    (tmp_path / "glue/RTE/test.tsv").write_text("index\tsentence1\tsentence2\n0\ta\tb\n")
    done = t5eval("evaluate", "glue/rte", "--model", "m", "--data-dir", tmp_path, "--out", tmp_path / "run")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "nothing to score: glue/rte test has no labels here; --split test, or --for submit, answers it" in done.err


def test_missing_data_of_several_tasks_is_named_at_once(t5eval: Command, tmp_path: Path) -> None:
    tasks = ("glue/rte", "glue/cola", "dpr")
    done = t5eval("prepare", *tasks, "--data-dir", tmp_path, "--vocab", "bytes", "--out", tmp_path / "p")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert (
        f"no train data of glue/rte, glue/cola, dpr is in {tmp_path}; `t5eval data get glue/rte glue/cola dpr` fet"
        in done.err
    )


MODEL = """
from t5eval import Generation, Predictor, Prepared
class Says(Predictor):
    identity = {"model": "says"}
    def prepare(self, texts, max_tokens):
        return [Prepared(text, 1, False) for text in texts]
    def generate(self, batch, max_new_tokens, decode):
        return [Generation("entailment", False) for _ in batch]
class Follows(Says):
    def decoding(self, answering):
        return {"method": answering.method}
"""


@pytest.mark.parametrize(("name", "said"), [("Says", True), ("Follows", False)])
def test_a_model_of_ones_own_that_may_not_follow_an_option(
    t5eval: Command, suite: Path, tmp_path: Path, name: str, said: bool
) -> None:
    (tmp_path / "m.py").write_text(MODEL)
    given = ("--model", f"py:{tmp_path / 'm.py'}:{name}", "--data-dir", suite, "--split", "dev")
    done = t5eval("evaluate", "glue/rte", *given, "--beam-size", "4", "--out", tmp_path / "run")
    assert done.status == 0, done.err
    assert ("nobody knows whether it follows --beam-size" in done.err) is said
    done = t5eval("evaluate", "glue/rte", *given, "--filter", "strip", "--beam-size", "4", "--out", tmp_path / "run")
    assert "and other filters (none; now strip); give another --out" in done.err


def completed(line: str) -> set[str]:
    *words, last = line.split(" ")[1:]
    return {item.value for item in ShellComplete(cli, {}, "t5eval", "_X").get_completions(words, last)}


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("t5eval score glue/rte --split ", {"train", "validation", "test"}),
        ("t5eval evaluate --split validation t", {"train", "test"}),
        ("t5eval score glue/rte --metric chrf", {"chrf", "chrf++"}),
        ("t5eval score glue/ax --by l", {"label", "logic", "lexical_semantics"}),
        ("t5eval evaluate glue/rte --prompt ", {"t5", "all", "follows"}),
        ("t5eval evaluate glue/rte --filter s", {"strip", "strip_punctuation"}),
        ("t5eval evaluate --dtype ", {"float32", "bfloat16"}),
        ("t5eval evaluate --for ", {"score", "submit"}),
        ("t5eval train --preset t5-s", {"t5-small"}),
        ("t5eval train --optimizer ada", {"adafactor"}),
        ("t5eval train --schedule c", {"constant"}),
        ("t5eval compare A --published t5-", {"t5-small", "t5-base"}),
        ("t5eval compare A B --task glue/co", {"glue/cola"}),
        ("t5eval validate xnli/d", {"xnli/de"}),
        ("t5eval data get --task paw", {"pawsx"}),
    ],
)
def test_what_can_be_listed_is_completed(line: str, some: set[str]) -> None:
    assert some <= completed(line)


def test_lines_are_broken_between_words_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    line = "t5eval: " + " ".join(["no-such-long-word"] * 12) + " /a/path/that/stays/whole"
    assert for_reader(line, io.StringIO()) == line
    monkeypatch.setenv("COLUMNS", "80")
    broken = for_reader(line, Terminal())
    assert max(map(len, broken.splitlines())) <= 80
    assert broken.split() == line.split()


@pytest.mark.parametrize(
    ("name", "total", "numbers"),
    [
        ("super_glue/multirc validation", 390965, "1,234/s, 1:02:03 left"),
        ("training", 262144, "loss 1.2345, 1:02:03 left, 123,456 tokens/s, 12% waiting"),
    ],
)
def test_a_bar_keeps_its_total_at_80_columns(name: str, total: int, numbers: str) -> None:
    bar = progress._bar(Terminal())
    bar.console.width = 80
    bar.add_task(name, completed=123456, total=total, numbers=numbers)
    with bar.console.capture() as drawn:
        bar.console.print(bar.get_renderable())
    lines = drawn.get().splitlines()
    assert len(lines) == 1
    assert f"123456/{total}" in lines[0]
    assert numbers.partition("left")[0] in lines[0]


def test_an_interrupt_says_what_is_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(**named: Any) -> None:
        with saved("answers so far are in RUN, and the same command goes on from there"):
            raise KeyboardInterrupt

    monkeypatch.setattr("t5eval.cli.tasks.tasks", stopped)
    assert main.run(["tasks"]) == 130
    said = "t5eval: interrupted; answers so far are in RUN, and the same command goes on from there"
    assert capsys.readouterr().err.strip().splitlines()[-1] == said


def test_bfloat16_is_one_word() -> None:
    table = {"task": ["glue/rte"], "data_dir": "d", "out": "o", "model": "m"}
    assert resolve({**table, "dtype": "bfloat16"}, "x") == resolve({**table, "dtype": "mixed_bfloat16"}, "x")


def test_how_long_all_of_it_takes_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from t5eval.api.evaluate import Plan

    monkeypatch.setattr(progress, "ESTIMATE_AFTER_SECONDS", 0.0)
    shown = progress.RunProgress()
    shown.plan(Plan({"a validation": 10, "b validation": 30}, ()))
    with shown.split("a validation") as advance:
        for done in (0, 5, 10):
            advance(done, 10)
    with shown.split("b validation") as advance:
        advance(0, 30)
    err = capsys.readouterr().err
    assert err.count("at this rate") == 1
    assert "for the 35 examples that are left" in err


def test_an_average_that_is_incomplete_is_one_line() -> None:
    nothing = {"average": None, "missing": {"glue/cola": "not evaluated", "glue/sst2": "not evaluated"}}
    less = {"average": None, "missing": {"glue/cola": "not evaluated"}}
    lines = averages_text({"glue": {"train": nothing, "validation": less, "test": nothing}})
    assert lines == ["glue validation average: incomplete, for want of glue/cola (not evaluated)"]
