"""The Python API: its documentation's examples, the commands' numbers, and what importing it costs."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import t5eval
from t5eval.cli.main import run
from t5eval.predictors.model_name import NamedModel
from tests.t5eval.tiny_t5 import write_tiny_t5

PAGE = Path(__file__).resolve().parents[3] / "docs" / "python.md"
SUITE = str(t5eval.suite_folder())
FUNCTIONS = "evaluate score submit check compare report train prepare convert tasks show examples".split()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, data: bool = True, status: int = 0) -> Any:
    capsys.readouterr()
    assert run([*arguments, *(("--data-dir", SUITE) if data else ()), "--json"]) == status
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, "tasks"} - {"train", "convert", "show", "examples"}))
def test_the_docstrings_examples_work(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"t5eval.api.{name}"))
    assert found.attempted >= 3
    assert found.failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_page_and_the_face_have_every_function(name: str) -> None:
    assert callable(getattr(t5eval, name))
    assert f"`{name}(" in PAGE.read_text(encoding="utf-8")
    assert f"t5eval.{name}(" in "".join(blocks())


def blocks() -> list[str]:
    """Returns the page's Python; the last block is the one that trains."""
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_pages_blocks_run_and_only_training_imports_tensorflow(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    light = """
import sys
assert found.score.scores["accuracy"].value == run.splits[0].score.task_score == 50
assert list(table["score"]) == ["accuracy"] and made.files == {"RTE.tsv": 80}
assert "glue/rte" in names and row["metrics"] == ["accuracy"] and pair.inputs.startswith("rte ")
assert [path.name for path in written.files] == ["report.md", "report.html"] and compared.sound
assert verdict.status == "partial" and len(records.sets["glue/rte/train"]) == 660
assert "tensorflow" not in sys.modules
"""
    heavy = """
assert trained.model.is_dir() and list(trained.to_json()["scores"]) == ["2"] and half.tensors > 0
"""
    given = f"data, out, file = {SUITE!r}, {str(tmp_path / 'run')!r}, {str(tmp_path / 'glue.zip')!r}\n"
    *first, last = blocks()
    done = subprocess.run(
        [sys.executable, "-c", given + "".join(first) + light + last + heavy],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, t5eval; assert not {'numpy', 'tensorflow', 'pandas', 'click'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.tensorflow
def test_every_name_is_there_and_no_other() -> None:
    assert all(getattr(t5eval, name) is not None for name in t5eval.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        t5eval.nothing  # noqa: B018


def test_every_form_of_predictions_scores_as_the_command_does(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    texts = ["entailment", "not_entailment", "perhaps", "entailment"] * 20
    file = tmp_path / "p.txt"
    file.write_text("\n".join(texts))
    command = printed(capsys, "score", "glue/rte", "--split", "validation", "--predictions", str(file))
    for given in (file, texts, {str(i): text for i, text in enumerate(texts)}):
        assert t5eval.score("glue/rte", given, data=SUITE, split="validation").to_json() == command


def test_a_run_is_the_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "predictions" / "glue" / "rte" / "validation.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps({"id": str(i), "prediction": "entailment"}) + "\n" for i in range(80)))
    model = f"predictions:{tmp_path}"
    wanted = ("--task", "glue/rte", "--split", "validation", "--out", str(tmp_path / "a"))
    command = printed(capsys, "evaluate", "--model", model, *wanted)
    mine = t5eval.evaluate(model, "glue/rte", data=SUITE, out=tmp_path / "b", splits="validation").to_json()
    assert mine.pop("command").startswith("t5eval.evaluate('predictions:")
    command.pop("command")
    assert mine.pop("calls")[0].pop("command").startswith("t5eval.evaluate('predictions:")
    command.pop("calls")
    assert mine == command


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["entailment"], "predictions: 1 texts for 80 examples"),
        ({"400": "entailment"}, "predictions: unknown id '?400"),
        ({"0": 1}, "must be a string"),
    ],
)
def test_predictions_of_something_else_are_refused(given: Any, message: str) -> None:
    with pytest.raises(t5eval.UserError, match=message):
        t5eval.score("glue/rte", given, data=SUITE, split="validation")


def test_without_pandas_there_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = t5eval.score("glue/rte", ["entailment"] * 80, data=SUITE, split="validation")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(t5eval.UserError, match=r"t5eval\[pandas\]"):
        found.to_pandas()


def test_the_other_functions_give_the_commands_documents(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert t5eval.tasks().to_json() == printed(capsys, "tasks", data=False)
    for name in ("glue/rte", "glue_proportional"):
        assert t5eval.show(name, data=SUITE).to_json() == printed(capsys, "show", name)
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for file, text in zip(files, ("entailment\n", "not_entailment\n"), strict=True):
        file.write_text(text * 80)
    wanted = ("--task", "glue/rte", "--split", "validation")
    compared = t5eval.compare(*files, tasks="glue/rte", splits="validation", data=SUITE)
    assert compared.to_json() == printed(capsys, "compare", *map(str, files), *wanted)
    published = t5eval.compare(files[0], published="t5-base", tasks="glue/rte", splits="validation", data=SUITE)
    assert published.to_json() == printed(capsys, "compare", str(files[0]), "--published", "t5-base", *wanted)
    (tmp_path / "RTE.tsv").write_text("index\tprediction\n0\tmaybe\n")
    assert t5eval.check("glue", tmp_path / "RTE.tsv", data=SUITE).to_json() == printed(
        capsys, "check", "glue", str(tmp_path / "RTE.tsv"), status=2
    )
    made = t5eval.prepare("glue/rte", vocab="bytes", data=SUITE, out=tmp_path / "records")
    again = printed(capsys, "prepare", "--task", "glue/rte", "--vocab", "bytes", "--out", str(tmp_path / "records"))
    assert again == {**made.to_json(), "new": False}


def test_examples_are_the_commands_lines(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["examples", "glue/rte", "--split", "train", "--data-dir", SUITE, "--limit", "3"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert t5eval.examples("glue/rte", "train", data=SUITE, limit=3).to_json() == lines
    assert len(t5eval.examples("glue/rte", "train", data=SUITE).to_json()) == 660


def test_tables_have_a_row_for_each_thing(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    assert list(t5eval.tasks().to_pandas().query("name == 'glue/rte'")["train"]) == [2490]
    pairs = t5eval.examples("glue/rte", "validation", data=SUITE, limit=2)
    assert list(pairs.to_pandas()["id"]) == ["0", "1"]
    made = t5eval.prepare("glue/rte", vocab="bytes", data=SUITE, out=tmp_path / "records").to_pandas()
    assert list(made["records"]) == [660]
    file = tmp_path / "a.txt"
    file.write_text("entailment\n" * 80)
    wanted: dict[str, Any] = {"tasks": "glue/rte", "splits": "validation", "data": SUITE}
    (row,) = t5eval.compare(file, file, **wanted).to_pandas().to_dict("records")
    assert (row["score"], row["a"], row["difference"], row["n"], row["sound"]) == ("accuracy", 50.0, 0.0, 80, True)
    assert set(t5eval.compare(file, published="t5-base", **wanted).to_pandas()["ours"]) == {50.0}


@pytest.mark.slow
@pytest.mark.tensorflow
def test_training_and_converting_give_the_commands_documents(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = write_tiny_t5(tmp_path / "tiny")
    numbers = {"steps": 2, "batch_size": 4, "validate_limit": 2}
    mine = t5eval.train(task="glue/rte", data_dir=SUITE, model=model, out=tmp_path / "a", **numbers)
    options = [text for name, value in numbers.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    command = printed(
        capsys, "train", "--task", "glue/rte", "--model", str(model), "--out", str(tmp_path / "b"), *options
    )
    document = mine.to_json()
    for name in ("seconds", "tokens_per_second"):
        assert document.pop(name) > 0
        command.pop(name)
    assert json.loads(json.dumps(document).replace(f"{tmp_path}/a", f"{tmp_path}/b")) == command
    pytest.importorskip("pandas")
    assert list(mine.to_pandas()["task"]) == list(document["scores"]["2"])
    made = t5eval.convert(mine.model, tmp_path / "preset", to="keras_hub").to_json()
    again = printed(capsys, "convert", str(mine.model), str(tmp_path / "again"), "--to", "keras_hub", data=False)
    assert again == {**made, "path": str(tmp_path / "again")}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "glue/rte", "step": 2}, "unknown key 'step'.*did you mean 'steps'"),
        ({"task": "glue/rte", "steps": "2"}, "steps has the wrong type"),
        ({"task": "glue/rte", "steps": 0}, "steps must be at least 1"),
        ({"task": "glue/rte", "model": None}, "model has the wrong type"),
    ],
)
def test_a_setting_that_is_none_is_refused(settings: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(t5eval.UserError, match=f"(?i){message}"):
        t5eval.train(**{"data_dir": SUITE, "out": tmp_path / "run", "model": "m", **settings})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("multiplies", "dtype", "warned"),
    [(False, "bfloat16", 1), (True, "bfloat16", 0), (None, "bfloat16", 0), (False, None, 0)],
)
def test_a_processor_without_bfloat16_is_warned_of(
    multiplies: bool | None, dtype: str | None, warned: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class AlwaysYes(t5eval.Predictor):
        identity = {"model": "says entailment"}

        def prepare(self, texts: Any, max_tokens: int) -> list[t5eval.Prepared]:
            return [t5eval.Prepared(text, 1, truncated=False) for text in texts]

        def generate(self, batch: Any, max_new_tokens: int, decode: Any) -> list[t5eval.Generation]:
            return [t5eval.Generation("entailment", hit_limit=False) for _ in batch]

    said: list[str] = []
    monkeypatch.setattr("t5eval.api.evaluate.multiplies_bfloat16", lambda: multiplies)
    monkeypatch.setattr(
        "t5eval.api.evaluate.open_predictor", lambda model, options: NamedModel(AlwaysYes(), "a checkpoint")
    )
    t5eval.evaluate("t5", "glue/rte", data=t5eval.suite_folder(), out=tmp_path, dtype=dtype, say=said.append)
    assert sum("slower than float32" in line for line in said) == warned
