"""One cause, one line: exchanged files, other data, another board's files, and ids that were counted anew."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import leaderboards
import task_specs
from leaderboards.causes import other_data, restarted, shifted
from leaderboards.verdict import KEPT_FAULTS, FileFaults
from task_specs import UserError
from tests.leaderboards import conftest, super_glue_files

GLUE, SUPER_GLUE, SQUAD = (leaderboards.get(name) for name in ("glue", "super_glue", "squad"))


def tsv(count: int, label: str, first: int = 0) -> str:
    return "index\tprediction\n" + "".join(f"{row}\t{label}\n" for row in range(first, first + count))


def flat(count: int, label: Any, first: int = 0) -> str:
    return "".join(json.dumps({"idx": row, "label": label}) + "\n" for row in range(first, first + count))


def checked(folder: Path, board: leaderboards.Leaderboard, files: Mapping[str, str]) -> list[str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return leaderboards.lines(board.check(folder))


def test_the_two_halves_of_mnli_exchanged(tmp_path: Path) -> None:
    files = {"MNLI-m.tsv": tsv(9847, "neutral"), "MNLI-mm.tsv": tsv(9796, "neutral")}
    shown = checked(tmp_path, GLUE, files)
    assert shown[0] == (
        "MNLI-m.tsv: has 9,847 rows where 9,796 are expected, as many as MNLI-mm.tsv (glue/mnli_mismatched); were the "
        "two files exchanged?"
    )
    assert shown[1].startswith("MNLI-m.tsv:9798: index '9796' is unknown")
    second = next(row for row, line in enumerate(shown) if line.startswith("MNLI-mm.tsv"))
    assert shown[second] == (
        "MNLI-mm.tsv: has 9,796 rows where 9,847 are expected, as many as MNLI-m.tsv (glue/mnli_matched); were the "
        "two files exchanged?"
    )
    assert shown[second + 1] == "MNLI-mm.tsv: 51 of 9,847 indexes are missing: 9796, 9797, 9798, 9799, 9800, ..."
    assert shown[-1] == "invalid: 54 faults"


def test_the_two_diagnostics_of_super_glue_exchanged(tmp_path: Path) -> None:
    files = {"AX-b.jsonl": flat(356, "entailment"), "AX-g.jsonl": flat(1104, "entailment")}
    shown = checked(tmp_path, SUPER_GLUE, files)
    assert shown[0].startswith(
        "AX-b.jsonl: has 356 rows where 1,104 are expected, as many as AX-g.jsonl (super_glue/axg)"
    )
    assert shown[2].startswith("AX-g.jsonl: has 1,104 rows where 356 are expected, as many as AX-b.jsonl")
    shown = checked(tmp_path, SUPER_GLUE, {"RTE.jsonl": flat(166, "entailment")})  # MultiRC's rows are paragraphs
    assert shown[0].startswith("RTE.jsonl: has 166 rows where 3,000 are expected, as many as MultiRC.jsonl")


@pytest.mark.parametrize(
    ("file", "count", "label", "cause"),
    [
        (
            "QNLI.tsv",
            5740,
            "entailment",
            "has 5,740 rows where 5,463 are expected, as many as version 1 of QNLI; the leaderboard takes another",
        ),
        (
            "RTE.tsv",
            277,
            "entailment",
            "has 277 rows where 3,000 are expected, as many as the validation split; the leaderboard wants the",
        ),
        (
            "WNLI.tsv",
            635,
            "1",
            "has 635 rows where 146 are expected, as many as the train split; the leaderboard wants",
        ),
        ("RTE.tsv", 1104, "entailment", "has 1,104 rows where 3,000 are expected, as many as AX.tsv (glue/ax); were"),
    ],
)
def test_answers_to_other_data(tmp_path: Path, file: str, count: int, label: str, cause: str) -> None:
    shown = checked(tmp_path, GLUE, {file: tsv(count, label)})
    assert shown[0].startswith(f"{file}: {cause}")
    assert shown[1].startswith(f"{file}:") or "missing" in shown[1]


@pytest.mark.parametrize("count", [2999, 3001, 2995, 1500])
def test_a_number_of_rows_that_nothing_else_has_is_no_cause(tmp_path: Path, count: int) -> None:
    assert "expected, as many as" not in "\n".join(checked(tmp_path, GLUE, {"RTE.tsv": tsv(count, "entailment")}))


def test_numbers_that_are_off_by_the_same(tmp_path: Path) -> None:
    shown = checked(tmp_path, GLUE, {"RTE.tsv": tsv(3000, "entailment", 3000)})
    assert (
        shown[0]
        == "RTE.tsv: indexes run from 3,000 to 5,999; they are those of the data, 0 to 2,999, without an offset"
    )
    assert shown[1] == "RTE.tsv: 3,000 of 3,000 indexes are missing: 0, 1, 2, 3, 4, ..."
    (tmp_path / "RTE.tsv").unlink()
    shown = checked(tmp_path, SUPER_GLUE, {"ReCoRD.jsonl": flat(10_000, "Ann", 5_000_000)})
    assert shown[0] == (
        "ReCoRD.jsonl: idx run from 5,000,000 to 5,009,999; they are those of the data, 0 to 9,999, without an offset"
    )
    assert shown[2].startswith("ReCoRD.jsonl:1: idx 5000000 is unknown; the 10,000 known ones run from 0 to 9999")


def test_when_numbers_are_off_by_the_same() -> None:
    assert "run from 7 to 9; they are those of the data, 0 to 2" in shifted("idx", [7, 8, 9], [0, 1, 2])
    assert "run from 0 to 2; they are those of the data, 1 to 3" in shifted("idx", [0, 1, 2], [1, 2, 3])
    assert shifted("idx", [0, 1, 2], [0, 1, 2]) == ""
    assert shifted("idx", [7, 8, 10], [0, 1, 2]) == ""
    assert shifted("idx", [7, 8], [0, 1, 2]) == ""
    assert shifted("idx", [], []) == ""
    assert "run from 1,000,000,000,000,000,000 to" in shifted("idx", [10**18], [0])
    assert shifted("idx", [10**18 + 1], [0]) == ""


def test_when_numbers_begin_anew() -> None:
    assert restarted("answer idx", "question", [(0, 0), (0, 1), (1, 0)], range(3)) == (
        "answer idx begin anew in each question; in the data they run on, from 0 to 2: write the data's"
    )
    assert restarted("answer idx", "question", [(0, 1), (1, 1)], range(2))
    assert restarted("answer idx", "question", [(0, 0), (0, 1), (1, 2)], range(3)) == ""
    assert restarted("answer idx", "question", [(0, 0), (0, 1)], range(2)) == ""


ANSWERS, QUESTIONS, PARAGRAPHS = 9693, 1820, 166


def multirc(
    paragraph: Callable[[int], int], question: Callable[[int, int], int], answer: Callable[[int, int], int]
) -> str:
    """Returns a file of the official numbers.

    Args:
        paragraph: the idx of a paragraph, by its number.
        question: that of a question, by its number and that within its paragraph.
        answer: that of an answer, by its number and that within its question.
    """
    rows: dict[int, dict[int, list[int]]] = {}
    for a in range(ANSWERS):
        q = min(a // 5, QUESTIONS - 1)
        rows.setdefault(q // 11, {}).setdefault(q, []).append(a)
    return "".join(
        json.dumps(
            {
                "idx": paragraph(p),
                "passage": {
                    "questions": [
                        {
                            "idx": question(q, q - min(questions)),
                            "answers": [{"idx": answer(a, a - min(answers)), "label": 0} for a in answers],
                        }
                        for q, answers in questions.items()
                    ]
                },
            }
        )
        + "\n"
        for p, questions in rows.items()
    )


def same(number: int, within: int = 0) -> int:
    return number


def anew(number: int, within: int) -> int:
    return within


IDS = {"super_glue/multirc": [f"{q // 11}/{q}/{a}" for a in range(ANSWERS) for q in [min(a // 5, QUESTIONS - 1)]]}


@pytest.mark.parametrize(
    ("text", "without", "with_data"),
    [
        (multirc(same, same, same), [], []),
        (
            multirc(same, same, anew),
            ["answer idx begin anew in each question; in the data they run on, from 0 to 9,692: write the data's"],
            ["answer idx begin anew in each question; in the data they run on, from 0 to 9,692: write the data's"],
        ),
        (
            multirc(same, anew, same),
            ["question idx begin anew in each paragraph; in the data they run on, from 0 to 1,819: write the data's"],
            ["question idx begin anew in each paragraph; in the data they run on, from 0 to 1,819: write the data's"],
        ),
        (
            multirc(lambda p: p + 1000, same, same),
            ["paragraph idx run from 1,000 to 1,165; they are those of the data, 0 to 165, without an offset"],
            ["paragraph idx run from 1,000 to 1,165; they are those of the data, 0 to 165, without an offset"],
        ),
        (
            multirc(lambda p: p + 1, same, same),
            ["paragraph idx run from 1 to 166; they are those of the data, 0 to 165, without an offset"],
            ["paragraph idx run from 1 to 166; they are those of the data, 0 to 165, without an offset"],
        ),
        (
            multirc(same, same, lambda a, _: a + (a > 11)),
            ["answer 0/2/13 stands where answer idx 12 is expected; they run on from 0 to 9,692"],
            [],
        ),
    ],
    ids=["sound", "answers anew", "questions anew", "paragraphs plus 1,000", "paragraphs from 1", "a gap"],
)  # fmt: skip
def test_the_numbers_of_multirc(tmp_path: Path, text: str, without: list[str], with_data: list[str]) -> None:
    path = tmp_path / "MultiRC.jsonl"
    path.write_text(text)
    assert [fault.message for fault in SUPER_GLUE.check(path).faults] == without
    found = [fault.message for fault in SUPER_GLUE.check(path, IDS).faults]
    assert bool(found) == bool(without)
    if with_data:
        assert found[0] == with_data[0]
        # The single faults stand below: of the first question the answers are right.
        assert found[1].split(" answers")[0].endswith("of 9,693")
        assert len(found) > 2


def test_data_under_other_ids_is_not_the_leaderboards(tmp_path: Path) -> None:
    ids = {"super_glue/wsc": [str(row) for row in range(1, 147)]}
    path = tmp_path / "WSC.jsonl"
    path.write_text(flat(146, "True", 1))
    (tmp_path / "rest").mkdir()
    verdict = SUPER_GLUE.check(path, ids)
    assert verdict.faults == ()
    assert verdict.notes == ("WSC.jsonl: the ids of this data are not the leaderboard's, which are numbered from 0",)
    assert SUPER_GLUE.check(path, {"super_glue/wsc": [str(row) for row in range(146)]}).faults
    path.unlink()
    path = tmp_path / "MultiRC.jsonl"
    path.write_text(multirc(same, same, anew))
    anew_ids = [f"{q // 11}/{q}/{a - 5 * q}" for a in range(ANSWERS) for q in [min(a // 5, QUESTIONS - 1)]]
    verdict = SUPER_GLUE.check(path, {"super_glue/multirc": anew_ids})
    assert (verdict.faults, len(verdict.notes)) == ((), 1)
    path.write_text(multirc(same, same, same))
    assert SUPER_GLUE.check(path, IDS).notes == ()


@pytest.mark.parametrize(
    ("board", "files", "whose"),
    [
        (
            GLUE,
            super_glue_files.FILES,
            "BoolQ.jsonl, CB.jsonl, COPA.jsonl, ... are files of leaderboard super_glue: t5eval",
        ),
        (
            SUPER_GLUE,
            conftest.FILES,
            "CoLA.tsv, SST-2.tsv, MRPC.tsv, ... are files of leaderboard glue: t5eval check glue",
        ),
        (SQUAD, conftest.FILES, "are files of leaderboard glue"),
        (GLUE, {"predictions.json": "{}"}, "predictions.json is a file of leaderboard squad: t5eval check squad"),
        (GLUE, {"wmt14.en-de.txt": "x\n"}, "wmt14.en-de.txt is a file of leaderboard wmt: t5eval check wmt"),
        (SUPER_GLUE, {"a/test.hypo": "x\n"}, "test.hypo is a file of leaderboard cnn_dailymail"),
    ],
    ids=[
        "super_glue to glue",
        "glue to super_glue",
        "glue to squad",
        "squad to glue",
        "wmt to glue",
        "cnn to super_glue",
    ],
)
def test_another_leaderboards_archive(tmp_path: Path, board: Any, files: Mapping[str, str], whose: str) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    (fault,) = board.check(tmp_path / "s.zip").faults
    assert (fault.file, fault.line) == ("s.zip", None)
    assert fault.message.startswith("holds none of the leaderboard's files: ")
    assert whose in fault.message


def test_another_leaderboards_file_alone(tmp_path: Path) -> None:
    for board, name, owner in [
        (GLUE, "BoolQ.jsonl", "super_glue"),
        (SUPER_GLUE, "RTE.tsv", "glue"),
        (SQUAD, "RTE.jsonl", "super_glue"),
        (GLUE, "test.hypo", "cnn_dailymail"),
    ]:
        (tmp_path / name).write_text("x\n")
        with pytest.raises(UserError, match=rf"{name}: not a file of leaderboard {board.name}; .*t5eval check {owner}"):
            board.check(tmp_path / name)
    # A file that nobody has is told what is taken.
    (tmp_path / "mine.csv").write_text("x\n")
    with pytest.raises(UserError, match=r"not a submission; give a zip, a folder, or one \.tsv file"):
        GLUE.check(tmp_path / "mine.csv")


def test_the_cause_is_told_first_and_counted() -> None:
    faults = FileFaults()
    faults.add(None, "of the file")
    for line in range(1, 30):
        faults.add(line, "of a line")
    faults.cause("")
    assert (faults.count, faults.kept("f")[0].message) == (30, "of the file")
    faults.cause("the cause")
    kept = faults.kept("f")
    assert [fault.message for fault in kept[:3]] == ["the cause", "of the file", "of a line"]
    assert (faults.count, len(kept)) == (31, KEPT_FAULTS)
    faults.add(40, lambda: pytest.fail("worded, though it is not kept"))


def test_a_slip_of_a_few_rows_is_no_other_data() -> None:
    rte, cola = task_specs.get("glue/rte"), task_specs.get("glue/cola")
    assert other_data(rte, 2994, {rte: 3000, cola: 2994}).startswith(
        "has 2,994 rows where 3,000 are expected, as many as CoLA.tsv (glue/cola)"
    )
    for count in (2995, 3000, 3005):
        assert other_data(rte, count, {rte: 3000, cola: count}) == ""
    assert other_data(rte, 3006, {rte: 3000, cola: 3006})
