"""validate: a row and its data, sound and with each fault put in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import as_source
from t5eval.scoring import row_check
from task_specs import Answer
from tests.commands.conftest import PLUGINS

# The example's row, without comments, and of one split.
TASK = re.sub(" +#.*", "", (PLUGINS / "polite.toml").read_text()).partition("\n[submission]")[0]
TASK = TASK.replace("{validation = 2, test = 3}", "{validation = 3}").replace(', test = "test.tsv"', "")
ROWS = "text\tpolite\nThank you\tyes\nGo away\tno\nPlease\tyes\n"


@pytest.fixture
def validate(t5eval: Any, tmp_path: Path) -> Any:
    """Validates the task with a piece of its file replaced, on its rows."""

    def call(*options: str, old: str = "", new: str = "", rows: str = ROWS) -> Any:
        assert old in TASK
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / "dev.tsv").write_text(rows)
        (tmp_path / "polite.toml").write_text(TASK.replace(old, new) if old else TASK)
        return t5eval("validate", tmp_path / "polite.toml", "--data-dir", tmp_path, *options)

    return call


def test_a_sound_task(validate: Any) -> None:
    done = validate("--limit", "1")
    assert done.status == 0
    assert done.out.splitlines() == [
        "mine/polite",
        "",
        "validation: 3 examples",
        "  0",
        "    inputs:  polite sentence: Thank you",
        "    targets: polite",
        "    read as: class 1, polite",
        "  labels: rude 1, polite 2",
        "  scores of the true targets: accuracy 100.00, f1 100.00",
        "  of the commonest, 'polite' (2 examples): accuracy 66.67, f1 80.00",
        "",
        "valid",
    ]


def test_as_json(validate: Any) -> None:
    document = validate("--json").json
    assert document["status"] == "valid"
    assert document["faults"] == []
    (split,) = document["splits"]
    assert split["labels"] == {"rude": 1, "polite": 2}
    assert [pair["id"] for pair in split["pairs"]] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("old", "new", "rows", "fault"),
    [
        ('prefix = "polite"', 'prefx = "polite"', ROWS, "[text]: unknown key 'prefx'; the keys are prefix, fields."),
        ('kind = "tsv"', 'kind = "xlsx"', ROWS, "[source] needs kind = one of tsv"),
        ("validation = 3", "validation = 4", ROWS, "validation: 3 rows here, but the row says 4; correct [sizes]"),
        ('"accuracy", "f1"', '"acuracy"', ROWS, "unknown metric 'acuracy'. Did you mean 'accuracy'"),
        ('"accuracy", "f1"', '"pearson"', ROWS, "metric 'pearson' does not suit its answers"),
        ("mine/polite", "glue/rte", ROWS, "'glue/rte' is already the name of a task; choose another"),
        ("mine/polite", "glue", ROWS, "'glue' is already the name of a benchmark; choose another"),
        ('"yes"]', '"maybe"]', ROWS, "dev.tsv"),
        ('"dev.tsv"', '"val.tsv"', ROWS, "val.tsv: no such file"),
        (
            'kind = "label"\nclasses = ["rude", "polite"]',
            'kind = "text"\nfield = "reply"',
            ROWS,
            "the answer has classes [], the source ['no', 'yes']",
        ),
    ],
)
def test_faults(validate: Any, old: str, new: str, rows: str, fault: str) -> None:
    done = validate(old=old, new=new, rows=rows)
    assert done.status == 2
    assert fault in done.out
    misspelt = "unknown key" in fault  # the right key is then missing too
    assert done.out.splitlines()[-1] == ("invalid: 2 faults" if misspelt else "invalid: 1 fault")
    assert done.err == ""


def test_a_feature_that_the_source_has_not(t5eval: Any, tmp_path: Path) -> None:
    task = TASK.replace('label = "polite"\nclasses = ["no", "yes"]\n', "").replace('"accuracy", "f1"', '"bleu"')
    task = task.replace('kind = "label"\nclasses = ["rude", "polite"]', 'kind = "text"\nfield = "reply"')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "dev.tsv").write_text("text\nThank you\n")
    (tmp_path / "t.toml").write_text(task)
    document = t5eval("validate", tmp_path / "t.toml", "--data-dir", tmp_path, "--json").json
    assert [split["n"] for split in document["splits"]] == [0]
    done = t5eval("validate", tmp_path / "t.toml", "--data-dir", tmp_path)
    assert done.status == 2
    fault = (
        "the row does not fit its data: after 0 examples, the answer's field 'reply' is not among the source's features"
    )
    assert f"validation: {fault} ['sentence', 'label']." in " ".join(done.out.split())


def test_a_class_that_never_occurs_is_noted(validate: Any) -> None:
    done = validate(old="validation = 3", new="validation = 1", rows="text\tpolite\nGo away\tno\n")
    assert done.status == 0
    assert "note: no example is of class 'polite'" in done.out
    assert "note: f1 of the true answers is 0.00, not 100, which a class without examples explains" in done.out


def test_without_data_the_row_alone(t5eval: Any) -> None:
    done = t5eval("validate", "glue/rte")
    assert done.status == 0
    assert "only the row is checked" in done.out


def test_a_metric_that_truth_does_not_satisfy(validate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from t5eval.metrics.classification import Accuracy

    monkeypatch.setattr(Accuracy, "value", lambda self, batch, statistics: 50.0)
    done = validate()
    assert done.status == 2
    assert "validation: accuracy of the true answers is 50.00, not 100" in done.out


def test_three_pairs_are_kept_unless_told_otherwise(validate: Any, tmp_path: Path) -> None:
    validate(rows=ROWS + "Go\tno\n")
    source = as_source(tmp_path)
    (split,) = row_check.validate(str(tmp_path / "polite.toml"), source).splits
    assert [pair.id for pair in split.pairs] == ["0", "1", "2"]


@pytest.mark.parametrize(("said", "right"), [(3.2, True), (3.3, True), (3.0, False), (3.4, False)])
def test_a_number_is_true_to_half_a_step(said: float, right: bool) -> None:
    assert row_check.same(task_specs.get("glue/stsb"), Answer(said, said), Answer(3.25, 3.2)) is right


def test_a_metric_of_which_less_is_better_is_lowest_for_the_truth(
    validate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from t5eval.metrics.classification import Accuracy

    monkeypatch.setattr(Accuracy, "higher_is_better", False)
    done = validate()
    assert done.status == 2
    assert "validation: accuracy of the true answers is 100.00, above 66.67 for the commonest" in done.out


def test_a_target_that_cannot_be_read(validate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from task_specs.answers.labels import Label

    monkeypatch.setattr(Label, "target", lambda self, features: "kind")
    done = validate()
    assert "    read as: unreadable, not one of rude, polite: 'kind'" in done.out.splitlines()
    assert "0: 'kind' is read as unreadable, not one of rude, polite: 'kind', true is class 1, polite" in done.out


def test_a_parser_that_does_not_read_its_targets(validate: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from task_specs.answers.labels import Label

    monkeypatch.setattr(Label, "target", lambda self, features: self.classes[1 - features["label"]])
    done = validate()
    assert "3 targets do not read back as the truth; 0: 'rude' is read as class 0, rude, true is class 1" in done.out
    assert done.out.splitlines()[-1] == "invalid: 3 faults"


@pytest.mark.parametrize("task", ["glue/wnli", "super_glue/wsc", "super_glue/record", "squad/v2.0", "glue/stsb", "dpr"])
def test_built_in_tasks_read_their_targets_back(t5eval: Any, official: Path, task: str) -> None:
    document = t5eval("validate", task, "--data-dir", official, "--json").json
    assert [fault for fault in document["faults"] if "the row says" not in fault] == []
    assert any(split["gold"] for split in document["splits"])


def test_every_fault_of_a_file_at_once(t5eval: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    rows = ['name = "mine/a"', 'benchmark = "mine"', 'metrics = ["accuracy"]', "sizs = {test = 2}"]
    path.write_text("\n".join([*rows, "[source]", 'kind = "tsv"', "folder = 3", ""]))
    done = t5eval("validate", path, "--json")
    faults = done.json["faults"]
    assert done.status == 2
    assert any(f.startswith(f"{path}:4: ") and "sizes" in f for f in faults)
    assert any(f.startswith(f"{path}:7: ") and "folder" in f for f in faults)
