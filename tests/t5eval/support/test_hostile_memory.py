"""Hostile files that once filled the memory: the peak of a process that reads one, over that of one that reads none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MEASURED = """
import resource, sys
import task_specs
from t5eval.data import open_split
from t5eval.metrics.summarisation import pair_scores
from t5eval.support.errors import DataError
from pathlib import Path
pair_scores(["a b"], ["b a"], True)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{body}
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def megabytes(body: str) -> int:
    """Returns by how many megabytes a process's peak rises while it runs some code."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(body=body)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


SQUAD = """
try:
    print(len(list(open_split(task_specs.get("squad/v1.1"), "validation", Path({folder!r})))), file=sys.stderr)
except DataError as error:
    assert {message!r} in str(error), error
else:
    assert not {message!r}
"""
QUESTION = '{"id": "q%d", "question": "?", "answers": []}'
PARAGRAPH = '{"context": "%s", "qas": [' + QUESTION + "]}"


@pytest.mark.parametrize(
    ("head", "part", "tail", "message"),
    [
        # 63 MB each, which took 1.6 GB.
        ('{"version": "1.1", "data": [', "{}," * 21_000_000, "{}]}", "data[0]: has no 'title'"),
        (
            '{"version": "1.1", "data": [{"title": "t", "paragraphs": [',
            "[]," * 21_000_000,
            "[]]}]}",
            "data[0].paragraphs[0]: expected an object",
        ),
        ('{"version": "1.1", "data": [], "x": [', "[]," * 21_000_000, "[]]}", "a value of more than 4,194,304"),
        ('{"version": "1.1", "data": [{"title": "', "x" * 63_000_000, '"}]}', "a value of more than 4,194,304"),
    ],
    ids=["articles", "paragraphs", "value", "text"],
)
def test_a_document_of_squad(tmp_path: Path, head: str, part: str, tail: str, message: str) -> None:
    path = tmp_path / "squad" / "dev-v1.1.json"
    path.parent.mkdir()
    path.write_text(head + part + tail)
    assert megabytes(SQUAD.format(folder=str(tmp_path), message=message)) < 250


def test_a_large_document_of_squad_that_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "squad" / "dev-v1.1.json"
    path.parent.mkdir()
    paragraphs = ",".join(PARAGRAPH % ("x" * 60_000, i) for i in range(1000))
    path.write_text(f'{{"data": [{{"paragraphs": [{paragraphs}], "title": "t"}}], "version": "1.1"}}')
    body = """
for count, example in enumerate(open_split(task_specs.get("squad/v1.1"), "validation", Path({folder!r})), 1):
    assert example.features["title"] == "t"
assert count == 1000
"""
    assert megabytes(body.format(folder=str(tmp_path))) < 50


ROUGE = """
import random, time
words = random.Random(0).choices([chr(97 + i) for i in range(26)], k=75_000)
texts = " ".join(words), " ".join(reversed(words))
start = time.process_time()
found = pair_scores([texts[0], "a b"], [texts[1], "a b"], {stemmer})
assert time.process_time() - start < 60
assert found["rouge1"].tolist() == [1, 1]
assert 0.3 < found["rougeL"][0] < 0.5
assert found["rougeLsum"][0] == found["rougeL"][0]
"""


def test_rouge_of_two_lines_of_150_kb() -> None:
    """It took 2.5 GB. As one sentence each, their summary-level subsequence is that of the whole texts."""
    assert megabytes(ROUGE.format(stemmer=False)) < 150
