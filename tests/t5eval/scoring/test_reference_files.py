"""References are read in every form that predictions have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sacrebleu

import t5eval
from task_specs import UserError

TEXTS = ["Das ist ein Haus .", "Hier steht ein zweiter Satz .", "Und noch einer ."]
IDS = ["a", "b", "c"]


def lines(key: str, *, ids: bool = True) -> str:
    rows = [{**({"id": i} if ids else {}), key: text} for i, text in zip(IDS, TEXTS, strict=True)]
    return "".join(json.dumps(row) + "\n" for row in rows)


FORMS = {
    "lines of predictions": lines("prediction"),
    "lines of references": lines("reference"),
    "one object": json.dumps(dict(zip(IDS, TEXTS, strict=True)), indent=1),
    "one list": json.dumps(TEXTS),
    "one list, indented": json.dumps(TEXTS, indent=1),
    "text": "\n".join(TEXTS),
}


def bleu(score: Any) -> float | None:
    return score.score.scores["bleu"].value  # type: ignore[no-any-return]


@pytest.mark.parametrize("form", FORMS)
def test_a_file_against_itself_is_perfect(tmp_path: Path, form: str) -> None:
    path = tmp_path / "same"
    path.write_text(FORMS[form])
    if form != "lines of references":
        found = t5eval.score("wmt14/en-de", path, references=path)
        assert (bleu(found), found.score.n, found.score.missing) == (pytest.approx(100), 3, 0)
    said = ["Das ist ein Haus .", "Hier steht kein Satz .", "Und noch einer ."]
    expected = sacrebleu.corpus_bleu(said, [TEXTS], force=True).score
    assert bleu(t5eval.score("wmt14/en-de", said, references=path)) == pytest.approx(expected)


def test_ids_decide_not_the_order(tmp_path: Path) -> None:
    said = dict(reversed(list(zip(IDS, TEXTS, strict=True))))
    (tmp_path / "r").write_text(FORMS["lines of references"])
    assert bleu(t5eval.score("wmt14/en-de", said, references=tmp_path / "r")) == pytest.approx(100)
    assert bleu(t5eval.score("wmt14/en-de", said, references=dict(zip(IDS, TEXTS, strict=True)))) == pytest.approx(100)
    with pytest.raises(UserError, match="unknown id '7'"):
        t5eval.score("wmt14/en-de", {**said, "7": "x"}, references=tmp_path / "r")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((lines("reference") * 2).encode(), "r: line 4: a second reference for id 'a'"),
        ((lines("reference") + lines("reference", ids=False)).encode(), "r: line 4: has no id, as the lines before"),
        ((lines("reference", ids=False) + lines("reference")).encode(), "r: line 4: has an id, as no line before"),
        (b'{"a": "x", "a": "y"}', "r: a second reference for id 'a'"),
        (b'{"a": "x", "b": 3}', "r: the reference for id 'b' must be a string"),
    ],
)
def test_what_is_no_file_of_references(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "r").write_bytes(content)
    with pytest.raises(UserError, match=message):
        t5eval.score("wmt14/en-de", TEXTS, references=tmp_path / "r")


def test_predictions_may_be_one_list(tmp_path: Path) -> None:
    (tmp_path / "p").write_text(json.dumps(TEXTS))
    assert bleu(t5eval.score("wmt14/en-de", tmp_path / "p", references=TEXTS)) == pytest.approx(100)
    with pytest.raises(UserError, match="p: 3 texts for 2 examples"):
        t5eval.score("wmt14/en-de", tmp_path / "p", references=TEXTS[:2])
    (tmp_path / "p").write_bytes(b"\xfe\xff" + (TEXTS[0] + "\r\n").encode("utf-16-be"))
    assert bleu(t5eval.score("wmt14/en-de", tmp_path / "p", references=TEXTS[:1])) == pytest.approx(100)
