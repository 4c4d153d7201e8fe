"""Every fault of a GLUE file is one line that names the file and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from t5eval.support.errors import DataError
from tests.t5eval.glue_files import FILES, MNLI_WIDE, QQP, RTE, read

# (what is wrong, task, split, content, line, part of the message)
INDEX = b"index\tsentence1\tsentence2\n"
FAULTS = [
    (
        "incomplete rows only",
        "qqp",
        "train",
        QQP + b"1\t2\t3\t\tHow?\t1\n",
        2,
        "every row has an empty or missing field",
    ),
    ("an empty file", "rte", "validation", b"", 1, "the file has no rows"),
    ("an empty file without header", "cola", "train", b"", 1, "the file has no rows"),
    ("blank lines only", "cola", "train", b"\n\n", 1, "the file has no rows"),
    ("a header only", "rte", "validation", RTE, 2, "the file has no rows"),
    ("a header without a newline only", "rte", "validation", RTE.strip(), 2, "the file has no rows"),
    ("a blank first line", "rte", "validation", b"\n" + RTE + b"0\tA.\tB.\tentailment\n", 1, "blank line"),
    ("a blank line", "rte", "validation", RTE + b"0\tA.\tB.\tentailment\n\n1\tA.\tB.\tentailment\n", 3, "blank line"),
    ("blank lines", "rte", "validation", RTE + b"\r\n\n1\tA.\tB.\tentailment\n", 2, "blank line"),
    (
        "too few columns",
        "rte",
        "validation",
        RTE + b"0\tA.\tentailment\n",
        2,
        "expected 4 columns (index, sentence1, sentence2, label), got 3",
    ),
    ("too many columns", "rte", "validation", RTE + b"0\tA.\tB.\tentailment\t\n", 2, "got 5"),
    (
        "a field with a tab in quotes",
        "rte",
        "validation",
        RTE + b'0\t"A\tB"\tC\tentailment\n',
        2,
        "a spreadsheet program that saves one breaks it",
    ),
    (
        "another separator",
        "rte",
        "validation",
        b"index,sentence1,sentence2,label\n0,A,B,entailment\n",
        1,
        "no column 'sentence1', 'sentence2', 'label'",
    ),
    (
        "the end in the middle of a line",
        "rte",
        "validation",
        RTE + b"0\tA.\tB.\tentailment\n1\tA.\tB",
        3,
        "the file ends inside this line",
    ),
    ("the end in the middle of a label", "rte", "validation", RTE + b"0\tA.\tB.\tentail", 2, "unknown label 'entail'"),
    (
        "the end in an incomplete row",
        "qqp",
        "train",
        QQP + b"1\t2\t3\tWhy?\tHow?\t1\n4\t5\t6\tWhy?",
        3,
        "the file ends inside this line",
    ),
    (
        "the end before a label",
        "qqp",
        "train",
        QQP + b"1\t2\t3\tWhy?\tHow?\t1\n4\t5\t6\tWhy?\tHow?\t",
        3,
        "the file ends inside this line",
    ),
    (
        "the end in the middle of a character",
        "rte",
        "test",
        b"index\tsentence1\tsentence2\n0\tA\t\xe2\x82",
        2,
        "not UTF-8",
    ),
    ("too many columns of QQP", "qqp", "train", QQP + b"1\t2\t3\tWhy?\tHow?\t1\t\n", 2, "got 7"),
    ("a short test row of QQP", "qqp", "test", b"id\tquestion1\tquestion2\n0\tWhy?\n", 2, "expected 3 columns"),
    (
        "a header of another task",
        "rte",
        "validation",
        b"sentence\tlabel\na film\t1\n",
        1,
        "no column 'sentence1', 'sentence2'; it should have sentence1, sentence2, label, and is 'sentence, label'",
    ),
    (
        "no label in the header",
        "rte",
        "validation",
        b"index\tsentence1\tsentence2\n0\tA.\tB.\n",
        1,
        "no column 'label'",
    ),
    (
        "a column twice",
        "rte",
        "validation",
        b"sentence1\tsentence1\tsentence2\tlabel\nA.\tA.\tB.\tentailment\n",
        1,
        "the column 'sentence1' twice",
    ),
    (
        "a label column twice",
        "rte",
        "validation",
        b"label\tsentence1\tsentence2\tlabel\n0\tA.\tB.\tentailment\n",
        1,
        "the column 'label' twice",
    ),
    (
        "a header where none belongs",
        "cola",
        "train",
        b"source\tlabel\tmark\tsentence\ngj04\t1\t\tHe sang.\n",
        1,
        "unknown label 'label'; expected one of 0, 1",
    ),
    (
        "an unknown label",
        "rte",
        "validation",
        RTE + b"0\tA.\tB.\tEntailment\n",
        2,
        "unknown label 'Entailment'; expected one of entailment, not_entailment",
    ),
    (
        "a missing label",
        "mnli_matched",
        "validation",
        f"{MNLI_WIDE}gold_label\n0\t1\t1n\tg\t\t\t\t\tP.\tH.\t-\n".encode(),
        2,
        "unknown label '-'",
    ),
    ("-1 in a labelled split", "rte", "validation", RTE + b"0\tA.\tB.\t-1\n", 2, "unknown label '-1'"),
    ("a label beside -1 that is neither", "rte", "test", RTE + b"0\tA.\tB.\t-1\n1\tA.\tB.\t\n", 3, "unknown label ''"),
    (
        "a carriage return too many",
        "rte",
        "validation",
        RTE + b"0\tA.\tB.\tentailment\r\r\n",
        2,
        "unknown label 'entailment\\r'",
    ),
    (
        "old Mac line ends",
        "rte",
        "validation",
        RTE.replace(b"\n", b"\r") + b"0\tA.\tB.\tentailment\r",
        2,
        "the file has no rows",
    ),
    (
        "a score that is no number",
        "stsb",
        "validation",
        b"sentence1\tsentence2\tscore\nA.\tB.\thigh\n",
        2,
        "unknown label 'high'; expected a number from 0 to 5",
    ),
    (
        "a score of nan",
        "stsb",
        "validation",
        b"sentence1\tsentence2\tscore\nA.\tB.\t1.0\nA.\tB.\tnan\n",
        3,
        "unknown label 'nan'",
    ),
    (
        "a score out of range",
        "stsb",
        "validation",
        b"sentence1\tsentence2\tscore\nA.\tB.\t5.2\n",
        2,
        "unknown label '5.2'",
    ),
    (
        "a score of -1 in a labelled split",
        "stsb",
        "validation",
        b"sentence1\tsentence2\tscore\nA.\tB.\t-1.0\n",
        2,
        "unknown label '-1.0'",
    ),
    ("an infinite score", "stsb", "test", b"sentence1\tsentence2\tscore\nA.\tB.\tinf\n", 2, "unknown label 'inf'"),
    (
        "bytes that are not UTF-8",
        "rte",
        "validation",
        RTE + b"0\tA.\tB.\tentailment\n1\tcaf\xe9\tB.\tentailment\n",
        3,
        "not UTF-8: byte 0xe9 at position 6",
    ),
    (
        "a header that is not UTF-8",
        "rte",
        "validation",
        b"\xff\xfei\x00n\x00\n\x00",
        1,
        "not UTF-8: byte 0xff at position 1",
    ),
    ("a first index of 1", "rte", "test", INDEX + b"1\tA.\tB.\n", 2, "its index '1' comes too early; rows before it"),
    ("an index left out", "rte", "test", INDEX + b"0\tA.\tB.\n2\tA.\tB.\n", 3, "its index '2' comes too early"),
    (
        "an index that comes again",
        "rte",
        "test",
        INDEX + b"0\tA.\tB.\n1\tA.\tB.\n0\tA.\tB.\n",
        4,
        "its index '0' comes again; it came first on line 2; expected 2. A row's index is the id under which its "
        "answer is handed in: take the official file, or sort the rows by index",
    ),
    (
        "rows in another order",
        "rte",
        "validation",
        RTE + b"1\tA.\tB.\tentailment\n0\tA.\tB.\tentailment\n",
        2,
        "its index '1' comes too early; rows before it are missing or stand elsewhere; expected 0.",
    ),
    (
        "an index that is no number",
        "rte",
        "test",
        INDEX + b"a\tA.\tB.\n",
        2,
        "its index 'a' is no row number; expected 0",
    ),
    ("an index that is empty", "rte", "test", INDEX + b"\tA.\tB.\n", 2, "its index '' is no row number"),
    ("an index with a zero before it", "rte", "test", INDEX + b"00\tA.\tB.\n", 2, "its index '00' is no row number"),
    ("an index of many digits", "rte", "test", INDEX + b"9" * 5000 + b"\tA.\tB.\n", 2, "is no row number"),
    ("an index in the training file", "rte", "train", RTE + b"7\tA.\tB.\tentailment\n", 2, "its index '7' comes too"),
    ("an index of AX", "ax", "test", INDEX + b"0\tA.\tB.\n0\tA.\tB.\n", 3, "its index '0' comes again"),
    ("an id of QQP's test", "qqp", "test", b"id\tquestion1\tquestion2\n4\tA?\tB?\n", 2, "its id '4' comes too early"),
    ("an index in CoLA's test", "cola", "test", b"index\tsentence\n3\tA.\n", 2, "its index '3' comes too early"),
    (
        "an index column twice",
        "rte",
        "test",
        b"index\tindex\tsentence1\tsentence2\n0\t0\tA.\tB.\n",
        1,
        "the column 'index' twice",
    ),
    ("a surrogate in UTF-8", "rte", "test", b"index\tsentence1\tsentence2\n0\t\xed\xa0\x80\tB.\n", 2, "not UTF-8"),
]


@pytest.mark.parametrize(
    ("task", "split", "content", "line", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS]
)
def test_faults(tmp_path: Path, task: str, split: str, content: bytes, line: int, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, task, split, content)
    path = tmp_path / "glue" / FILES[task, split]
    assert str(caught.value).startswith(f"{path}: line {line}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
