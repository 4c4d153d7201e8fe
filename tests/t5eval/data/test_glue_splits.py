"""Splits of GLUE: what they join, what they know of themselves, what is there of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import task_specs
from t5eval.data import OfficialFiles, available_splits, data_source, open_split
from t5eval.support.errors import DataError, MissingFile
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import QQP, RTE, opened, put, read


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    rte = task_specs.get("glue/rte")
    with pytest.raises(
        MissingFile, match=r"glue/RTE/dev\.tsv: no such file; glue/rte needs it for its validation split"
    ):
        open_split(rte, "validation", tmp_path)
    (tmp_path / "glue/RTE/dev.tsv").mkdir(parents=True)
    with pytest.raises(MissingFile, match="no such file"):
        open_split(rte, "validation", tmp_path)
    with pytest.raises(UserError, match=r"glue/rte has no split 'dev'; it has train, validation, test\."):
        open_split(rte, "dev", tmp_path)
    with pytest.raises(UserError, match=r"glue/ax has no split 'validation'; it has test\."):
        open_split(task_specs.get("glue/ax"), "validation", tmp_path)


def test_a_file_that_goes_while_it_is_read(tmp_path: Path) -> None:
    split = opened(tmp_path, "rte", "validation", RTE + b"0\tA.\tB.\tentailment\n")
    (tmp_path / "glue/RTE/dev.tsv").unlink()
    with pytest.raises(DataError, match=r"dev\.tsv: cannot be read: No such file"):
        list(split)


def test_mnli_joins_its_halves(tmp_path: Path) -> None:
    header = "index\tsentence1\tsentence2\tgold_label\n"
    put(tmp_path, "MNLI/dev_matched.tsv", f"{header}0\tP.\tH.\tneutral\n1\tQ.\tI.\tentailment\n".encode())
    put(tmp_path, "MNLI/dev_mismatched.tsv", f"{header}0\tR.\tJ.\tcontradiction\n".encode())
    split = open_split(task_specs.get("glue/mnli"), "validation", tmp_path)
    assert [(e.id, e.features["premise"], e.features["label"]) for e in split] == [
        ("matched/0", "P.", 1),
        ("matched/1", "Q.", 0),
        ("mismatched/0", "R.", 2),
    ]
    assert list(split.summary.files) == ["glue/MNLI/dev_matched.tsv", "glue/MNLI/dev_mismatched.tsv"]
    (tmp_path / "glue/MNLI/dev_mismatched.tsv").unlink()
    with pytest.raises(MissingFile, match=r"dev_mismatched\.tsv"):
        open_split(task_specs.get("glue/mnli"), "validation", tmp_path)


def test_a_reversed_test_file_is_refused(tmp_path: Path) -> None:
    header, *rows = ["index\tsentence1\tsentence2", *(f"{i}\tP{i}.\tH." for i in range(3000))]
    sound = "\n".join([header, *rows]).encode()
    assert [example.id for example in opened(tmp_path, "rte", "test", sound)] == [str(i) for i in range(3000)]
    with pytest.raises(DataError, match=r"RTE/test\.tsv: line 2: its index '2999' comes too early;.* expected 0\."):
        list(opened(tmp_path, "rte", "test", "\n".join([header, *reversed(rows)]).encode()))


AX = b"index\tsentence1\tsentence2\n0\tP.\tH.\n1\tQ.\tI.\n"
AX_FULL = b"Lexical Semantics\tPremise\tHypothesis\tLabel\nx\tP.\tH.\tneutral\n\tQ.\tI.\tentailment\n"


def test_the_labels_of_ax_are_for_scoring_only(tmp_path: Path) -> None:
    put(tmp_path, "diagnostic/diagnostic-full.tsv", AX_FULL)
    assert [f["label"] for _, f in read(tmp_path, "ax", "test", AX)] == [-1, -1]
    assert [f["label"] for _, f in read(tmp_path, "ax", "test", AX, with_labels=True)] == [1, 0]
    split = opened(tmp_path, "ax", "test", AX, with_labels=True)
    list(split)
    assert set(split.summary.files) == {"glue/diagnostic/diagnostic.tsv", "glue/diagnostic/diagnostic-full.tsv"}
    assert split.summary.labels == {"neutral": 1, "entailment": 1}


def test_ax_without_the_file_of_labels_is_unlabelled(tmp_path: Path) -> None:
    assert [f["label"] for _, f in read(tmp_path, "ax", "test", AX, with_labels=True)] == [-1, -1]


@pytest.mark.parametrize(
    ("full", "line", "message"),
    [
        (AX_FULL.replace(b"Q.\tI.", b"Q!\tI."), 3, "its premise 'Q!' is not that of"),
        (AX_FULL.replace(b"P.\tH.", b"P.\tG."), 2, "its hypothesis 'G.' is not that of"),
        (AX_FULL[: AX_FULL.index(b"\tQ.")], 3, "the file ends after the labels of 1 examples"),
        (AX_FULL + b"\tR.\tJ.\tentailment\n", 4, "the file goes on after the labels of 2 examples"),
        (AX_FULL.replace(b"neutral", b"maybe"), 2, "unknown label 'maybe'"),
        (AX_FULL.replace(b"Label", b"label"), 1, "the header has no column 'Label'"),
        (AX_FULL.replace(b"x\tP.", b"P."), 2, "expected 4 columns, got 3"),
        (AX_FULL[:40], 2, "the file ends after the labels of 0 examples"),
        (b"", 2, "the file ends after the labels of 0 examples"),
        (AX_FULL.replace(b"neutral", b"neutr\xe4l"), 2, "not UTF-8"),
    ],
)
def test_faulty_labels_of_ax(tmp_path: Path, full: bytes, line: int, message: str) -> None:
    path = put(tmp_path, "diagnostic/diagnostic-full.tsv", full)
    with pytest.raises(DataError) as caught:
        read(tmp_path, "ax", "test", AX, with_labels=True)
    assert str(caught.value).startswith(f"{path}: line {line}: ")
    assert message in str(caught.value)
    assert len(read(tmp_path, "ax", "test", AX)) == 2  # the text does not suffer


def test_the_summary(tmp_path: Path) -> None:
    content = QQP + b"1\t2\t3\tWhy?\tHow?\t1\n4\t5\t6\t\tHow?\t0\n7\t8\t9\tWho?\tWhen?\t0\n"
    split = opened(tmp_path, "qqp", "validation", content)
    assert split.summary.examples == 0  # nothing has been read yet
    for _ in range(2):  # reading again counts anew
        assert len(list(split)) == 2
        assert split.summary.to_json() == {
            "sha256": split.summary.fingerprint,
            "files": {"glue/QQP/dev.tsv": hashlib.sha256(content).hexdigest()},
            "examples": 2,
            "dropped": 1,
            "labels": {"duplicate": 1, "not_duplicate": 1},
            "notes": [
                "glue/QQP/dev.tsv: 1 rows with an empty or missing field dropped (lines 3)",
                "glue/qqp validation has 2 examples here, officially 40,430",
            ],
        }
    before = split.summary.fingerprint
    other = opened(tmp_path, "qqp", "validation", content.replace(b"Why", b"Why "))
    list(other)
    assert other.summary.fingerprint != before


def test_many_dropped_rows_are_not_all_listed(tmp_path: Path) -> None:
    split = opened(tmp_path, "qqp", "validation", QQP + b"1\t2\t3\tWhy?\tHow?\t1\n" + b"\t\t\t\t\t0\n" * 7)
    list(split)
    assert split.summary.notes[0].endswith("7 rows with an empty or missing field dropped (lines 3, 4, 5, 6, 7, ...)")


def test_the_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        DataError, match=r"no data: name the folder that holds glue/ .*--data-dir DIR or T5EVAL_DATA_DIR"
    ):
        data_source(None).splits(task_specs.get("glue/rte"))
    with pytest.raises(DataError, match=r"--data-dir .*absent: there is no such folder"):
        data_source(str(tmp_path / "absent"))
    monkeypatch.setenv("T5EVAL_DATA_DIR", str(tmp_path))
    assert data_source(None) == OfficialFiles(tmp_path)
    assert data_source(str(tmp_path / ".")) == OfficialFiles(tmp_path)


def test_available_splits(tmp_path: Path) -> None:
    rte, mnli = task_specs.get("glue/rte"), task_specs.get("glue/mnli")
    assert available_splits(rte, tmp_path) == []
    for name in ("RTE/test.tsv", "RTE/train.tsv", "MNLI/dev_mismatched.tsv"):
        put(tmp_path, name, b"")
    assert available_splits(rte, tmp_path) == ["train", "test"]
    assert available_splits(mnli, tmp_path) == ["validation"]  # one half is there: asking for it says what is missing


def test_real_files_have_their_official_sizes(shared_data: Path) -> None:
    complete = 0
    for spec in task_specs.all_tasks():
        for split in available_splits(spec, shared_data) if spec.benchmark == "glue" else []:
            if spec.name == "glue/qqp":
                continue  # a sample
            found = open_split(spec, split, shared_data, with_labels=True)
            assert len(list(found)) == spec.sizes[split]
            assert found.summary.notes == []
            assert found.summary.dropped == 0
            complete += 1
    assert complete > 20
