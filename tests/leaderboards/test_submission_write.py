"""Writing a GLUE submission: its exact content, refusals, and that nothing half-written is left."""

from __future__ import annotations

import errno
import os
import random
import stat
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

import leaderboards
import task_specs
from leaderboards import SpecError
from leaderboards.values import submission_of
from task_specs import ClassFile, UserError, plugins

GLUE = leaderboards.get("glue")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_get_knows_the_leaderboards(monkeypatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(plugins, "_loaders", [lambda: loaded.append("plugins") or ()])
    assert set(leaderboards.names()) == {"glue", "super_glue", "squad", "wmt", "cnn_dailymail"}
    assert loaded == ["plugins"]
    assert leaderboards.get("glue").name == "glue"
    with pytest.raises(SpecError, match=r"unknown leaderboard 'gleu'\. Did you mean 'glue'\?"):
        leaderboards.get("gleu")
    with pytest.raises(SpecError, match="leaderboard 'glue' is already there"):
        leaderboards.register(GLUE)
    assert leaderboards.of_task(task_specs.get("glue/rte")) is GLUE
    assert leaderboards.of_task(task_specs.get("dpr")) is None


def test_the_eleven_files_with_their_official_vocabulary_and_rows() -> None:
    # From the table in the GLUE paper's leaderboard instructions: file, rows, what may stand in it.
    two, three = ("entailment", "not_entailment"), ("entailment", "neutral", "contradiction")
    expected = {
        "CoLA.tsv": (1063, ("0", "1")),
        "SST-2.tsv": (1821, ("0", "1")),
        "MRPC.tsv": (1725, ("0", "1")),
        "STS-B.tsv": (1379, (0.0, 5.0, 3)),
        "QQP.tsv": (390965, ("0", "1")),
        "MNLI-m.tsv": (9796, three),
        "MNLI-mm.tsv": (9847, three),
        "QNLI.tsv": (5463, two),
        "RTE.tsv": (3000, two),
        "WNLI.tsv": (146, ("0", "1")),
        "AX.tsv": (1104, three),
    }
    found = {}
    for spec in GLUE.tasks:
        file = submission_of(spec)
        values = file.labels if isinstance(file, ClassFile) else (file.low, file.high, file.decimals)
        found[file.file] = (len(GLUE.ids(spec)), values)
    assert found == expected
    assert sum(rows for rows, _ in found.values()) == 426_309


def test_content(tmp_path, answers, files) -> None:
    written = GLUE.write(tmp_path / "out.zip", answers)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == list(files)
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert written.files == {name: data.count(b"\n") - 1 for name, data in files.items()}
    assert written.clipped == {"STS-B.tsv": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_the_zip_depends_on_the_answers_alone(tmp_path, answers) -> None:
    first = GLUE.write(tmp_path / "a.zip", answers)
    shuffled = list(answers)
    random.Random(1).shuffle(shuffled)
    again = {task: dict(reversed(answers[task].items())) for task in shuffled}
    mask = os.umask(0o077)
    try:
        second = GLUE.write(tmp_path / "other name", again)
    finally:
        os.umask(mask)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "other name").read_bytes()
    assert first == second
    answers["glue/rte"]["0"] = 0
    assert GLUE.write(tmp_path / "a.zip", answers).sha256 != first.sha256


def test_every_entry_is_a_plain_file_without_a_time(tmp_path, answers) -> None:
    GLUE.write(tmp_path / "out.zip", answers)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        for info in archive.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr == (stat.S_IFREG | 0o644) << 16
            assert (info.create_system, info.compress_type) == (3, zipfile.ZIP_DEFLATED)
            assert (info.extra, info.comment, info.flag_bits) == (b"", b"", 0)
        assert archive.comment == b""


def test_sha256_is_that_of_the_zip(tmp_path, answers) -> None:
    import hashlib

    written = GLUE.write(tmp_path / "out.zip", answers)
    assert written.sha256 == hashlib.sha256((tmp_path / "out.zip").read_bytes()).hexdigest()


def test_a_folder_gets_separate_files(tmp_path, answers, files) -> None:
    written = GLUE.write(tmp_path, answers)
    assert tree(tmp_path) == files
    # The output of `sha256sum CoLA.tsv SST-2.tsv ... AX.tsv | sha256sum`, made once on the literal files.
    assert written.sha256 == "ccb571dbc7199f41a96e980c2ce2e5bc17d7809e03df24aa48cb07cc02f2fc7f"
    assert GLUE.write(tmp_path, answers) == written


def test_a_folder_with_older_files_is_not_mixed(tmp_path, answers) -> None:
    GLUE.write(tmp_path, answers)
    before = tree(tmp_path)
    del answers["glue/ax"], answers["glue/wnli"]
    with pytest.raises(UserError, match=r"holds WNLI.tsv, AX.tsv, which these answers do not replace"):
        GLUE.write(tmp_path, answers)
    assert tree(tmp_path) == before


def test_tasks_that_are_not_given_are_left_out(tmp_path) -> None:
    written = GLUE.write(tmp_path / "out.zip", {"glue/rte": {"0": 0}})
    assert written.files == {"RTE.tsv": 1}
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["RTE.tsv"]


@pytest.mark.parametrize(
    ("value", "text", "clips"),
    [
        (0, "0.000", 0),
        (-0.0, "0.000", 0),
        (-1e-9, "0.000", 1),
        (5, "5.000", 0),
        (5.0000001, "5.000", 1),
        (4.9996, "5.000", 0),
        (2.0005, "2.001", 0),  # in binary it lies above the half
        (1e-400, "0.000", 0),
        (10**400, "5.000", 1),
        (-(10**400), "0.000", 1),
        (np.float32(3.14159), "3.142", 0),
        (np.int64(7), "5.000", 1),
    ],
)
def test_numbers(tmp_path, value, text, clips) -> None:
    written = GLUE.write(tmp_path, {"glue/stsb": {"0": value}})
    assert (tmp_path / "STS-B.tsv").read_text() == f"index\tprediction\n0\t{text}\n"
    assert written.clipped == ({"STS-B.tsv": 1} if clips else {})


def test_a_class_may_be_a_numpy_integer(tmp_path) -> None:
    GLUE.write(tmp_path, {"glue/ax": {"0": np.int64(2)}})
    assert (tmp_path / "AX.tsv").read_text() == "index\tprediction\n0\tcontradiction\n"


def test_rows_ascend_as_numbers(tmp_path) -> None:
    GLUE.write(tmp_path, {"glue/cola": {str(row): 0 for row in (10, 9, 100, 0, 2)}})
    assert [line.split("\t")[0] for line in (tmp_path / "CoLA.tsv").read_text().splitlines()[1:]] == [
        *("0", "2", "9", "10", "100")
    ]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"glue/rte": {"0": 0, "7": -1}}, r"glue/rte, id '7': a class is a whole number from 0 to 1, got '-1'"),
        ({"glue/rte": {"7": 2}}, r"glue/rte, id '7': a class is a whole number from 0 to 1, got '2'"),
        ({"glue/rte": {"7": 0.0}}, r"glue/rte, id '7': a class is a whole number"),
        ({"glue/rte": {"7": None}}, r"glue/rte, id '7': a class is a whole number from 0 to 1, got 'None'"),
        ({"glue/rte": {"7": "entailment"}}, r"glue/rte, id '7': a class is a whole number"),
        ({"glue/stsb": {"7": float("nan")}}, r"glue/stsb, id '7': the number is not finite: nan"),
        ({"glue/stsb": {"7": float("-inf")}}, r"glue/stsb, id '7': the number is not finite: -inf"),
        ({"glue/stsb": {"7": np.float32("nan")}}, r"glue/stsb, id '7': the number is not finite: nan"),
        ({"glue/stsb": {"7": "3.5"}}, r"glue/stsb, id '7': expected a number"),
        ({"glue/stsb": {"7": None}}, r"glue/stsb, id '7': expected a number, got 'None'"),
        ({"glue/stsb": {"7": True}}, r"glue/stsb, id '7': expected a number"),
        ({"glue/rte": {"07": 0}}, r"glue/rte, id '07': not the row number"),
        ({"glue/rte": {"matched/7": 0}}, r"glue/rte, id 'matched/7': not the row number"),
        ({"glue/rte": {}}, r"glue/rte: no answers for RTE.tsv"),
        ({}, r"glue: there are no answers to write"),
        ({"glue/mnli": {"0": 0}}, r"'glue/mnli' is not a task of leaderboard 'glue'. Did you mean 'glue/"),
    ],
)
def test_refusals_leave_nothing(tmp_path, answers, message) -> None:
    with pytest.raises(UserError, match=message):
        GLUE.write(tmp_path / "new" / "out.zip", answers)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("into_folder", [False, True])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_files_and_nothing_else(tmp_path, monkeypatch, answers, call, into_folder) -> None:
    out = tmp_path if into_folder else tmp_path / "out.zip"
    GLUE.write(out, answers)
    before = tree(tmp_path)
    answers["glue/rte"]["0"] = 0

    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        GLUE.write(out, answers)
    assert tree(tmp_path) == before


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch, answers) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        GLUE.write(tmp_path / "out.zip", answers)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_to(tmp_path, answers) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.zip").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for out, message in [
        ("file/out.zip", "cannot be written"),
        ("folder.zip", "is no regular file and is not replaced"),
        ("pipe", "is no regular file and is not replaced"),
        ("n" * 300 + ".zip", "cannot be written: File name too long"),
    ]:
        with pytest.raises(UserError, match=message):
            GLUE.write(tmp_path / out, answers)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.zip", "pipe"]


def test_a_zip_says_nothing_of_when_and_by_whom(tmp_path, answers) -> None:
    GLUE.write(tmp_path / "out.zip", answers)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        said = {(i.date_time, i.create_system, i.external_attr, i.compress_type) for i in archive.infolist()}
    assert said == {((1980, 1, 1, 0, 0, 0), 3, 0o100644 << 16, zipfile.ZIP_DEFLATED)}


def test_an_unwritable_folder(answers) -> None:
    """Root may write anywhere, so that it becomes nobody meanwhile; whom pytest's own folders are closed to."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        locked = Path(folder) / "locked"
        locked.mkdir(mode=0o555)
        GLUE.write(Path(folder) / "out.zip", answers)
        try:
            os.seteuid(user or 65_534)
            with pytest.raises(UserError, match=r"locked/out.zip: cannot be written: Permission denied"):
                GLUE.write(locked / "out.zip", answers)
        finally:
            os.seteuid(user)
        assert list(locked.iterdir()) == []


def test_the_longest_name_a_folder_takes(tmp_path, answers) -> None:
    name = "n" * 251 + ".zip"
    GLUE.write(tmp_path / name, answers)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_relative_paths_and_missing_folders(tmp_path, monkeypatch, answers, ids) -> None:
    monkeypatch.chdir(tmp_path)
    GLUE.write(Path("a/b/out.zip"), answers)
    assert tree(tmp_path).keys() == {"a/b/out.zip"}
    monkeypatch.chdir(tmp_path / "a")
    assert GLUE.check(Path("b/out.zip"), ids).fault_count == 0
    GLUE.write(Path("."), answers)
    assert GLUE.check(Path("."), ids).status == "valid for this data, not for the leaderboard"
    assert GLUE.check(Path("RTE.tsv"), ids).status == "partial"


def test_the_file_is_readable_as_others_are(tmp_path, answers) -> None:
    mask = os.umask(0o022)
    try:
        GLUE.write(tmp_path / "out.zip", answers)
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "out.zip").stat().st_mode) == 0o644


def test_reading_back_gives_the_answers(tmp_path, answers, ids) -> None:
    GLUE.write(tmp_path / "out.zip", answers)
    expected = {task: dict(values) for task, values in answers.items()}
    expected["glue/stsb"] = {"0": 0.0, "1": 5.0, "2": 2.6, "3": 3.142}
    assert GLUE.read(tmp_path / "out.zip", ids) == expected
    del answers["glue/ax"]
    GLUE.write(tmp_path / "out.zip", answers)
    del expected["glue/ax"]
    assert GLUE.read(tmp_path / "out.zip", ids) == expected


def test_reading_refuses_faults(tmp_path, answers) -> None:
    GLUE.write(tmp_path / "out.zip", answers)
    # Without the miniature's ids these are the leaderboard's files with nearly all rows missing.
    message = (
        r"out.zip: CoLA.tsv: 1,060 of 1,063 indexes are missing: 3, 4, 5, 6, 7, ... \(and 10 more\); `t5eval check"
    )
    with pytest.raises(UserError, match=message):
        GLUE.read(tmp_path / "out.zip")
