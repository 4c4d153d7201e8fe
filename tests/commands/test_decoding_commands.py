"""Options of decoding and the cache, as a user gives them: recorded, compared, repeated, and never asked twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.commands.conftest import Command
from tests.commands.test_evaluate_models import records

MODEL = """
from pathlib import Path

from t5eval import Generation, Predictor, Prepared

class Draws(Predictor):
    identity = {"weights": "draws"}

    def prepare(self, texts, max_tokens):
        return [Prepared(text, 1, False) for text in texts]

    def generate(self, batch, max_new_tokens, decode):
        with Path(__file__).with_name("asked").open("a") as file:
            file.writelines(f"{max_new_tokens} {decode}\\n" for _ in batch)
        seed = getattr(decode, "seed", 0)
        return [Generation(("entailment", "not_entailment")[(p.number + seed) % 5 > 2], False) for p in batch]
"""


@pytest.fixture
def command(tmp_path: Path, suite: Path) -> list[str]:
    (tmp_path / "draws.py").write_text(MODEL)
    model = f"py:{tmp_path / 'draws.py'}:Draws"
    return ["evaluate", "--model", model, "--task", "glue/rte", "--split", "validation", "--data-dir", str(suite)]


def test_sampling_is_recorded_compared_and_repeated(t5eval: Command, command: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    asked = ["--temperature", "0.5", "--seed", "3", "--samples", "3", "--max-new-tokens", "7"]
    done = t5eval(*command, *asked, "--out", run, "--json")
    assert done.status == 0, done.err
    result = done.json["results"]["glue/rte"]["validation"]
    assert result["decode"] == {
        "method": "sample", "temperature": 0.5, "top_k": None, "top_p": 1.0, "seed": 3, "samples": 3,
        "max_new_tokens": 7, "inputs": 512, "targets": 7,
    }  # fmt: skip
    lines = records(run, "glue/rte")
    for number, line in enumerate(lines):
        assert line["samples"] == [("entailment", "not_entailment")[(number + seed) % 5 > 2] for seed in (3, 4, 5)]
        assert line["prediction"] == Counter(line["samples"]).most_common(1)[0][0]
    assert (tmp_path / "asked").read_text().splitlines()[0].startswith("7 Sample(method='sample', temperature=0.5")
    # Each repetition's score is what its texts alone have.
    for place, value in enumerate(result["repetitions"]["accuracy"]["values"]):
        texts = tmp_path / "texts.txt"
        texts.write_text("".join(f"{line['samples'][place]}\n" for line in lines))
        data = command[command.index("--data-dir") :]
        alone = t5eval("score", "glue/rte", "--predictions", texts, "--split", "validation", *data, "--json")
        assert alone.json["scores"]["accuracy"]["value"] == value
    values = result["repetitions"]["accuracy"]["values"]
    assert result["repetitions"]["accuracy"]["mean"] == pytest.approx(sum(values) / 3)
    assert "accuracy of each of the 3 texts drawn:" in done.err
    # The same command is done; another seed is another run; a repetition is the same.
    assert t5eval(*command, *asked, "--out", run).status == 0
    other = t5eval(*command, *asked, "--seed", "4", "--out", run)
    assert (other.status, other.err.count("\n")) == (2, 1)
    assert "made with another decode" in other.err
    again = t5eval("rerun", run, "--json")
    assert again.json["equal"] is True, again.out
    assert again.json["inputs"] == []
    assert t5eval(*command, "--out", tmp_path / "greedy").status == 0
    compared = t5eval("compare", run, tmp_path / "greedy", *command[command.index("--data-dir") :], "--json")
    settings = {d["setting"]: d for d in compared.json["results"]["glue/rte"]["validation"]["settings"]}
    assert (settings["decode"]["a"]["seed"], settings["decode"]["b"]["method"]) == (3, "greedy")
    report = t5eval("report", run, *command[command.index("--data-dir") :])
    assert report.status == 0, report.err


def test_an_answer_is_asked_for_once_across_runs(t5eval: Command, command: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = t5eval(*command, "--out", tmp_path / "a", "--cache", cache, "--json")
    assert first.status == 0, first.err
    asked = len((tmp_path / "asked").read_text().splitlines())
    result = first.json["results"]["glue/rte"]["validation"]
    assert asked == result["n"] - result["cached"] > 0
    second = t5eval(*command, "--out", tmp_path / "b", "--cache", cache)
    assert f"glue/rte validation: {result['n']} of {result['n']} answers (100.0 %) came from the cache" in second.out
    assert len((tmp_path / "asked").read_text().splitlines()) == asked
    found = json.loads((tmp_path / "b" / "results.json").read_text())["results"]["glue/rte"]["validation"]
    assert found["cached"] == found["n"]
    assert found["scores"] == result["scores"]
    lines = records(tmp_path / "b", "glue/rte")
    assert all(line.pop("cached") for line in lines)
    assert lines == [{k: v for k, v in line.items() if k != "cached"} for line in records(tmp_path / "a", "glue/rte")]
    # What is repeated is asked anew.
    assert t5eval("rerun", tmp_path / "b", "--json").json["equal"] is True
    assert len((tmp_path / "asked").read_text().splitlines()) == asked + found["n"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--decode", "greedy", "--temperature", "1"], "--temperature belongs to --decode sample"),
        (["--beam-size", "2", "--top-k", "4"], "--top-k belongs to --decode sample and does not go with --beam-size"),
        (["--generation", "model"], "--generation does not apply to a predictor of your own"),
        (["--cache", ""], "is empty; name a folder"),
    ],
)
def test_what_does_not_go_together_is_one_line(
    t5eval: Command, command: list[str], tmp_path: Path, options: list[str], message: str
) -> None:
    done = t5eval(*command, *options, "--out", tmp_path / "run")
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "run").exists()


def test_a_predictor_of_ones_own_writes_free_texts(t5eval: Command, command: list[str], tmp_path: Path) -> None:
    command[command.index("glue/rte")] = "wmt14/en-de"
    done = t5eval(*command, "--out", tmp_path / "run", "--samples", "2", "--cache", tmp_path / "cache", "--limit", "3")
    assert done.status == 0, done.err
    assert "bleu of each of the 2 texts drawn:" in done.err
