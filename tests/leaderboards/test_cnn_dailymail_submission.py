"""CNN/DailyMail's forms: lines with ids, lines alone, and pyrouge's folder; written, checked and read back."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import leaderboards
from leaderboards.cnn_dailymail import CNN_DAILYMAIL as BOARD
from task_specs import UserError

TASK = "cnn_dailymail"
TEXTS = {"f0": "One . Two <b> & 3.50!\nThree", "e1": "", "d2": 'He said "no." Ünïcode\u2028 日本\r\n', "c3": "a\tb"}
LINES = ["One . Two <b> & 3.50! Three", "", 'He said "no." Ünïcode  日本', "a b"]
REFERENCES = ["First.\nSecond.", "x", "y", "z"]
IDS = {TASK: list(TEXTS)}


def write(out: Path, texts: Mapping[str, Any] = TEXTS, references: list[str] | None = REFERENCES) -> Path:
    BOARD.write_keeping(out, {TASK: texts}, {TASK: references}, "")
    return out


@pytest.mark.parametrize("name", ["new/folder", "x.zip"])
def test_lines_and_ids(tmp_path: Path, name: str) -> None:
    out = write(tmp_path / name)
    files = {"test.hypo": "".join(f"{line}\n" for line in LINES).encode(), "test.ids": b"f0\ne1\nd2\nc3\n"}
    if name.endswith(".zip"):
        archive = zipfile.ZipFile(out)
        assert {n: archive.read(n) for n in archive.namelist()} == files
    else:
        assert {p.name: p.read_bytes() for p in out.iterdir()} == files
    verdict = BOARD.check(out, IDS)
    assert verdict.status == "valid for this data, not for the leaderboard"
    assert verdict.notes == (
        "4 articles in this data; the test set has 11,490",
        "empty summaries, which score 0: 1",
    )
    assert BOARD.read(out, IDS) == {TASK: dict(zip(TEXTS, LINES, strict=True))}


def test_lines_alone_stand_in_the_order_of_the_data(tmp_path: Path) -> None:
    out = write(tmp_path / "mine.hypo")
    assert BOARD.read(out, IDS) == {TASK: dict(zip(TEXTS, LINES, strict=True))}
    renamed = out.rename(tmp_path / "summaries.txt")
    assert BOARD.read(renamed, IDS) == {TASK: dict(zip(TEXTS, LINES, strict=True))}


def test_ids_may_stand_in_any_order(tmp_path: Path) -> None:
    out = write(tmp_path / "x")
    (out / "test.ids").write_text("c3\nd2\ne1\nf0\n")
    assert BOARD.read(out, IDS) == {TASK: dict(zip(reversed(TEXTS), LINES, strict=True))}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x", "valid (ids not checked: --data-dir)"),
        ("x.pyrouge", "valid (ids not checked: --data-dir)"),
        ("x.hypo", "valid"),
    ],
)
def test_ids_that_only_the_data_knows(tmp_path: Path, name: str, said: str) -> None:
    """The lines alone have no ids, and are as many as the test set's."""
    texts = {f"{row:040x}": "A summary ." for row in range(11_490)}
    out = write(tmp_path / name, texts, ["A summary ."] * len(texts))
    assert leaderboards.lines(BOARD.check(out))[-1] == said
    assert leaderboards.lines(BOARD.check(out, {TASK: list(texts)}))[-1] == "valid"


def test_the_folder_for_pyrouge(tmp_path: Path) -> None:
    out = write(tmp_path / "x.pyrouge")
    assert {str(p.relative_to(out)): p.read_text(encoding="utf-8") for p in out.rglob("*") if p.is_file()} == {
        "decoded/000000_decoded.txt": "One .\nTwo  b  & 3.50!\nThree\n",
        "decoded/000001_decoded.txt": ".\n",
        "decoded/000002_decoded.txt": 'He said "no."\nÜnïcode  日本\n',
        "decoded/000003_decoded.txt": "a b\n",
        "reference/000000_reference.txt": "First.\nSecond.\n",
        "reference/000001_reference.txt": "x\n",
        "reference/000002_reference.txt": "y\n",
        "reference/000003_reference.txt": "z\n",
        "test.ids": "f0\ne1\nd2\nc3\n",
    }
    verdict = BOARD.check(out, IDS)
    assert dict(verdict.files) == {"decoded": 4, "reference": 4}
    assert verdict.faults == ()
    assert BOARD.read(out, IDS)[TASK] == {
        "f0": "One .\nTwo  b  & 3.50!\nThree",
        "e1": "",
        "d2": 'He said "no."\nÜnïcode  日本',
        "c3": "a b",
    }
    assert list(tmp_path.iterdir()) == [out]


def test_unlabelled_data_has_no_references(tmp_path: Path) -> None:
    out = write(tmp_path / "x.pyrouge", references=None)
    assert sorted(p.name for p in out.iterdir()) == ["decoded", "test.ids"]
    assert BOARD.check(out, IDS).faults == ()


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "no answers to write"),
        ({"a": "", "b": "\n "}, "every summary is empty"),
        ({"a": 1}, "id 'a': expected a text"),
        ({"a": "\udfff"}, "half a surrogate pair"),
    ],
)
@pytest.mark.parametrize("name", ["x", "x.zip", "x.pyrouge", "x.hypo"])
def test_what_cannot_be_written(tmp_path: Path, texts: Mapping[str, Any], message: str, name: str) -> None:
    with pytest.raises(UserError, match=message):
        write(tmp_path / name, texts)
    assert list(tmp_path.iterdir()) == []


def test_forms_do_not_mix(tmp_path: Path) -> None:
    out = write(tmp_path / "x.pyrouge")
    with pytest.raises(UserError, match="is there already"):
        write(out)
    other = out.rename(tmp_path / "x")
    with pytest.raises(UserError, match="is the folder form that pyrouge takes"):
        write(other)
    (tmp_path / "empty.pyrouge").mkdir()
    assert BOARD.check(write(tmp_path / "empty.pyrouge"), IDS).faults == ()


def test_without_data_the_official_count(tmp_path: Path) -> None:
    out = tmp_path / "test.hypo"
    out.write_text("x\n" * 11490)
    verdict = BOARD.check(out)
    assert (verdict.status, verdict.notes, dict(verdict.files)) == ("valid", (), {"test.hypo": 11490})
    out.write_text("x\n" * 11489)
    assert leaderboards.lines(BOARD.check(out)) == [
        "test.hypo: 11,489 summaries for 11,490 articles; one summary a line, in order",
        "invalid: 1 fault",
    ]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("test.hypo", "a\nb\nc\n", "test.hypo: 3 summaries for 4 articles; one summary a line, in order"),
        ("test.hypo", "a\nb\u2028\nc\nd\n", "test.hypo:2: the character U+2028, at which some readers break the line"),
        ("test.hypo", "a\nb\rx\nc\nd\n", "test.hypo:2: the character U+000D, at which some readers break the line"),
        ("test.hypo", "\ufeffa\nb\nc\nd\n", "test.hypo:1: begins with a byte order mark"),
        ("test.hypo", b"a\n\xff\nc\nd\n", "test.hypo:2: not UTF-8"),
        ("test.hypo", "", "test.hypo: is empty"),
        ("test.ids", "f0\ne1\nd2\nf0\n", "test.ids: 1 of 4 ids are missing: c3"),
        ("test.ids", "f0\ne1\nd2\nf0\n", "test.ids:4: id 'f0' comes again; it came first on line 1"),
        ("test.ids", "f0\ne1\nd2\nxx\n", "test.ids:4: id 'xx' is none of the data's"),
        ("test.ids", "f0\n\nd2\nc3\n", "test.ids:2: id '' is none of the data's"),
        ("other.hypo", "x\n", "other.hypo: not a file of this leaderboard."),
    ],
)
def test_faults_of_lines(tmp_path: Path, file: str, text: str | bytes, expected: str) -> None:
    out = write(tmp_path / "x")
    (out / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    shown = leaderboards.lines(BOARD.check(out, IDS))
    assert any(line.startswith(expected) for line in shown), shown
    assert shown[-1].startswith("invalid")
    with pytest.raises(UserError, match="t5eval check cnn_dailymail"):
        BOARD.read(out, IDS)


def test_a_tab_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "test.hypo").write_text("a\tb\n\nc\nd\n")
    assert BOARD.read(tmp_path, IDS)[TASK]["f0"] == "a\tb"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("decoded/000001_decoded.txt", "", "decoded/000001_decoded.txt: is empty; write '.' for"),
        ("decoded/000001_decoded.txt", "a\n<b", "decoded/000001_decoded.txt:2: a < or >, which breaks the HTML"),
        ("decoded/000001_decoded.txt", "a\x0c", "decoded/000001_decoded.txt:1: a control character"),
        ("decoded/000001_decoded.txt", b"\xff", "decoded/000001_decoded.txt:1: not UTF-8"),
        (
            "decoded/000001_decoded.txt",
            None,
            "decoded: has 3 files and no 000001_decoded.txt; they are numbered from 0",
        ),
        ("decoded/000004_decoded.txt", "x", "decoded: 5 summaries for 4 articles"),
        ("decoded/1.txt", "x", "decoded/1.txt: not a file of this folder; they are called 000000_decoded.txt"),
        ("reference/000003_reference.txt", None, "reference: 3 references for 4 summaries"),
        ("decoded/000001_decoded.txt", "x" * (2 << 20), "decoded/000001_decoded.txt: has more than 1,048,576 bytes"),
        ("test.ids", "f0\n", "test.ids: 3 of 4 ids are missing: e1, d2, c3"),
    ],
)
def test_faults_of_the_folder(tmp_path: Path, file: str, text: str | bytes | None, expected: str) -> None:
    out = write(tmp_path / "x.pyrouge")
    if text is None:
        (out / file).unlink()
    else:
        (out / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    shown = leaderboards.lines(BOARD.check(out, IDS))
    assert any(line.startswith(expected) for line in shown), shown
    assert shown[-1].startswith("invalid")


def test_links_are_not_followed(tmp_path: Path) -> None:
    out = write(tmp_path / "x.pyrouge")
    (out / "decoded/000001_decoded.txt").unlink()
    (out / "decoded/000001_decoded.txt").symlink_to("/etc/passwd")
    shown = leaderboards.lines(BOARD.check(out, IDS))
    assert shown[0] == "decoded/000001_decoded.txt: a link or a special file; pyrouge wants the file itself"


def test_nothing_to_judge(tmp_path: Path) -> None:
    verdict = BOARD.check(tmp_path, IDS)
    assert "holds no test.hypo, and no folder decoded" in verdict.faults[0].message
    with pytest.raises(UserError, match="cannot be read"):
        BOARD.check(tmp_path / "absent.hypo", IDS)


@given(
    texts=st.lists(st.text(max_size=15), min_size=3, max_size=3).map(lambda t: [*t, "x"]),
    form=st.sampled_from(["d", "d.zip", "d.hypo"]),
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_can_be_written(tmp_path_factory: pytest.TempPathFactory, texts: list[str], form: str) -> None:
    out = write(tmp_path_factory.mktemp("any") / form, dict(zip(TEXTS, texts, strict=True)))
    assert len(BOARD.read(out, IDS)[TASK]) == 4
    folder = write(tmp_path_factory.mktemp("any") / "d.pyrouge", dict(zip(TEXTS, texts, strict=True)))
    assert BOARD.check(folder, IDS).faults == ()


@given(hypo=st.binary(max_size=40), ids=st.binary(max_size=30) | st.just(b"f0\ne1\nd2\nc3\n"), known=st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_files_are_judged(tmp_path: Path, hypo: bytes, ids: bytes, known: bool) -> None:
    (tmp_path / "test.hypo").write_bytes(hypo)
    (tmp_path / "test.ids").write_bytes(ids)
    verdict = BOARD.check(tmp_path, IDS if known else None)
    assert (verdict.status == "invalid") == bool(verdict.faults)
    assert all("\n" not in line for line in leaderboards.lines(verdict))
    if verdict.status != "invalid":
        assert set(BOARD.read(tmp_path, IDS)[TASK]) == set(TEXTS)
