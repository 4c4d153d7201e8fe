"""What is said of plugins that break a contract: one line, with the plugin, the contract and the line of its code."""

# ruff: noqa: E501  (a row of a table is a mistake and the whole message)

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from t5eval.plugins import loader as plugin_loading
from tests.commands.conftest import PLUGINS, write_predictions


@pytest.fixture(autouse=True)
def _forgotten(forget_plugins: Any) -> None:
    """Takes away again what a test registers."""


HEAD = "from t5eval.plugins.registration import *\nfrom t5eval.plugins.registration import register, register_model\nimport numpy as np\n"
CLASS = HEAD + "@register\n@dataclass(frozen=True)\nclass X:\n    kind = {kind!r}\n"
SOURCE = HEAD + "@register\n@dataclass(frozen=True)\nclass X(FileSource):\n"
METRIC = HEAD + "class M(Metric):\n    name = {name!r}\n    def statistics(self, batch): return 0\n"
AGGREGATE = "    def aggregate(self, totals): return 0\n"
BOARD = (PLUGINS / "leaderboard.py").read_text().replace("Path(__file__)", f"Path({str(PLUGINS / 'x')!r})")
SCORED = "    target = gold = parse = lambda *x: 0\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import absent_module\n", "ModuleNotFoundError: No module named 'absent_module' (line 1)"),
        ("x = 1\n\n1 / 0\n", "ZeroDivisionError: division by zero (line 3)"),
        ("import sys\nsys.exit(0)\n", "SystemExit: 0 (line 2)"),
        ("x = 1\ndef f(:\n", "SyntaxError: invalid syntax (mine.py, line 2)"),
        ("x = 1\n", "it registers nothing; call t5eval.register"),
        (HEAD + "register(3)\n", "'3' is nothing that can be registered: a Metric, a TaskSpec"),
        (METRIC.format(name="accuracy") + AGGREGATE + "register(M)\n", "metric 'accuracy' is already there; give M another name (line 8)"),
        (METRIC.format(name="") + AGGREGATE + "register(M)\n", "metric M has no name; set the class attribute `name` (line 8)"),
        (METRIC.format(name="m") + "register(M)\n", "TypeError: Can't instantiate abstract class M with"),
        (METRIC.format(name="m") + "    aggregate = 3\nregister(M)\n", "metric 'm': aggregate must be a method, got int (line 8)"),
        (CLASS.format(kind="label") + SCORED, "answer kind 'label' is already there; give X another `kind` (line 4)"),
        (CLASS.format(kind="mine") + "    parse = target = 0\n", "answer X has no choices, gold, which its contract asks for (line 4)"),
        (CLASS.format(kind="mine") + "    choices = ()\n    parse = target = gold = 0\n", "answer 'mine': target must be a method, got int (line 4)"),
        (CLASS.format(kind="mine") + SCORED + "    choices = ('yes')\n", "answer 'mine': choices must be a tuple of texts, got 'yes' (line 4)"),
        (CLASS.format(kind="mine").replace("(frozen=True)", "") + SCORED + "    choices = ()\n", "answer X must be a dataclass, @dataclass(frozen=True) (line 4)"),
        (CLASS.format(kind="fields") + "    pairs = 0\n", "text kind 'fields' is already there; give X another `kind` (line 4)"),
        (CLASS.format(kind="mine") + "    pairs = 0\n", "text X has no fields, which its contract asks for (line 4)"),
        (CLASS.format(kind="mine") + "    pairs = 0\n    fields = ('a',)\n", "text 'mine': pairs must be a method, got int (line 4)"),
        (CLASS.format(kind="mine") + "    pairs = print\n    fields = ('a')\n", "text 'mine': fields must be a tuple of texts, got 'a' (line 4)"),
        (CLASS.format(kind="mine") + "    fields = ('a')\n", "is nothing that can be registered: a Metric, a TaskSpec"),
        (SOURCE + "    pass\n", "source X has no kind; set the class attribute `kind` (line 4)"),
        (SOURCE + "    kind = 'tsv'\n", "source kind 'tsv' is already there; give X another `kind` (line 4)"),
        (SOURCE + "    kind = 'mine'\n", "source 'mine': it has no examples, which its contract asks for (line 4)"),
        (SOURCE + "    kind = 'mine'\n    examples = print\n    fields = ('a',)\n", "source 'mine': fields must map features to where they are from, got ('a',) (line 4)"),
        (HEAD + "register_model('hf:', print)\n", "the prefix 'hf:' is already there; choose another (line 4)"),
        (HEAD + "register_model('mine', print)\n", "a model's prefix is a word and a colon, such as 'mine:', got 'mine' (line 4)"),
        (HEAD + "register_model('mine:', 3)\n", "model mine:: what makes it must be a function, got int (line 4)"),
        (HEAD + "register(leaderboards.get('glue'))\n", "leaderboard 'glue' is already there; give this one another name (line 4)"),
        (BOARD.replace("def read_row", "def read"), "TypeError: Can't instantiate abstract class Semicolons with"),
        (BOARD.replace('    suffix = ".csv"\n', ""), "leaderboard 'mine': suffix must be how its files' names end, such as '.csv', got None (line 23)"),
        (BOARD.replace("def read_row", "read_row = 3\n\n    def read"), "leaderboard 'mine': read_row must be a method, got int (line 26)"),
        (BOARD + "register(Semicolons)\n", "leaderboard Semicolons is a class; register an instance, with its name and tasks (line 25)"),
        (BOARD.replace("polite.toml", "stars.toml"), "[source] needs kind = one of tsv, "),
        (HEAD + "import task_specs\nregister(task_specs.get('glue/rte'))\n", "task glue/rte: 'glue/rte' is already the name of a task; choose another (line 5)"),
    ],
)  # fmt: skip
def test_what_a_broken_plugin_is_told(t5eval: Any, tmp_path: Path, code: str, message: str) -> None:
    before = [dict(table) for table in plugin_loading.TABLES]
    (tmp_path / "mine.py").write_text(code)
    done = t5eval("--plugin", tmp_path / "mine.py", "tasks")
    assert done.status == 2
    assert done.err.startswith(f"t5eval: plugin {tmp_path / 'mine.py'}: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert [dict(table) for table in plugin_loading.TABLES] == before


WORKING = [
    ("metric", "axis=1).astype(float)", "axis=1).sum()", "metric 'within_one': statistics must have shape [examples, numbers], got () (line 14)"),
    ("metric", "axis=1).astype(float)", "axis=1).repeat(2, 0)", "metric 'within_one': statistics gives 6 rows for 3 examples; one for each, or for each group (line 14)"),
    ("metric", "axis=1).astype(float)", "axis=1) + np.inf", "metric 'within_one': statistics must be finite numbers (line 14)"),
    ("metric", "axis=1).astype(float)", "axis=1) + None", "metric 'within_one': statistics raises TypeError: unsupported operand type(s) for +: 'float' and 'NoneType' (line 16)"),
    ("metric", "return np.stack", 'return "no" or np.stack', "metric 'within_one': statistics must be numbers, got 'no' (line 14)"),
    ("metric", "totals[..., 0] / totals[..., 1]", "totals", "metric 'within_one': aggregate must turn shape (2,) into (), got (2,) (line 18)"),
    ("metric", "return 100 *", "return 1 / 0 *", "metric 'within_one': aggregate raises ZeroDivisionError: division by zero (line 19)"),
    ("metric", "    def aggregate", "    def details(self, batch):\n        return 1 / 0\n\n    def aggregate", "metric 'within_one': details raises ZeroDivisionError: division by zero (line 19)"),
    ("answer_parser", "number = text.", "number = text.absent.", "answer 'mine_stars': parse of '4 stars' raises AttributeError: 'str' object has no attribute 'absent' (line 23)"),
    ("answer_parser", "return Answer(int(number), int(number))", "return 4", "answer 'mine_stars': parse of '4 stars' must return a task_specs.Answer, got int (line 22)"),
    ("answer_parser", """return f"{features['label']} stars\"""", 'return features["label"]', "answer 'mine_stars': target must return a text, got int (line 16)"),
    ("answer_parser", """features['label']""", "features['lable']", "answer 'mine_stars': target raises KeyError: 'lable' (line 17)"),
    ("answer_parser", """return Answer(features["label"], features["label"])""", 'return features["label"]', "answer 'mine_stars': gold must return a task_specs.Answer or None, got int (line 19)"),
    ("answer_parser", "    choices = ()\n", "    choices = ()\n\n    def __post_init__(self):\n        1 / 0\n", "answer 'mine_stars': __post_init__ raises ZeroDivisionError: division by zero (line 17)"),
    ("text_format", "yield TextPair(example.id, inputs, ", "yield (example.id, inputs, ", "text 'mine_question': pairs of example 0 must be task_specs.TextPair of two texts, got \"('0', "),
    ("text_format", "inputs, answer", "3, answer", "text 'mine_question': pairs of example 0 must be task_specs.TextPair of two texts, got \"TextPair(id='0', inputs=3, "),
    ("text_format", "        yield TextPair", "        return\n        yield TextPair", "text 'mine_question': pairs of example 0 must be one to evaluate, got 0 (line 16)"),
    ("text_format", "['sentence']", "['sentense']", "text 'mine_question': pairs of example 0 raises KeyError: 'sentense' (line 17)"),
    ("source", "Example(str(number),", "Example('0',", "source 'mine_csv': examples gives the id '0' twice, or it is no text (line 16)"),
    ("source", "yield Example(str(number),", "yield (number,", "source 'mine_csv': examples must yield task_specs.Example, got tuple (line 16)"),
    ("source", "yield Example", "yield None and Example", "source 'mine_csv': examples must yield task_specs.Example, got NoneType (line 16)"),
    ("source", 'row["stars"]', 'row["star"]', "dev.csv after 0 examples, raises KeyError: 'star' (line 19)"),
    ("source", '{"sentence": row', '{"words": row', "source 'mine_csv': example 0 lacks the texts sentence, its fields (line 16)"),
    ("source", "yield Example", "return Example", "source 'mine_csv': examples must yield examples, got Example (line 16)"),
    ("model", 'return {"always": self.text}', "return {1: 2}", "model always:: the identity of its Always must map strings to strings, got {1: 2}"),
    ("model", 'return {"always": self.text}', "return self.absent", "model always:: identity raises AttributeError: 'Always' object has no attribute 'absent' (line 12)"),
    ("model", "    def generate(", "    def generates(", "model always:: it raises TypeError: Can't instantiate abstract class Always"),
    ("model", "class Always(Predictor)", "class Always", "model always:: it returns a Always, which has no rank, device, decoding, expect, begin, cache_identity; a predictor derives from"),
    ("model", "in texts]", "in texts[1:]]", "model always:: the model gives 2 answers to 3 inputs; it must give one to each (line 14)"),
    ("model", "hit_limit=False) for _ in batch]", "False) for _ in batch][1:]", "model always:: the model gives 2 answers to 3 inputs; it must give one to each (line 17)"),
    ("model", "[Generation(self.text, hit_limit=False)", "[self.text", "model always:: the model gives a str as an answer; it must give a t5eval.predictors.predictor.Generation (line 17)"),
    ("model", "[Generation(self.text, hit", "[Generation(4, hit", "model always:: the text of a Generation must be a text, got int (line 17)"),
    ("model", "return [Generation", "return None and [Generation", "model always:: the model gives a NoneType; it must give a list, one for each input (line 17)"),
    ("model", "return [Generation", "return 1 / 0 or [Generation", "model always:: generate raises ZeroDivisionError: division by zero (line 18)"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "message"), WORKING)
def test_what_is_said_while_it_works(
    evaluate_stars: Any, tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    done = evaluate_stars(old, new, file)
    assert done.status == 2
    (line,) = [line for line in done.err.splitlines() if line.startswith("t5eval: ")]
    assert f"plugin {tmp_path / file}.py: " in line
    assert message in line
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('return f"{example_id};{text}"', "return 3", "write_row must return one line of text, got '3' (line 14)"),
        ('return f"{example_id};{text}"', 'return "a\\nb"', "write_row must return one line of text, got "),
        ('return f"{example_id};{text}"', "return 1 / 0", "write_row raises ZeroDivisionError: division by zero (line 15)"),
        ("return example_id, text", "return example_id", "read_row must return an id and a text, got \"'0'\" (line 17)"),
        ("return example_id, text", "return int('x'), text", "read_row raises ValueError: invalid literal for int() with base 10: 'x' (line 21)"),
    ],
)  # fmt: skip
def test_what_is_said_while_a_leaderboard_works(t5eval: Any, tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BOARD
    (tmp_path / "mine.py").write_text(BOARD.replace(old, new))
    write_predictions(tmp_path / "run" / "predictions" / "mine" / "polite" / "test.jsonl", [(i, "rude") for i in "012"])
    done = t5eval(
        "--plugin", tmp_path / "mine.py", "submit", "mine", "--run", tmp_path / "run", "--data-dir", PLUGINS / "data",
        "--out", tmp_path / "out.zip",
    )  # fmt: skip
    assert done.status == 2
    assert done.err.startswith(f"t5eval: plugin {tmp_path / 'mine.py'}: leaderboard 'mine': {message}")
    assert done.err.count("\n") == 1
