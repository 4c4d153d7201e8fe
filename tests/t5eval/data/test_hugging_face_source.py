"""Hugging Face datasets, saved in any form and in any order, hold the examples of the official files."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import available_splits, data_source, hugging_face, open_split
from t5eval.data.hugging_face import HuggingFaceData
from t5eval.submissions.submit import submit
from t5eval.support.errors import DataError, MissingFile
from task_specs import TaskSpec
from task_specs.support.errors import UserError

datasets = pytest.importorskip("datasets")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

FORMS = ("disk", "parquet", "jsonl")
TASKS = (
    *(f"glue/{name}" for name in ("cola", "mrpc", "stsb", "mnli", "ax", "wnli")),
    *(f"super_glue/{name}" for name in ("boolq", "cb", "copa", "multirc", "record", "wic", "wsc", "axb")),
    *("squad/v1.1", "squad/v2.0", "cnn_dailymail", "dpr", "wmt14/en-de", "wmt15/en-fr"),
)


def copied(spec: TaskSpec, split: str, official: Path) -> list[dict[str, Any]]:
    """Returns a split's rows as the hub has them."""
    rows = []
    for number, example in enumerate(open_split(spec, split, official)):
        row = dict(example.features)
        if spec.source.kind == "parallel_text":
            rows.append({"translation": row})
            continue
        if spec.source.kind == "stories":
            row["id"] = example.id
        elif "idx" not in row and spec.name not in ("dpr", "squad/v1.1", "squad/v2.0"):
            row["idx"] = int(example.id.rpartition("/")[2])
        if spec.name == "squad/v2.0":
            del row["is_impossible"]
        if spec.name == "glue/mrpc":
            row["idx"] = 3 * number + 1
            row["label"] = max(row["label"], 0)  # also in test
        if "entities" in row:
            row["entities"] = [*row["entities"], row["entities"][0]][::-1]
        rows.append(row)
    return rows


def label_of(spec: TaskSpec) -> Any:
    """Returns the declared label, None where the copy does not name its values."""
    classes = getattr(spec.answer, "classes", ())
    if not classes or spec.source.kind == "multirc_json_lines":
        return None
    return datasets.ClassLabel(names=list(classes))


def save(spec: TaskSpec, official: Path, folder: Path, form: str) -> None:
    splits = {}
    for split in available_splits(spec, official):
        rows = copied(spec, split, official)
        parts = {split: rows}
        if spec.name == "glue/mnli" and split != "train":
            half = len(rows) // 2
            parts = {f"{split}_matched": rows[:half], f"{split}_mismatched": rows[half:]}
        for name, part in parts.items():
            if spec.source.kind not in ("parallel_text", "pronoun_blocks"):
                random.Random(0).shuffle(part)
            table = datasets.Dataset.from_list(part)
            if label := label_of(spec):
                table = table.cast_column("label", label)
            elif spec.name == "glue/stsb":
                table = table.cast_column("label", datasets.Value("float32"))
            splits[name] = table
    if form == "disk":
        datasets.DatasetDict(splits).save_to_disk(folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in splits.items():
        if form == "jsonl":
            table.to_json(folder / f"{name}.jsonl")
        else:
            table.to_parquet(folder / f"{name}-00000-of-00001.parquet")


@pytest.mark.parametrize(("number", "name"), list(enumerate(TASKS)))
def test_examples_equal_the_official_files_id_by_id(number: int, name: str, official: Path, tmp_path: Path) -> None:
    spec = task_specs.get(name)
    # Each task in one of the places and one of the forms.
    save(spec, official, tmp_path / ("", spec.tfds or "", name)[number % 3], FORMS[number // 3 % 3])
    source = data_source(f"hf:{tmp_path}")
    assert source.splits(spec) == available_splits(spec, official)
    for split in source.splits(spec):
        opened = open_split(spec, split, source)
        files = open_split(spec, split, official)
        found, expected = list(opened), list(files)
        if name == "wmt15/en-fr":
            assert [e.features for e in found] == [e.features for e in expected]
            assert [e.id for e in found] == [str(i) for i in range(len(found))]
        else:
            assert {e.id: e for e in found} == {e.id: e for e in expected}
        assert len(found) == len(expected) >= 4
        assert opened.summary.labels == files.summary.labels
        [(shown, digest)] = opened.summary.files.items()
        assert shown.startswith("hf:")
        assert shown.endswith(f"/{split}")
        assert len(digest) == 64


# What each suite's usual dataset is called on the hub, and the configuration of a task there.
USUAL = {
    "glue/cola": ("nyu-mll/glue", "cola"),
    "glue/mnli": ("nyu-mll/glue", "mnli"),
    "super_glue/wsc": ("aps/super_glue", "wsc.fixed"),
    "squad/v1.1": ("rajpurkar/squad", "plain_text"),
    "squad/v2.0": ("rajpurkar/squad_v2", "squad_v2"),
    "cnn_dailymail": ("abisee/cnn_dailymail", "3.0.0"),
    "wmt14/en-de": ("wmt/wmt14", "de-en"),
}


@pytest.mark.parametrize("name", USUAL)
def test_hf_alone_is_the_usual_dataset(
    name: str, official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library takes a folder of a dataset's name for the dataset, which stands in for the hub here."""
    spec = task_specs.get(name)
    dataset, config = USUAL[name]
    save(spec, official, tmp_path / dataset / config, "parquet")
    files = (path.name for path in (tmp_path / dataset / config).iterdir())
    table = [{"split": file.partition("-")[0], "path": f"{config}/{file.partition('-')[0]}-*"} for file in files]
    head = json.dumps({"configs": [{"config_name": config, "data_files": table}]})  # JSON is YAML
    (tmp_path / dataset / "README.md").write_text(f"---\n{head}\n---\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    hugging_face._load_from_hub.cache_clear()
    for source in (data_source("hf:"), data_source(f"hf:{tmp_path}")):  # the hub's copy by itself, and a mirror of it
        assert source.splits(spec) == available_splits(spec, official)
        for split in source.splits(spec):
            expected = {e.id: e for e in open_split(spec, split, official)}
            assert {e.id: e for e in open_split(spec, split, source)} == expected
    assert data_source("hf:").option == "hf:"
    hugging_face._load_from_hub.cache_clear()


def test_every_row_of_the_suites_names_its_usual_dataset() -> None:
    without = {spec.name for spec in task_specs.all_tasks() if not spec.hub}
    assert {name.partition("/")[0] for name in without} == {"wmt20", "wmt21", "wmt22", "wmt23", "wmt24"}


def rte(folder: Path, rows: list[dict[str, Any]], split: str = "validation") -> HuggingFaceData:
    """Writes RTE as JSON lines, and returns the source."""
    folder.mkdir(exist_ok=True)
    (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return HuggingFaceData(str(folder))


ROW = {"sentence1": "A", "sentence2": "B", "label": "not_entailment", "idx": 0}


def test_labels_may_be_names_and_other_columns_are_left_alone(tmp_path: Path) -> None:
    source = rte(tmp_path, [ROW | {"idx": 1, "extra": [1.5]}, ROW | {"label": "entailment", "extra": []}])
    found = list(open_split(task_specs.get("glue/rte"), "validation", source))
    assert [(e.id, e.features["label"]) for e in found] == [("0", 0), ("1", 1)]
    assert set(found[0].features) == {"sentence1", "sentence2", "label"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([ROW, ROW], "row 1: id 0 comes again"),
        ([ROW | {"label": "maybe"}], "row 0: unknown label 'maybe'; expected one of entailment, not_entailment"),
        ([ROW | {"label": 2}], "row 0: unknown label 2; expected one of 0 to 1"),
        ([ROW | {"label": -1}], "row 0: has no label; only a test split goes without"),
        ([ROW | {"sentence1": 5}], "row 0: sentence1 must be a text, got '5'"),
        ([ROW | {"idx": -4}], "row 0: idx must be a whole number from 0, got '-4'"),
        ([{"sentence1": "A", "label": 0, "idx": 0}], "row 0: has no sentence2"),
        ([ROW, ROW | {"idx": None}], "row 1: idx must be a whole number, got 'null'"),
    ],
)
def test_a_row_that_is_wrong_is_named(rows: list[dict[str, Any]], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        list(open_split(task_specs.get("glue/rte"), "validation", rte(tmp_path, rows)))
    assert message in str(raised.value)
    assert f"hf:{tmp_path} glue/rte validation: " in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\n", b"[1, 2]\n", b'{"sentence1": 1}\n{"sentence1": {}}\n'])
@pytest.mark.parametrize("name", ["validation.jsonl", "validation.parquet"])
def test_a_damaged_file_is_one_line(content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as raised:
        list(open_split(task_specs.get("glue/rte"), "validation", HuggingFaceData(str(tmp_path))))
    assert len(str(raised.value).splitlines()) == 1


def test_a_damaged_saved_dataset_is_one_line(official: Path, tmp_path: Path) -> None:
    spec = task_specs.get("super_glue/cb")
    save(spec, official, tmp_path / "saved", "disk")
    next((tmp_path / "saved/validation").glob("*.arrow")).write_bytes(b"nothing")
    with pytest.raises(DataError, match="the library datasets cannot read it"):
        list(open_split(spec, "validation", HuggingFaceData(str(tmp_path / "saved"))))
    (tmp_path / "saved/dataset_dict.json").write_text("[]")
    with pytest.raises(DataError, match="not what save_to_disk writes"):
        open_split(spec, "validation", HuggingFaceData(str(tmp_path / "saved")))


def test_what_is_not_there(tmp_path: Path) -> None:
    spec = task_specs.get("glue/rte")
    with pytest.raises(MissingFile, match=r"has no dataset of glue/rte; expected a dataset_dict\.json"):
        open_split(spec, "validation", HuggingFaceData(str(tmp_path)))
    source = rte(tmp_path, [ROW])
    with pytest.raises(MissingFile, match="glue/rte has no split test there; it has validation"):
        open_split(spec, "test", source)
    with pytest.raises(DataError, match="there is no such folder, and it is no name of a dataset"):
        open_split(spec, "test", data_source(f"hf:{tmp_path}/not/there"))
    own = dataclasses.replace(spec, name="mine/own", aliases=(), hub="")
    with pytest.raises(
        MissingFile, match="the row of mine/own names no dataset of the Hugging Face hub; name one with"
    ):
        open_split(own, "validation", data_source("hf:"))
    assert data_source("hf:").splits(own) == []


def test_rows_without_an_id_are_read_but_not_submitted(tmp_path: Path) -> None:
    row = {key: value for key, value in ROW.items() if key not in ("idx", "label")}
    source = rte(tmp_path, [row, row], "test")
    split = open_split(task_specs.get("glue/rte"), "test", source)
    assert [e.id for e in split] == ["0", "1"]
    assert any("has no ids: its rows are numbered as they come" in note for note in split.summary.notes)
    assert "the rows of glue/rte have no column 'idx'" in source.unsubmittable(task_specs.get("glue/rte"))
    (tmp_path / "predictions").mkdir()
    with pytest.raises(UserError, match=r"no glue submission was written: hf:.* have no column 'idx'"):
        submit("glue", tmp_path, source, tmp_path / "glue.zip", partial=True)
    assert "have no ids in a Hugging Face dataset" in source.unsubmittable(task_specs.get("wmt14/en-de"))


@pytest.mark.parametrize("form", ["disk", "parquet"])
def test_columns_that_would_be_fetched_are_left_out(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra column of images names an address, which the library asks when it decodes a row."""
    import pyarrow as pa
    import pyarrow.parquet

    rows = {"sentence": ["a", "b"], "label": [0, 1], "idx": [0, 1]}
    image = [{"bytes": b"x", "path": "http://127.0.0.1:9/x.png"}] * 2
    features = datasets.Features(
        sentence=datasets.Value("string"), label=datasets.ClassLabel(names=["unacceptable", "acceptable"]),
        idx=datasets.Value("int32"), picture=datasets.Image(), pictures=datasets.List(datasets.Image()),
    )  # fmt: skip
    table = pa.table({**rows, "picture": image, "pictures": [image] * 2})
    made = datasets.Dataset(table.cast(features.arrow_schema), fingerprint="x")
    assert isinstance(made.features["picture"], datasets.Image)
    folder = tmp_path / "glue" / "cola"
    if form == "disk":
        datasets.DatasetDict({"validation": made}).save_to_disk(str(folder))
    else:
        folder.mkdir(parents=True)
        pyarrow.parquet.write_table(made.data.table, folder / "validation.parquet")
    asked: list[Any] = []
    monkeypatch.setattr(datasets.Image, "decode_example", lambda *given, **named: asked.append(given))
    split = open_split(task_specs.get("glue/cola"), "validation", HuggingFaceData(str(tmp_path)))
    assert [(e.id, e.features["sentence"], e.features["label"]) for e in split] == [("0", "a", 0), ("1", "b", 1)]
    assert not asked


def test_a_split_that_was_saved_by_itself(tmp_path: Path) -> None:
    rows = {"sentence": ["a", "b"], "label": [0, 1], "idx": [0, 1]}
    made = datasets.Dataset.from_dict(rows, split="validation")
    made.save_to_disk(str(tmp_path / "one"))
    spec = task_specs.get("glue/cola")
    source = HuggingFaceData(str(tmp_path / "one"))
    assert source.splits(spec) == ["validation"]
    assert [e.features["sentence"] for e in open_split(spec, "validation", source)] == ["a", "b"]
    with pytest.raises(MissingFile, match="has no split test there; it has validation"):
        open_split(spec, "test", source)
    datasets.Dataset.from_dict(rows).save_to_disk(str(tmp_path / "none"))
    with pytest.raises(DataError, match="does not say which split it is"):
        HuggingFaceData(str(tmp_path / "none")).splits(spec)


def test_local_files_need_no_home(tmp_path: Path) -> None:
    rows = {"sentence": ["a", "b"], "label": [0, 1], "idx": [0, 1]}
    (tmp_path / "glue" / "cola").mkdir(parents=True)
    datasets.Dataset.from_dict(rows).to_parquet(str(tmp_path / "glue" / "cola" / "validation.parquet"))
    home = tmp_path / "file"  # in which nobody, root neither, may write
    home.write_text("")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "XDG_"))}
    program = (
        "import task_specs\nfrom t5eval.data import data_source, open_split\n"
        f"split = open_split(task_specs.get('glue/cola'), 'validation', data_source('hf:{tmp_path}'))\n"
        "print([e.features['sentence'] for e in split])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment | {"HOME": str(home / "x")}, capture_output=True, text=True
    )
    assert done.stdout == "['a', 'b']\n", done.stderr
