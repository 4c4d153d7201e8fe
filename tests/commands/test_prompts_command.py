"""Prompts, shots, chats and filters as a user asks for them, and what is recorded of them."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from t5eval import UserError, submit
from tests.commands.conftest import Command
from tests.commands.report_runs import documents

MODEL = """
import t5eval

class Says(t5eval.Predictor):
    identity = {"weights": "says"}

    def prepare(self, texts, max_tokens):
        return [t5eval.Prepared(t, min(len(t.split()), max_tokens), len(t.split()) > max_tokens) for t in texts]

    def prepare_chats(self, chats, max_tokens):
        return self.prepare(["\\n".join(f"<{t.role}> {t.text}" for t in c.turns) for c in chats], max_tokens)

    def generate(self, batch, max_new_tokens, decode):
        return [t5eval.Generation(ANSWER, False) for one in batch]
"""
META = "validation.meta.json"


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "says.py").write_text(MODEL.replace("ANSWER", "' Yes.' if 'yes or no' in one.payload else 'A'"))
    return f"py:{tmp_path / 'says.py'}:Says"


def evaluate(t5eval: Command, model: str, suite: Path, out: Path, *options: str) -> Any:
    given = ("--model", model, "--task", "glue/rte", "--split", "validation", "--data-dir", suite, "--out", out)
    return t5eval("evaluate", *given, "--json", *options)


def test_each_prompt_has_its_own_predictions_and_scores(
    t5eval: Command, model: str, suite: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    done = evaluate(t5eval, model, suite, run, "--prompt", "all")
    assert done.status == 0, done.err
    results = done.json["results"]
    assert {name: splits["validation"]["prompt"] for name, splits in results.items()} == {
        "glue/rte": "t5",
        "glue/rte@follows": "follows",
        "glue/rte@evidence": "evidence",
        "glue/rte@letter": "letter",
    }
    assert results["glue/rte@letter"]["validation"]["scores"]["accuracy"]["value"] == 50
    assert results["glue/rte"]["validation"]["unreadable"] == 80
    for name in results:
        assert len((run / "predictions" / name / "validation.jsonl").read_text().splitlines()) == 80
    meta = json.loads((run / "predictions" / "glue" / "rte@letter" / META).read_text())
    assert meta["prompt"] == "letter"
    assert meta["prompt_form"]["words"] == {"entailment": "A", "not_entailment": "B"}
    own = json.loads((run / "predictions" / "glue" / "rte" / META).read_text())
    assert not {"prompt", "shots", "filters", "chat"} & set(own)
    # The benchmark's average knows of the official form alone.
    assert "glue/rte@letter" not in json.dumps(done.json["benchmarks"])
    assert t5eval("report", run, "--data-dir", suite).status == 0
    text = (run / "report.md").read_text(encoding="utf-8")
    assert "| glue/rte | validation | accuracy | 4 | 12.50 | 0.00 to 50.00, sd 21.65 | letter |" in text
    found = documents(run / "report.html")
    (over,) = (row for row in found["run", run.name]["prompts"] if row["task"] == "glue/rte")
    assert (over["mean"], over["best"], len(over["values"])) == (12.5, "letter", 4)
    assert not [name for name, page in found.items() if name[0] == "task" and "fault" in page["answers"][run.name]]
    for named in (["glue/rte", "--prompt", "letter"], ["glue/rte@letter"], ["glue/rte@follows", "--prompt", "letter"]):
        again = t5eval("score", *named, "--split", "validation", "--data-dir", suite,
                       "--predictions", run / "predictions/glue/rte@letter/validation.jsonl", "--json")  # fmt: skip
        assert again.json["scores"] == results["glue/rte@letter"]["validation"]["scores"]
    printed = t5eval("examples", "glue/rte@letter", "--split", "validation", "--data-dir", suite, "--limit", "1")
    assert "Reply with one letter." in printed.out
    otherwise = t5eval("score", "glue/rte", "--predictions", run, "--data-dir", suite, "--prompt", "all",
                       "--filter", "strip", "--json")  # fmt: skip
    assert {name: splits["validation"]["scores"]["accuracy_strict"]["value"]
            for name, splits in otherwise.json["results"].items()} == {
        name: splits["validation"]["scores"]["accuracy"]["value"] for name, splits in results.items()
    }  # fmt: skip
    assert "another specification" not in otherwise.err  # filters read what is stored, and change nothing in it


def test_how_it_was_asked_is_recorded_compared_and_repeated(
    t5eval: Command, model: str, suite: Path, tmp_path: Path
) -> None:
    own, run = tmp_path / "own", tmp_path / "run"
    how = ("--prompt", "follows", "--shots", "3", "--shot-seed", "5", "--chat", "--system", "Be brief.")
    assert evaluate(t5eval, model, suite, own).status == 0
    done = evaluate(t5eval, model, suite, run, *how, "--filter", "strip", "casefold", "strip_punctuation")
    assert done.status == 0, done.err
    result = done.json["results"]["glue/rte@follows"]["validation"]
    expected = {
        "prompt": "follows",
        "shots": 3,
        "shot_seed": 5,
        "chat": True,
        "system": "Be brief.",
        "filters": ["strip", "casefold", "strip_punctuation"],
        "shots_dropped": 0,
    }
    assert {key: result[key] for key in expected} == expected
    assert result["input_tokens"] > 80 * 40
    values = {name: score["value"] for name, score in result["scores"].items()}
    assert values == {"accuracy": 50.0, "accuracy_strict": 0.0}
    # The same command is a resumption, another way of asking is refused.
    before = (run / "results.json").read_bytes()
    same = evaluate(t5eval, model, suite, run, *how, "--filter", "strip", "casefold", "strip_punctuation")
    assert same.json["results"] == json.loads(before)["results"]
    for other in (how[:-2], ("--shots", "3", "--shot-seed", "6"), ("--shots", "2")):
        refused = evaluate(t5eval, model, suite, run, "--prompt", "follows", *other)
        assert refused.status == 2
        assert "these predictions were made with another" in refused.err
    new = tmp_path / "new"
    again = t5eval("rerun", run, "--out", new)
    assert again.status == 0, again.err
    assert "equal; the new run" in again.out
    compared = t5eval("compare", own, run, "--json")
    assert compared.status == 0, compared.err
    one = compared.json["results"]["glue/rte"]["validation"]
    assert one["sound"], one["faults"]
    assert (one["scores"]["accuracy"]["a"], one["scores"]["accuracy"]["b"]) == (0, 50)
    settings = {setting["setting"]: (setting["a"], setting["b"]) for setting in one["settings"]}
    assert settings["prompt"] == ("t5", "follows")
    assert settings["shots"] == (None, 3)
    assert "specification" not in settings
    shots = tmp_path / "shots"
    assert evaluate(t5eval, model, suite, shots, "--shots", "2").status == 0
    published = t5eval("compare", shots, "--published", "t5-small", "--json").json["scores"][0]
    assert "ours was asked with shots 2, shot_seed 0, which the published model was not" in published["reasons"]
    text = t5eval("compare", own, run).out
    assert "prompt: t5 | follows  (may move scores)" in text
    assert "sound: both answered the same examples" in text


def test_two_prompts_of_one_run_are_compared_as_files(t5eval: Command, model: str, suite: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert evaluate(t5eval, model, suite, run, "--prompt", "t5", "letter").status == 0
    files = [run / "predictions" / "glue" / name / "validation.jsonl" for name in ("rte", "rte@letter")]
    given = ("--task", "glue/rte", "--split", "validation", "--data-dir", suite, "--json")
    document = t5eval("compare", *files, *given).json
    assert [document[side]["recorded"] for side in "ab"] == [True, True]
    alone = shutil.copy(files[0], tmp_path / "alone.jsonl")
    assert "how B came about is not recorded" in t5eval("compare", files[0], alone, *given[:-1]).out
    one = document["results"]["glue/rte"]["validation"]
    assert (one["scores"]["accuracy"]["a"], one["scores"]["accuracy"]["b"]) == (0, 50)
    assert [(s["setting"], s["a"], s["b"]) for s in one["settings"]] == [("prompt", "t5", "letter")]
    assert one["sound"]


def test_a_prompts_words_are_what_is_ranked(t5eval: Command, model: str, suite: Path, tmp_path: Path) -> None:
    ranker = """
    def rank(self, batch, answers):
        return [t5eval.Ranking([-float(len(answer)) for answer in answers], [1] * len(answers)) for _ in batch]
"""
    path = tmp_path / "says.py"
    path.write_text(path.read_text() + ranker)
    done = evaluate(t5eval, model, suite, tmp_path / "run", "--prompt", "evidence", "--decode", "rank")
    assert done.status == 0, done.err
    result = done.json["results"]["glue/rte@evidence"]["validation"]
    assert result["decode"]["choices"] == ["proven", "unproven"]
    assert (result["task_score"], result["unreadable"]) == (50, 0)
    refused = t5eval(
        "evaluate", "--model", model, "--task", "super_glue/copa", "--data-dir", suite, "--out", tmp_path / "copa",
        "--prompt", "text", "--decode", "rank",
    )  # fmt: skip
    assert refused.status == 2
    assert "super_glue/copa@text has no fixed set of answers to choose from" in refused.err


def test_examples_prints_what_is_sent(t5eval: Command, suite: Path) -> None:
    given = ("examples", "glue/rte", "--split", "validation", "--data-dir", suite, "--limit", "2")
    several = [json.loads(line) for line in t5eval(*given, "--prompt", "all").out.splitlines()]
    assert [line["prompt"] for line in several][::2] == ["t5", "follows", "evidence", "letter"]
    alone = [json.loads(line) for line in t5eval(*given).out.splitlines()]
    assert [{**line, "prompt": "t5"} for line in alone] == several[:2]
    plain = [json.loads(line) for line in t5eval(*given).out.splitlines()]
    shot = [json.loads(line) for line in t5eval(*given, "--prompt", "letter", "--shots", "2").out.splitlines()]
    assert [one["id"] for one in shot] == [one["id"] for one in plain]
    for one in shot:
        assert one["inputs"].count("Reply with one letter.") == 3
        assert one["targets"] in ("A", "B")
    first, second = (one["inputs"].rsplit("Text: ", 1)[0] for one in shot)
    assert first == second  # the same shots before each
    chat = json.loads(t5eval(*given, "--shots", "1", "--chat", "--system", "S").out.splitlines()[0])
    assert [turn["role"] for turn in chat["inputs"]] == ["system", "user", "assistant", "user"]
    assert chat["inputs"][-1]["content"] == plain[0]["inputs"]


def test_a_prompt_of_ones_own(t5eval: Command, model: str, suite: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    words = '[first.words]\nentailment = "B"\nnot_entailment = "A"\n'
    first = '[first]\ntemplate = "{sentence1}\\n{sentence2}"\nfilters = ["choice_letter"]\n'
    file.write_text(f'{first}{words}[second]\ntemplate = "{{sentence2}}"\n')
    run = tmp_path / "run"
    done = evaluate(t5eval, model, suite, run, "--prompt", f"{file}:first")
    assert done.status == 0, done.err
    result = done.json["results"]["glue/rte@first"]["validation"]
    assert result["filters"] == ["choice_letter"]
    file.unlink()
    assert t5eval("rerun", run, "--out", tmp_path / "new").status == 0
    compared = t5eval("compare", run, tmp_path / "new", "--json")
    assert compared.json["sound"], compared.json
    assert t5eval("report", run, "--data-dir", suite).status == 0
    assert len(documents(run / "report.html")["task", "glue/rte@first", "validation"]["examples"]) == result["n"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prompt", "lettre"), "glue/rte has no prompt 'lettre'. Did you mean 'letter'?"),
        (("--system", "x"), "--system is the first turn of a chat; add --chat"),
        (("--filter", "trim"), "unknown filter 'trim'"),
        (("--prompt", "none.toml"), "none.toml: cannot be read"),
        (("--shots", "1000"), "fewer examples to learn from"),
    ],
)
def test_refused(
    t5eval: Command, model: str, suite: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    done = evaluate(t5eval, model, suite, tmp_path / "run", *options)
    assert done.status == 2
    assert message in done.err


def test_answers_to_a_prompt_are_handed_in(t5eval: Command, model: str, suite: Path, tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "glue.zip"
    given = ("--model", model, "--task", "glue/rte", "--split", "test", "--data-dir", suite, "--out", run)
    assert t5eval("evaluate", *given, "--prompt", "letter").status == 0
    options: dict[str, Any] = {"data": suite, "out": out, "partial": True, "official_counts": False}
    with pytest.raises(UserError, match="there are no predictions"):  # to the task's own form
        submit("glue", run, **options)
    assert submit("glue", run, **options, prompt="letter").files == {"RTE.tsv": 80}
    rows = zipfile.ZipFile(out).read("RTE.tsv").decode().splitlines()
    assert rows[1] == "0\tentailment"  # which the model calls A


def test_predictions_that_are_there_are_not_asked_again(
    t5eval: Command, model: str, suite: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert evaluate(t5eval, model, suite, run, "--prompt", "letter").status == 0
    again = evaluate(t5eval, f"predictions:{run}", suite, tmp_path / "again", "--prompt", "letter")
    assert again.json["results"]["glue/rte@letter"]["validation"]["task_score"] == 50
    refused = evaluate(t5eval, f"predictions:{run}", suite, tmp_path / "c", "--prompt", "letter", "--shots", "1")
    assert refused.status == 2
    assert "were asked before; leave out --shots" in refused.err
