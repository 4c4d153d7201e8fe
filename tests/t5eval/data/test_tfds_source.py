"""Datasets that TensorFlow Datasets itself built of miniature archives hold the examples of the official files."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import DataSource, available_splits, open_split
from t5eval.data.tfds import TfdsData
from t5eval.data.tfds_build import build
from t5eval.submissions.submit import submit
from t5eval.support.errors import DataError, MissingFile
from task_specs import Example
from task_specs.support.errors import UserError

pytest.importorskip("tensorflow_datasets")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TASKS = [
    *(s.name for s in task_specs.all_tasks() if s.benchmark in ("glue", "super_glue")),
    *("squad/v1.1", "squad/v2.0", "cnn_dailymail", "dpr", "wmt14/en-de", "wmt15/fr-en"),
]
UNORDERED = ("dpr", "wmt14/en-de", "wmt14/de-en", "wmt15/fr-en", "wmt15/en-fr")


@pytest.fixture(scope="module")
def data(archives: Path, any_archive_will_do: None, tmp_path_factory: pytest.TempPathFactory) -> DataSource:
    source = TfdsData(tmp_path_factory.mktemp("tfds"))
    built = build([task_specs.get(name) for name in TASKS], archives, source)
    assert len(built) == len({task_specs.get(name).tfds for name in TASKS})
    assert all(one.new for one in built)
    return source


def texts(examples: list[Example]) -> list[str]:
    return sorted(json.dumps(e.features, sort_keys=True) for e in examples)


@pytest.mark.parametrize("name", [n for n in TASKS if n not in UNORDERED])
def test_examples_equal_the_official_files_id_by_id(name: str, data: DataSource, official: Path) -> None:
    spec = task_specs.get(name)
    splits = data.splits(spec)
    assert splits == available_splits(spec, official)
    for split in splits:
        copied, files = open_split(spec, split, data), open_split(spec, split, official)
        found, expected = list(copied), {e.id: e for e in files}
        assert len(expected) >= 6
        assert {e.id: e for e in found} == expected
        assert len(found) == len(expected)
        if spec.benchmark == "glue":
            assert found == list(expected.values())  # in the same order too
        assert copied.summary.labels == files.summary.labels
        assert copied.summary.examples == files.summary.examples
        [(shown, digest)] = copied.summary.files.items()
        version = {"glue": "2.0.0", "super_glue": "1.0.2", "squad": "3.0.0", "cnn_dailymail": "3.4.0"}[spec.benchmark]
        assert shown == f"tfds:{spec.tfds}/{version}/{split}"
        assert len(digest) == 64


@pytest.mark.parametrize("name", UNORDERED)
def test_rows_without_ids_are_numbered_as_they_come(name: str, data: DataSource, official: Path) -> None:
    spec = task_specs.get(name)
    for split in ("validation", "test") if name != "dpr" else ("train", "test"):
        copied = open_split(spec, split, data)
        found = list(copied)
        assert [e.id for e in found] == [str(i) for i in range(len(found))]
        assert list(copied) == found  # the same order each time
        if (name, split) != ("wmt15/en-fr", "test"):
            assert texts(found) == texts(list(open_split(spec, split, official)))
        assert any("has no ids: its rows are numbered as they come" in note for note in copied.summary.notes)
    if name != "dpr":
        assert "train" not in data.splits(spec)


def test_a_set_of_the_other_direction_is_named(data: DataSource) -> None:
    split = open_split(task_specs.get("wmt15/en-fr"), "test", data)
    assert all(e.features["en"].startswith("newsdiscusstest2015 fren en") for e in split)
    assert "newsdiscusstest2015 of the direction fren, turned round" in " ".join(split.summary.notes)
    own = open_split(task_specs.get("wmt15/fr-en"), "test", data)
    assert len(list(own)) == 7
    assert "turned round" not in " ".join(own.summary.notes)


def test_counts_other_than_the_official_ones_are_said(data: DataSource) -> None:
    split = open_split(task_specs.get("super_glue/cb"), "validation", data)
    list(split)
    assert split.summary.notes == ["super_glue/cb validation has 14 examples here, officially 56"]


def test_submit_refuses_a_source_that_has_lost_the_order(data: DataSource, tmp_path: Path) -> None:
    path = tmp_path / "predictions/wmt14/en-de/test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps({"id": str(i), "prediction": "x"}) + "\n" for i in range(7)))
    with pytest.raises(UserError, match=r"wmt14/en-de have no ids in TensorFlow Datasets, which keeps them in"):
        submit("wmt", tmp_path, data, tmp_path / "out.txt", official_counts=False)
    assert not (tmp_path / "out.txt").exists()


def test_submit_refuses_a_version_without_ids(data: TfdsData, tmp_path: Path) -> None:
    import tensorflow_datasets as tfds

    rows = [{"article": f"A {i}", "highlights": "H"} for i in range(5)]
    features = tfds.features.FeaturesDict({name: tfds.features.Text() for name in rows[0]})
    old = TfdsData(tmp_path / "tfds")
    tfds.dataset_builders.store_as_tfds_dataset(
        name="cnn_dailymail",
        version="3.1.0",
        data_dir=old.folder,
        features=features,
        split_datasets={"test": list(enumerate(rows))},
    )
    spec = task_specs.get("cnn_dailymail")
    assert [e.id for e in open_split(spec, "test", old)] == ["0", "1", "2", "3", "4"]
    assert "the rows of cnn_dailymail have no ids" in old.unsubmittable(spec)
    assert data.unsubmittable(spec) == ""


def test_a_submission_is_the_same_from_either_source(data: DataSource, official: Path, tmp_path: Path) -> None:
    for name in task_specs.BENCHMARKS["super_glue"].tasks:
        spec = task_specs.get(name)
        path = tmp_path / f"predictions/{name}/test.jsonl"
        path.parent.mkdir(parents=True)
        answers = spec.answer.choices or ("Bob",)
        ids = [e.id for e in open_split(spec, "test", official)]
        records = [{"id": i, "prediction": answers[n % len(answers)]} for n, i in enumerate(ids)]
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
    written = [
        submit("super_glue", tmp_path, source, tmp_path / f"{name}.zip", fill=["super_glue/wsc=True"],
               official_counts=False).files
        for name, source in (("tfds", data), ("files", official))
    ]  # fmt: skip
    assert written[0] == written[1]


def _as_version(data: TfdsData, folder: Path, version: str) -> TfdsData:
    """Returns a copy of RTE in which it says that it is of another version."""
    target = folder / "glue/rte" / version
    shutil.copytree(data.folder / "glue/rte/2.0.0", target)
    path = target / "dataset_info.json"
    path.write_text(path.read_text().replace('"version": "2.0.0"', f'"version": "{version}"'))
    return TfdsData(folder)


def test_an_older_version_opens_and_is_recorded(data: TfdsData, tmp_path: Path) -> None:
    spec = task_specs.get("glue/rte")
    old = open_split(spec, "validation", _as_version(data, tmp_path, "1.0.0"))
    new = open_split(spec, "validation", data)
    assert list(old) == list(new)
    assert list(old.summary.files) == ["tfds:glue/rte/1.0.0/validation"]
    assert list(old.summary.files.values()) == list(new.summary.files.values())  # the same examples
    assert old.summary.fingerprint != new.summary.fingerprint
    both = _as_version(data, tmp_path, "10.0.0")
    list(newest := open_split(spec, "validation", both))
    assert list(newest.summary.files) == ["tfds:glue/rte/10.0.0/validation"]


def test_what_is_not_prepared(tmp_path: Path, data: TfdsData) -> None:
    spec = task_specs.get("glue/rte")
    empty = TfdsData(tmp_path)
    assert empty.splits(spec) == []
    with pytest.raises(MissingFile, match=r"glue/rte: not prepared; `t5eval data build --manual-dir DIR .* glue/rte`"):
        open_split(spec, "validation", empty)
    with pytest.raises(MissingFile, match=r"has no split train, which wmt14/en-de needs; it has validation, test"):
        open_split(task_specs.get("wmt14/en-de"), "train", data)
    with pytest.raises(MissingFile, match="TensorFlow Datasets has no glue/rte"):
        open_split(replace(spec, tfds=None), "validation", empty)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: (p / "dataset_info.json").write_text("[]"), "not the information file"),
        (lambda p: (p / "dataset_info.json").write_text('{"splits": 3}'), "not the information file"),
        (lambda p: (p / "features.json").write_text("{}"), "TensorFlow Datasets cannot read its split validation"),
        (lambda p: (p / "features.json").write_text("{"), "features.json: not the features of a prepared dataset"),
        (lambda p: (p / "features.json").unlink(), "features.json: cannot be read"),
        (lambda p: next(p.glob("*validation*")).write_bytes(b"\0" * 99), "cannot read its split validation"),
        (lambda p: next(p.glob("*validation*")).unlink(), "cannot read its split validation"),
    ],
)
def test_a_damaged_dataset_is_one_line(damage: Any, message: str, data: TfdsData, tmp_path: Path) -> None:
    shutil.copytree(data.folder / "glue/rte/2.0.0", tmp_path / "glue/rte/2.0.0")
    damage(tmp_path / "glue/rte/2.0.0")
    with pytest.raises(DataError, match=message) as raised:
        list(open_split(task_specs.get("glue/rte"), "validation", TfdsData(tmp_path)))
    assert len(str(raised.value).splitlines()) == 1


def test_a_dataset_of_another_task_is_refused(data: TfdsData, tmp_path: Path) -> None:
    shutil.copytree(data.folder / "glue/cola", tmp_path / "glue/rte")
    with pytest.raises(DataError, match=r"rte/2\.0\.0 validation: row 0: has no sentence1"):
        list(open_split(task_specs.get("glue/rte"), "validation", TfdsData(tmp_path)))
    shutil.copytree(data.folder / "glue/cola", tmp_path / "glue/sst2")
    with pytest.raises(DataError, match=r"row 0: unknown label '(un)?acceptable'; expected one of negative, positive"):
        list(open_split(task_specs.get("glue/sst2"), "validation", TfdsData(tmp_path)))


def test_building_again_builds_nothing(data: TfdsData, archives: Path) -> None:
    [built] = build([task_specs.get("glue/rte")], archives, data)
    assert not built.new
    assert built.sizes == {"train": 660, "validation": 80, "test": 80}


@pytest.mark.parametrize("key", ["pythonClassName", "python_class_name", "type"])
def test_a_class_that_a_folder_names_is_not_imported(
    key: str, data: TfdsData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow Datasets imports whatever module `features.json` names, from anywhere on the path."""
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').write('x')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "data/glue/rte/2.0.0"
    shutil.copytree(data.folder / "glue/rte/2.0.0", folder)
    features = json.loads((folder / "features.json").read_text())
    idx = features["featuresDict"]["features"]["idx"]
    idx.pop("pythonClassName")
    idx[key] = "evil_module.Feature"
    (folder / "features.json").write_text(json.dumps(features))
    with pytest.raises(DataError, match=r"features.json: names the class 'evil_module.Feature'"):
        list(open_split(task_specs.get("glue/rte"), "validation", TfdsData(tmp_path / "data")))
    assert not (tmp_path / "ran").exists()


def test_a_class_that_stands_twice_is_not_imported(data: TfdsData, tmp_path: Path) -> None:
    folder = tmp_path / "data/glue/rte/2.0.0"
    shutil.copytree(data.folder / "glue/rte/2.0.0", folder)
    text = (folder / "features.json").read_text()
    twice = text.replace('"pythonClassName"', '"pythonClassName": "evil_module.Feature", "pythonClassName"', 1)
    assert twice != text
    (folder / "features.json").write_text(twice)
    with pytest.raises(DataError, match="'pythonClassName' stands twice"):
        list(open_split(task_specs.get("glue/rte"), "validation", TfdsData(tmp_path / "data")))
