"""The Python API: its documentation's examples, the commands' numbers, and what importing it costs."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import t5eval
from t5eval.api import functions as api
from t5eval.cli.main import run
from t5eval.demo.demo import suite_folder

PAGE = Path(__file__).resolve().parents[3] / "docs" / "python.md"
SUITE = str(suite_folder())


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert run([*arguments, "--data-dir", SUITE, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_docstrings_examples_work() -> None:
    found = doctest.testmod(api)
    assert found.attempted > 10
    assert found.failed == 0


def test_the_pages_blocks_run_without_tensorflow(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    given = f"data, out, file = {SUITE!r}, {str(tmp_path / 'run')!r}, {str(tmp_path / 'glue.zip')!r}\n"
    check = """
import sys
assert found.score.scores["accuracy"].value == run.splits[0].score.task_score == 50
assert list(table["score"]) == ["accuracy"] and made.files == {"RTE.tsv": 80}
assert "tensorflow" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", given + "".join(blocks) + check], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, t5eval; assert not {'numpy', 'tensorflow', 'pandas', 'click'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
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
        assert api.score("glue/rte", given, data=SUITE, split="validation").to_json() == command


def test_a_run_is_the_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "predictions" / "glue" / "rte" / "validation.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps({"id": str(i), "prediction": "entailment"}) + "\n" for i in range(80)))
    model = f"predictions:{tmp_path}"
    wanted = ("--task", "glue/rte", "--split", "validation", "--out", str(tmp_path / "a"))
    command = printed(capsys, "evaluate", "--model", model, *wanted)
    mine = api.evaluate(model, "glue/rte", data=SUITE, out=tmp_path / "b", splits="validation").to_json()
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
        api.score("glue/rte", given, data=SUITE, split="validation")


def test_without_pandas_there_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = api.score("glue/rte", ["entailment"] * 80, data=SUITE, split="validation")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(t5eval.UserError, match=r"t5eval\[pandas\]"):
        found.to_pandas()
