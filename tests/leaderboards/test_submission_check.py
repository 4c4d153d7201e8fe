"""Checking GLUE submissions: each fault with its file and line, and the verdicts."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import leaderboards
from leaderboards import Fault, Verdict
from leaderboards.values import submission_of
from leaderboards.verdict import FileFaults, first_few
from task_specs import ClassFile, UserError, get

GLUE = leaderboards.get("glue")
HEAD = b"index\tprediction\n"


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip with every row that the leaderboard wants, random answers."""
    chance = random.Random(0)
    answers = {}
    for spec in GLUE.tasks:
        file = submission_of(spec)
        labels = len(file.labels) if isinstance(file, ClassFile) else 6
        answers[spec.name] = {row: chance.randrange(labels) for row in GLUE.ids(spec)}
    path = tmp_path_factory.mktemp("official") / "glue.zip"
    GLUE.write(path, answers)
    return path


def test_a_full_submission_is_valid_without_the_data(official) -> None:
    verdict = GLUE.check(official)
    assert (verdict.status, verdict.faults, verdict.absent, verdict.notes) == ("valid", (), (), ())
    assert sum(verdict.files.values()) == 426_309
    assert verdict.files["QQP.tsv"] == 390_965
    assert leaderboards.lines(verdict) == ["valid"]


def test_ids_of_the_official_size_do_not_change_the_verdict(official) -> None:
    ids = {spec.name: GLUE.ids(spec) for spec in GLUE.tasks if spec.name != "glue/qqp"}
    assert GLUE.check(official, ids).status == "valid"
    ids["glue/wnli"] = [str(row) for row in range(147)]
    verdict = GLUE.check(official, ids)
    assert verdict.faults == (Fault("WNLI.tsv", None, "1 of 147 indexes are missing: 146"),)


def test_checking_imports_nothing_heavy(official) -> None:
    code = (
        "import sys, pathlib, leaderboards\n"
        "print(leaderboards.get('glue').check(pathlib.Path(sys.argv[1])).status)\n"
        "print([name for name in ('numpy', 'tensorflow', 't5eval', 'keras_model') if name in sys.modules])"
    )
    root = Path(leaderboards.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code, official], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["valid", "[]", ""]


def test_miniature_data_is_not_the_leaderboards(zipped, files, ids) -> None:
    verdict = GLUE.check(zipped(files), ids)
    assert verdict.status == "valid for this data, not for the leaderboard"
    assert verdict.files == {name: data.count(b"\n") - 1 for name, data in files.items()}
    assert verdict.notes[0] == "CoLA.tsv: 3 rows in this data; the leaderboard has 1,063"
    assert len(verdict.notes) == 11
    assert leaderboards.lines(verdict)[-1] == "valid for this data, not for the leaderboard"


def test_absent_files_make_it_partial(zipped, files, ids) -> None:
    del files["WNLI.tsv"], files["CoLA.tsv"]
    verdict = GLUE.check(zipped(files), ids)
    assert (verdict.status, verdict.absent) == ("partial", ("CoLA.tsv", "WNLI.tsv"))
    assert leaderboards.lines(verdict)[-1] == "partial: CoLA.tsv, WNLI.tsv absent"


def test_folder_and_single_file(tmp_path, files, ids) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert GLUE.check(tmp_path, ids).status == "valid for this data, not for the leaderboard"
    verdict = GLUE.check(tmp_path / "RTE.tsv", ids)
    assert (verdict.status, verdict.files, len(verdict.absent)) == ("partial", {"RTE.tsv": 3}, 10)


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"2\tentailment\n0\tnot_entailment\n1\tentailment\n",
        b"index\tprediction\r\n0\tnot_entailment\r\n1\tentailment\r\n2\tentailment\r\n",
        HEAD + b"0\tnot_entailment\n1\tentailment\r\n2\tentailment",
    ],
    ids=["any order", "CRLF", "no last newline"],
)
def test_forms_that_are_accepted(zipped, ids, data) -> None:
    path = zipped({"RTE.tsv": data})
    verdict = GLUE.check(path, ids)
    assert (verdict.faults, verdict.status, verdict.files) == ((), "partial", {"RTE.tsv": 3})
    assert GLUE.read(path, ids) == {"glue/rte": {"0": 1, "1": 0, "2": 0}}


TAIL = b"1\tentailment\n2\tentailment\n"
RTE_FAULTS = [
    (b"", [(None, "is empty")]),
    (b" \n\n", [(None, "is empty")]),
    (b"\xef\xbb\xbf\n", [(None, "is empty")]),
    (HEAD, [(None, "3 of 3 indexes are missing: 0, 1, 2")]),
    (HEAD + TAIL, [(None, "1 of 3 indexes are missing: 0")]),
    (b"0\tentailment\n" + TAIL, [(1, r"'index\tprediction', got '0\tentailment'; the file has no header")]),
    (b"id\tlabel\n0\tentailment\n" + TAIL, [(1, r"expected the header 'index\tprediction', got 'id\tlabel'")]),
    (b"Index\tPrediction\n0\tentailment\n" + TAIL, [(1, "expected the header")]),
    (b"\xef\xbb\xbf" + HEAD + b"0\tentailment\n" + TAIL, [(1, "begins with a byte order mark")]),
    (HEAD.decode().encode("utf-16"), [(1, "not UTF-8 but UTF-16")]),
    (HEAD + b"0\tentailment\n1\tentail\xe4\n2\tentailment\n", [(3, "not UTF-8 (byte 0xe4)")]),
    (HEAD + b"0\xed\xa0\x80\tentailment\n" + TAIL, [(2, "not UTF-8")]),  # half a surrogate pair
    (HEAD + b"0\tentailment\n\n" + TAIL, [(3, "blank line")]),
    (HEAD + b"0\tentailment\n" + TAIL + b"\n", [(5, "blank line")]),
    (HEAD + b"0\tentailment\n" + TAIL + b" \t \n", [(5, "blank line")]),
    (HEAD + b"0\tentailment\t0.9\n" + TAIL, [(2, "columns (index, prediction) with a tab between them, got 3")]),
    (HEAD + b"0\n" + TAIL, [(2, "got 1: '0'")]),
    (HEAD + b"0,entailment\n" + TAIL, [(None, "1 of 3 indexes are missing: 0"), (2, "got 1: '0,entailment'")]),
    (HEAD + b"0\tentailment\n" + TAIL + b"3\tentailment\n", [(5, "index '3' is unknown; the 3 indexes run from 0 to")]),
    (HEAD + b"0\tentailment\n" + TAIL + b"-1\tentailment\n", [(5, "index '-1' is not a whole number")]),
    (HEAD + b"0.0\tentailment\n" + TAIL, [(None, "1 of 3"), (2, "index '0.0' is not a whole number in plain digits")]),
    (HEAD + b" 0\tentailment\n" + TAIL, [(None, "1 of 3"), (2, "index ' 0' is not a whole number in plain digits")]),
    (HEAD + b"00\tentailment\n" + TAIL, [(None, "1 of 3"), (2, "index '00' is not a whole number in plain digits")]),
    (HEAD + "٠\tentailment\n".encode() + TAIL, [(None, "1 of 3"), (2, "index '٠' is not a whole number")]),
    (HEAD + b"9" * 5000 + b"\tentailment\n" + TAIL, [(None, "1 of 3"), (2, "is not a whole number")]),
    (HEAD + b"0\tentailment\n" + TAIL + b"1\tentailment\n", [(5, "index 1 comes again; it came first on line 3")]),
    (
        HEAD + b"0\tentailment\n" + TAIL + b"1\tperhaps\n",
        [(5, "index 1 comes again; it came first on line 3"), (5, "label 'perhaps'")],
    ),
    (HEAD + b"0\tperhaps\n" + TAIL, [(2, "label 'perhaps' is not one of entailment, not_entailment")]),
    (HEAD + b"0\tEntailment\n" + TAIL, [(2, "Write 'entailment': case, spaces and quotes count")]),
    (HEAD + b"0\t\"not_entailment\" \n" + TAIL, [(2, "Write 'not_entailment': case, spaces and quotes count")]),
    (HEAD + b"0\t\n" + TAIL, [(2, "label '' is not one of")]),
    (HEAD + b"0\tentailment\r\r\n" + TAIL, [(2, r"label 'entailment\r' is not one of")]),
    (HEAD + b"0\tentailment\x00\n" + TAIL, [(2, r"label 'entailment\x00' is not one of")]),
    (
        HEAD + b"0\tperhaps\n" * 2 + TAIL,
        [(2, "'perhaps'"), (3, "index 0 comes again; it came first on line 2"), (3, "'perhaps'")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), RTE_FAULTS, ids=range(len(RTE_FAULTS)))
def test_faults_of_a_file(zipped, files, ids, data, expected) -> None:
    verdict = GLUE.check(zipped(files | {"RTE.tsv": data}), ids)
    assert verdict.status == "invalid"
    assert [(fault.file, fault.line) for fault in verdict.faults] == [("RTE.tsv", line) for line, _ in expected]
    for fault, (_, message) in zip(verdict.faults, expected, strict=True):
        assert message in fault.message
        assert "\n" not in fault.message
        assert "\r" not in fault.message
    assert verdict.fault_count == len(expected)
    shown = leaderboards.lines(verdict)
    assert shown[-1] == f"invalid: {len(expected)} fault{'s' if len(expected) > 1 else ''}"
    where = "RTE.tsv" if expected[0][0] is None else f"RTE.tsv:{expected[0][0]}"
    assert shown[0] == f"{where}: {verdict.faults[0].message}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nan", "'nan' is not finite; expected a number from 0 to 5"),
        ("-Inf", "'-Inf' is not finite"),
        ("1e999", "'1e999' is not finite"),
        ("5.001", "'5.001' is out of range; expected a number from 0 to 5"),
        ("-0.2", "'-0.2' is out of range"),
        ("2,5", "'2,5' is not a number; expected one from 0 to 5, with a point and no spaces"),
        (" 2.5", "with a point and no spaces"),
        ("1_0", "'1_0' is not a number"),
        ("２.5", "'２.5' is not a number"),
        ("", "'' is not a number"),
        ("similar", "'similar' is not a number"),
        ("1" * 100_000, "is not a number"),
    ],
    ids=lambda value: value[:20],
)
def test_faults_of_numbers(zipped, files, ids, value, message) -> None:
    data = files["STS-B.tsv"].replace(b"2.600", value.encode())
    verdict = GLUE.check(zipped(files | {"STS-B.tsv": data}), ids)
    (fault,) = verdict.faults
    assert (fault.file, fault.line) == ("STS-B.tsv", 4)
    assert message in fault.message


@pytest.mark.parametrize("value", ["0", "5", "5.", ".5", "+2.6", "-0.0", "2.6e0", "4.999999999999999"])
def test_numbers_that_are_accepted(zipped, files, ids, value) -> None:
    path = zipped(files | {"STS-B.tsv": files["STS-B.tsv"].replace(b"2.600", value.encode())})
    assert GLUE.read(path, ids)["glue/stsb"]["2"] == float(value)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("CoLA.tsv", b"1\t0", b"1\tunacceptable", "is not one of 0, 1. Write '0'"),
        ("CoLA.tsv", b"1\t0", b"1\t0.0", "label '0.0' is not one of 0, 1. Write '0'"),
        ("CoLA.tsv", b"1\t0", b"1\t-1", "label '-1' is not one of 0, 1"),
        ("WNLI.tsv", b"1\t1", b"1\tentailment", "is not one of 0, 1. Write '1'"),
        ("MNLI-m.tsv", b"1\tneutral", b"1\t1", "is not one of entailment, neutral, contradiction"),
        ("QNLI.tsv", b"0\tentailment", b"0\tneutral", "is not one of entailment, not_entailment"),
        ("AX.tsv", b"3\tneutral", b"3\tNEUTRAL", "Write 'neutral'"),
    ],
)
def test_each_file_has_its_vocabulary(zipped, files, ids, file, old, new, message) -> None:
    verdict = GLUE.check(zipped(files | {file: files[file].replace(old + b"\n", new + b"\n", 1)}), ids)
    assert [fault.file for fault in verdict.faults] == [file]
    assert message in verdict.faults[0].message


def test_twenty_faults_of_a_file_then_how_many_more(tmp_path) -> None:
    rows = "".join(f"{row}\tperhaps\n" for row in range(1, 146))
    (tmp_path / "WNLI.tsv").write_bytes(HEAD + rows.encode())
    (tmp_path / "CoLA.tsv").write_bytes(HEAD)
    verdict = GLUE.check(tmp_path)
    assert verdict.fault_count == 1 + 146
    assert verdict.more == {"WNLI.tsv": 126}
    places = [(fault.file, fault.line) for fault in verdict.faults]
    assert places == [("CoLA.tsv", None), ("WNLI.tsv", None), *(("WNLI.tsv", line) for line in range(2, 21))]
    assert verdict.faults[0].message == "1,063 of 1,063 indexes are missing: 0, 1, 2, 3, 4, ..."
    shown = leaderboards.lines(verdict)
    assert shown[20] == "WNLI.tsv:20: label 'perhaps' is not one of 0, 1"
    assert shown[21:] == ["... and 126 more in WNLI.tsv", "invalid: 147 faults"]


def test_indexes_that_start_at_one(tmp_path) -> None:
    (tmp_path / "WNLI.tsv").write_text("index\tprediction\n" + "".join(f"{row}\t0\n" for row in range(1, 147)))
    shown = leaderboards.lines(GLUE.check(tmp_path))
    assert shown == [
        "WNLI.tsv: 1 of 146 indexes are missing: 0",
        "WNLI.tsv:147: index '146' is unknown; the 146 indexes run from 0 to 145, the first row being 0",
        "invalid: 2 faults",
    ]


def test_a_hole_in_the_data_is_not_to_be_filled(zipped, files, ids) -> None:
    verdict = GLUE.check(zipped(files | {"QQP.tsv": HEAD + b"0\t0\n1\t0\n2\t1\n"}), ids)
    assert [fault.message for fault in verdict.faults] == [
        "index '1' is unknown; the 2 indexes run from 0 to 2, the first row being 0"
    ]


def test_a_file_many_times_too_long_is_not_gone_through(tmp_path) -> None:
    (tmp_path / "WNLI.tsv").write_bytes(HEAD + b"\n" * 2000)
    (fault,) = GLUE.check(tmp_path).faults
    assert fault.message == "has 2,001 lines where 146 rows are expected; its lines were not looked at"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cola.tsv", "not a file of this leaderboard. Did you mean 'CoLA.tsv'"),
        ("STSB.tsv", "Did you mean 'STS-B.tsv'"),
        ("MNLI.TSV", "Did you mean 'MNLI-m.tsv'?"),
        ("notes.tsv", "not a file of this leaderboard. It takes CoLA.tsv, SST-2.tsv"),
        ("more/AX.tsv", "in the folder more; the leaderboard wants its files at the zip's root"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_tsv_files_out_of_place(tmp_path, zipped, files, ids, name, message, packed) -> None:
    content = files | {name: HEAD}
    if packed:
        path = zipped(content)
    else:
        path = tmp_path / "folder"
        for file, data in content.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(data)
    (fault,) = GLUE.check(path, ids).faults
    assert (fault.file, fault.line) == (name, None)
    assert message in fault.message


def test_a_single_file_of_another_name(tmp_path, files) -> None:
    (tmp_path / "rte.tsv").write_bytes(files["RTE.tsv"])
    (fault,) = GLUE.check(tmp_path / "rte.tsv").faults
    assert fault.file == "rte.tsv"
    assert "Did you mean 'RTE.tsv'?" in fault.message


def test_other_files_are_a_note(zipped, files, ids) -> None:
    extra = {
        "README.md": b"x",
        ".DS_Store": b"x",
        "__MACOSX/._CoLA.tsv": b"x",
        "a/b.txt": b"",
        "c.json": b"",
        "d.py": b"",
    }
    verdict = GLUE.check(zipped(files | extra), ids)
    assert verdict.status == "valid for this data, not for the leaderboard"
    shown = leaderboards.lines(verdict)
    assert shown[-2] == "note: not looked at: README.md, .DS_Store, __MACOSX/._CoLA.tsv, a/b.txt, c.json and 1 more"


@pytest.mark.parametrize("content", [{}, {"README.md": b"x"}])
def test_nothing_of_the_leaderboards_is_invalid(tmp_path, zipped, content) -> None:
    (fault,) = GLUE.check(zipped(content)).faults
    assert fault.file == "glue.zip"
    assert fault.message.startswith("holds none of the leaderboard's files: CoLA.tsv, SST-2.tsv")
    (tmp_path / "folder").mkdir()
    (fault,) = GLUE.check(tmp_path / "folder").faults
    assert fault.file == "folder"


def test_what_is_no_submission_at_all(tmp_path) -> None:
    (tmp_path / "answers.csv").write_text("index,prediction\n")
    os.mkfifo(tmp_path / "pipe.zip")
    for name, message in [
        ("absent.zip", "absent.zip: cannot be read: No such file or directory"),
        ("answers.csv", r"answers.csv: not a submission; give a zip, a folder, or one .tsv file"),
        ("pipe.zip", "neither a file nor a folder"),
        ("a\0b.zip", "cannot be read"),
        ("n" * 300, "cannot be read: File name too long"),
    ]:
        with pytest.raises(UserError, match=message):
            GLUE.check(tmp_path / name)


def test_ids_of_no_task_or_none(zipped, files) -> None:
    with pytest.raises(UserError, match="'glue/mnli' is not a task of leaderboard 'glue'"):
        GLUE.check(zipped(files), {"glue/mnli": ["0"]})
    with pytest.raises(UserError, match="glue/rte: the data has no examples to judge by"):
        GLUE.check(zipped(files), {"glue/rte": []})


def test_lines_of_a_verdict() -> None:
    verdict = Verdict(
        status="invalid",
        faults=(Fault("A.tsv", 3, "x"), Fault("A.tsv", 4, "y"), Fault("B.tsv", None, "z")),
        fault_count=8,
        more={"A.tsv": 5},
        files={},
        absent=(),
        notes=("n",),
    )
    assert leaderboards.lines(verdict) == [
        "A.tsv:3: x",
        "A.tsv:4: y",
        "... and 5 more in A.tsv",
        "B.tsv: z",
        "note: n",
        "invalid: 8 faults",
    ]


def test_five_ids_are_named_and_dots_stand_for_more() -> None:
    assert first_few(list("abcde")) == "a, b, c, d, e"
    assert first_few(list("abcdef")) == "a, b, c, d, e, ..."


def test_a_task_is_read_if_its_own_file_is_sound(
    zipped: Callable[[Mapping[str, bytes]], Path], files: dict[str, bytes], ids: dict[str, list[str]]
) -> None:
    del files["WNLI.tsv"]
    files["RTE.tsv"] = HEAD + b"0\tno\n1\tentailment\n2\tmaybe\n"
    path = zipped({**files, "STS-B.tsv": HEAD + b"0\t-0.5\n1\t9\n"})

    def read(name: str, count: int | None = None) -> dict[str, Any]:
        return GLUE.read_task(path, get(name), ids[name][:count])

    assert read("glue/cola") == {"0": 1, "1": 0, "2": 1}
    assert read("glue/stsb", 2) == {"0": -0.5, "1": 9.0}  # no leaderboard takes them, and yet they have a score
    with pytest.raises(
        UserError, match=r"glue\.zip: RTE\.tsv:2: label 'no' is not .* \(and 1 more\); `t5eval check glue` lists"
    ):
        read("glue/rte")
    with pytest.raises(
        UserError, match=r"STS-B\.tsv: 2 of 4 .* are missing: 2, 3 \(and 2 more\); `t5eval check glue` lists"
    ):
        read("glue/stsb")
    with pytest.raises(UserError, match=r"has no WNLI\.tsv with answers to glue/wnli to score; it answers glue/"):
        read("glue/wnli")


def test_rows_whose_ids_nobody_knows_are_counted() -> None:
    faults = FileFaults()
    found = GLUE.parse(get("glue/wnli"), HEAD + b"7\t1\n9\t0\n", (), faults)
    assert (found.count, found.values) == (2, {"7": 1, "9": 0})
    assert [fault.message for fault in faults.kept("f")] == ["2 indexes; the leaderboard has 146"]
