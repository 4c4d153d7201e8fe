"""GLUE's official files as they really are: every quirk is read as it is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.t5eval.glue_files import MNLI_WIDE, QQP, RTE, pair, read

# (what is odd, task, split, content, examples)
QUIRKS: list[tuple[str, str, str, bytes, list[tuple[str, dict[str, Any]]]]] = [
    (
        "no header in CoLA's train and dev",
        "cola",
        "train",
        b"gj04\t1\t\tHe sang.\ngj04\t0\t*\tSang he the.\n",
        [("0", {"sentence": "He sang.", "label": 1}), ("1", {"sentence": "Sang he the.", "label": 0})],
    ),
    (
        "a header in CoLA's test",
        "cola",
        "test",
        b"index\tsentence\n0\tHe sang.\n",
        [("0", {"sentence": "He sang.", "label": -1})],
    ),
    (
        "trailing spaces",
        "sst2",
        "validation",
        b"sentence\tlabel\na fine film \t1\n",
        [("0", {"sentence": "a fine film ", "label": 1})],
    ),
    (
        "an unlabelled test",
        "sst2",
        "test",
        b"index\tsentence\n0\ta film\n",
        [("0", {"sentence": "a film", "label": -1})],
    ),
    (
        "a byte order mark, columns that are not wanted",
        "mrpc",
        "validation",
        b"\xef\xbb\xbfQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t7\t8\tA.\tB.\n0\t9\t10\tC.\tD.\n",
        [("0", pair(1)), ("1", pair(0, "C.", "D."))],
    ),
    (
        "a byte order mark before an index column",
        "mrpc",
        "test",
        b"\xef\xbb\xbfindex\t#1 ID\t#2 ID\t#1 String\t#2 String\n0\t7\t8\tA.\tB.\n",
        [("0", pair(-1))],
    ),
    (
        "unbalanced quotes",
        "rte",
        "validation",
        RTE + b'0\t"A said\t"B" said "\tentailment\n1\tnot "so\t\'\tnot_entailment\n',
        [("0", pair(0, '"A said', '"B" said "')), ("1", pair(1, 'not "so', "'"))],
    ),
    ("no newline at the end", "rte", "validation", RTE + b"0\tA.\tB.\tentailment", [("0", pair(0))]),
    ("blank lines at the end", "rte", "validation", RTE + b"0\tA.\tB.\tentailment\n\n\r\n\n", [("0", pair(0))]),
    (
        "CRLF",
        "rte",
        "validation",
        RTE.replace(b"\n", b"\r\n") + b"0\tA.\tB.\tentailment\r\n1\tC.\tD.\tnot_entailment\r\n",
        [("0", pair(0)), ("1", pair(1, "C.", "D."))],
    ),
    ("CRLF, no newline at the end", "rte", "test", b"index\tsentence1\tsentence2\r\n0\tA.\tB.", [("0", pair(-1))]),
    (
        "a carriage return inside",
        "rte",
        "test",
        b"index\tsentence1\tsentence2\n0\tA\r.\tB.\r\r\n",
        [("0", pair(-1, "A\r.", "B.\r"))],
    ),
    (
        "line separators that are not newlines",
        "rte",
        "test",
        "index\tsentence1\tsentence2\n0\tA\u2028B\x0bC\tD\x85E\x0c\x1c\x1d\x1eF\u2029\n1\tA.\tB.\n".encode(),
        [("0", pair(-1, "A\u2028B\x0bC", "D\x85E\x0c\x1c\x1d\x1eF\u2029")), ("1", pair(-1))],
    ),
    ("a zero byte", "rte", "test", b"index\tsentence1\tsentence2\n0\tA\x00\tB.\n", [("0", pair(-1, "A\x00"))]),
    (
        "a test without an index column",
        "rte",
        "test",
        b"sentence1\tsentence2\nA.\tB.\nA.\tB.\n",
        [("0", pair(-1)), ("1", pair(-1))],
    ),
    (
        "another column of numbers is no index",
        "stsb",
        "validation",
        b"index\told_index\tsentence1\tsentence2\tscore\n0\t7\tA.\tB.\t1.0\n1\t7\tA.\tB.\t1.0\n",
        [("0", pair(1.0)), ("1", pair(1.0))],
    ),
    (
        "columns in another order",
        "rte",
        "validation",
        b"label\tsentence2\tindex\tsentence1\nentailment\tB.\t0\tA.\n",
        [("0", pair(0))],
    ),
    ("missing labels written as -1", "rte", "test", RTE + b"0\tA.\tB.\t-1\n", [("0", pair(-1))]),
    ("a test file with labels", "rte", "test", RTE + b"0\tA.\tB.\tnot_entailment\n", [("0", pair(1))]),
    (
        "STS-B's columns",
        "stsb",
        "validation",
        b"index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
        b"0\tg\tf\t2012\t1\tnone\tnone\tA.\tB.\t3.750\n1\tg\tf\t2012\t1\tnone\tnone\tA.\tB.\t0\n",
        [("0", pair(3.75)), ("1", pair(0.0))],
    ),
    (
        "STS-B's test",
        "stsb",
        "test",
        b"index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\n0\tg\tf\ty\t1\tn\tn\tA.\tB.\n",
        [("0", pair(-1.0))],
    ),
    (
        "missing scores written as -1.0",
        "stsb",
        "test",
        b"sentence1\tsentence2\tscore\nA.\tB.\t-1.0\n",
        [("0", pair(-1.0))],
    ),
    (
        "MNLI's 12 columns",
        "mnli",
        "train",
        f"{MNLI_WIDE}label1\tgold_label\n0\t1\t1n\tg\t\t\t\t\tP.\tH.\tneutral\tcontradiction\n".encode(),
        [("0", {"premise": "P.", "hypothesis": "H.", "label": 2})],
    ),
    (
        "MNLI's 16 columns",
        "mnli_matched",
        "validation",
        f"{MNLI_WIDE}label1\tlabel2\tlabel3\tlabel4\tlabel5\tgold_label\n"
        "0\t1\t1n\tg\t\t\t\t\tP.\tH.\tentailment\te\te\te\te\tneutral\n".encode(),
        [("0", {"premise": "P.", "hypothesis": "H.", "label": 1})],
    ),
    (
        "MNLI's 10 columns",
        "mnli_mismatched",
        "test",
        f"{MNLI_WIDE.rstrip()}\n0\t1\t1n\tg\t\t\t\t\tP.\tH.\n".encode(),
        [("0", {"premise": "P.", "hypothesis": "H.", "label": -1})],
    ),
    (
        "empty texts",
        "qnli",
        "validation",
        b"index\tquestion\tsentence\tlabel\n0\t\t\tentailment\n",
        [("0", {"question": "", "sentence": "", "label": 0})],
    ),
    ("WNLI's 0 and 1", "wnli", "validation", RTE + b"0\tA.\tB.\t1\n", [("0", pair(1))]),
    (
        "incomplete rows of QQP in train",
        "qqp",
        "train",
        QQP
        + b"1\t2\t3\tWhy?\tHow?\t1\n4\t5\t6\t\tHow?\t0\n7\t8\t9\tWhy?\n"
        + b"10\t11\t12\tWhy?\tHow?\t\n13\t14\t15\tWho?\tWhen?\t0\n",
        [
            ("0", {"question1": "Why?", "question2": "How?", "label": 1}),
            ("4", {"question1": "Who?", "question2": "When?", "label": 0}),
        ],
    ),
    (
        "incomplete rows of QQP in test",
        "qqp",
        "test",
        b"id\tquestion1\tquestion2\r\n0\t\tHow?\r\n1\tWhy?\t\r\n",
        [
            ("0", {"question1": "", "question2": "How?", "label": -1}),
            ("1", {"question1": "Why?", "question2": "", "label": -1}),
        ],
    ),
    (
        "missing ids of QQP do not make a row incomplete",
        "qqp",
        "validation",
        QQP + b"\t\t\tWhy?\tHow?\t1\n",
        [("0", {"question1": "Why?", "question2": "How?", "label": 1})],
    ),
]


@pytest.mark.parametrize(("task", "split", "content", "examples"), [q[1:] for q in QUIRKS], ids=[q[0] for q in QUIRKS])
def test_quirks(
    tmp_path: Path, task: str, split: str, content: bytes, examples: list[tuple[str, dict[str, Any]]]
) -> None:
    found = read(tmp_path, task, split, content)
    assert found == examples
    assert all(type(a["label"]) is type(b["label"]) for (_, a), (_, b) in zip(found, examples, strict=True))
