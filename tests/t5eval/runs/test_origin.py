"""What is recorded beside predictions is compared wherever they are used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import t5eval
from t5eval.demo.demo import suite_folder
from t5eval.runs.origin import Origin
from t5eval.support.errors import PredictionError, RunError
from task_specs import Decode
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE

QNLI = b"index\tquestion\tsentence\tlabel\n"


class Says(t5eval.Predictor):
    """Says the same to every input."""

    def __init__(self, text: str, name: str = "one") -> None:
        self._text, self._name = text, name

    @property
    def identity(self) -> Mapping[str, str]:
        return {"model": self._name}

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[t5eval.Prepared]:
        return [t5eval.Prepared(text, 1, truncated=False) for text in texts]

    def generate(
        self, batch: Sequence[t5eval.Prepared], max_new_tokens: int, decode: Decode
    ) -> list[t5eval.Generation]:
        return [t5eval.Generation(self._text, hit_limit=False) for _ in batch]


def rte(folder: Path, labels: Sequence[str]) -> Path:
    """Writes RTE's validation set with these labels, under the same ids whatever they are."""
    (folder / "glue/RTE").mkdir(parents=True)
    rows = "".join(f"{i}\tA.\tB.\t{label}\n" for i, label in enumerate(labels))
    (folder / "glue/RTE/dev.tsv").write_bytes(RTE + rows.encode())
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that is right on every example of its data, `tmp_path/mine`."""
    rte(tmp_path / "mine", ["entailment"] * 4)
    out = tmp_path / "run"
    found = t5eval.evaluate(
        Says("entailment"), "glue/rte", data=tmp_path / "mine", out=out, splits="validation", say=print
    )
    assert found.splits[0].score.scores["accuracy"].value == 100
    return out


def of(run: Path) -> Path:
    return run / "predictions/glue/rte/validation.jsonl"


def test_predictions_of_other_data_are_named_where_a_file_is_scored(run: Path, tmp_path: Path) -> None:
    other = rte(tmp_path / "other", ["entailment", "not_entailment"] * 2)
    found = t5eval.score("glue/rte", of(run), data=other, split="validation")
    assert found.score.scores["accuracy"].value == 50
    assert "validation.meta.json says that these predictions are of other data" in found.notes[0]
    assert not t5eval.score("glue/rte", of(run), data=tmp_path / "mine", split="validation").origin
    of(run).with_suffix(".meta.json").unlink()  # made by hand: nothing to compare
    assert not t5eval.score("glue/rte", of(run), data=other, split="validation").origin


@pytest.mark.parametrize("file", [False, True])
def test_predictions_of_other_data_are_no_model(run: Path, tmp_path: Path, file: bool) -> None:
    other = rte(tmp_path / "other", ["entailment", "not_entailment"] * 2)
    name = f"predictions:{of(run) if file else run}"
    with pytest.raises(PredictionError, match=r"validation\.jsonl: .* of other data, not of the glue/rte validation"):
        t5eval.evaluate(name, "glue/rte", data=other, out=tmp_path / "new", splits="validation")
    again = t5eval.evaluate(name, "glue/rte", data=tmp_path / "mine", out=tmp_path / "b", splits="validation")
    assert again.splits[0].score.scores["accuracy"].value == 100


def test_validation_answers_are_no_test_answers(tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    (data / "glue/QNLI").mkdir(parents=True)
    (data / "glue/QNLI/dev.tsv").write_bytes(QNLI + b"0\tQ?\tA.\tentailment\n1\tQ?\tB.\tentailment\n")
    (data / "glue/QNLI/test.tsv").write_bytes(b"index\tquestion\tsentence\n0\tQ?\tC.\n1\tQ?\tD.\n")
    t5eval.evaluate(Says("entailment"), "glue/qnli", data=data, out=run, splits="validation")
    folder = run / "predictions/glue/qnli"
    for ending in ("jsonl", "meta.json"):
        shutil.copy(folder / f"validation.{ending}", folder / f"test.{ending}")
    options = {"data": data, "out": tmp_path / "glue.zip", "partial": True, "official_counts": False}
    with pytest.raises(PredictionError, match=r"test\.jsonl: .* not of the glue/qnli test that is read now"):
        t5eval.submit("glue", run, **options)
    assert not (tmp_path / "glue.zip").exists()
    found = Origin(folder / "validation.jsonl").fault("glue/qnli", "test", ["another"])
    assert found is not None
    assert "of the split validation" in found
    (folder / "test.meta.json").unlink()
    assert t5eval.submit("glue", run, **options).files == {"QNLI.tsv": 2}


def test_a_submission_is_of_one_model(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    t5eval.evaluate(Says("entailment"), "glue/rte", data=suite_folder(), out=one, splits="test")
    t5eval.evaluate(Says("not_entailment", "two"), "glue/wnli_plain", data=suite_folder(), out=two, splits="test")
    t5eval.evaluate(Says("entailment", "two"), "glue/qnli", data=suite_folder(), out=two, splits="test")
    shutil.copytree(two / "predictions/glue/qnli", one / "predictions/glue/qnli")
    options = {"data": suite_folder(), "out": tmp_path / "glue.zip", "partial": True, "official_counts": False}
    with pytest.raises(PredictionError, match=r"was predicted by another model than glue/\w+ \(model \w+, not"):
        t5eval.submit("glue", one, **options)
    (one / "predictions/glue/qnli/test.meta.json").unlink()
    assert len(t5eval.submit("glue", one, **options).files) == 2


def test_ax_is_submitted_whether_or_not_its_labels_were_read(tmp_path: Path) -> None:
    run = tmp_path / "run"
    t5eval.evaluate(Says("entailment"), "glue/ax", data=suite_folder(), out=run, splits="test")
    made = t5eval.submit(
        "glue", run, data=suite_folder(), out=tmp_path / "glue.zip", partial=True, official_counts=False
    )
    assert list(made.files) == ["AX.tsv"]
    assert not made.notes


def test_another_specification_is_said(run: Path, tmp_path: Path) -> None:
    record = of(run).with_suffix(".meta.json")
    record.write_text(json.dumps({**json.loads(record.read_text()), "specification": "0" * 64}))
    notes = t5eval.score("glue/rte", of(run), data=tmp_path / "mine", split="validation").notes
    assert "another specification of the task" in notes[0]


@pytest.mark.parametrize("content", ["{", "[]", '{"limit": "x"}', "\ufeff"])
def test_a_damaged_record_is_an_error(run: Path, tmp_path: Path, content: str) -> None:
    of(run).with_suffix(".meta.json").write_text(content)
    with pytest.raises(RunError, match=r"validation\.meta\.json: damaged"):
        t5eval.score("glue/rte", of(run), data=tmp_path / "mine", split="validation")


def test_a_report_of_predictions_alone_compares_too(run: Path, tmp_path: Path) -> None:
    (run / "results.json").unlink()
    other = rte(tmp_path / "other", ["not_entailment"] * 4)
    with pytest.raises(UserError, match="of other data"):
        t5eval.report(run, data=other)


@pytest.mark.parametrize(("limit", "part"), [(3, True), (4, False), (300, False)])
def test_a_limit_above_the_split_is_the_whole_split(tmp_path: Path, limit: int, part: bool) -> None:
    data = rte(tmp_path / "data", ["entailment"] * 4)
    found = t5eval.evaluate(
        Says("entailment"), "glue/rte", data=data, out=tmp_path / "r", splits="validation", limit=limit
    )
    assert any("limited to" in text for text, _ in found.splits[0].cautions()) == part
    file = tmp_path / "r/predictions/glue/rte/validation.jsonl"
    said = t5eval.score("glue/rte", file, data=data, split="validation").notes
    assert any(f"the first {limit} of " in note and "(--limit" in note for note in said) == part
    assert found.document["results"]["glue/rte"]["validation"]["limit"] == limit
