"""Predictions and references in the forms that people have: each gives the same score as plain text, or one line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import sacrebleu

import t5eval
from t5eval.scoring.prediction_files import read_predictions
from t5eval.scoring.text_files import recognise
from task_specs import UserError

IDS = ["a", "b", "c"]
TEXTS = ["Das ist ein Haus .", 'Hier, \t "und" dort\nauf zwei Zeilen .', "Und noch – einer ."]
RIGHT = dict(zip(IDS, TEXTS, strict=True))


def lines(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(header: list[str], rows: list[list[str]], delimiter: str = ",") -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return file.getvalue()


def samples(i: int, text: Any, **more: Any) -> dict[str, Any]:
    """What lm-evaluation-harness logs of a generated answer."""
    answers = {"resps": [[text]], "filtered_resps": [text]} if isinstance(text, str) else text
    return {"doc_id": i, "doc": {"id": 7}, "target": "gold", "arguments": {"gen_args_0": {}}, **answers, **more}


BY_ID = {
    "lines": lines(*({"id": i, "prediction": t} for i, t in RIGHT.items())),
    "object": json.dumps(RIGHT, indent=1),
    "list of objects": json.dumps([{"prediction": t, "id": i, "more": None} for i, t in RIGHT.items()], indent=2),
    "csv": table(["id", "prediction"], [[i, t] for i, t in RIGHT.items()]),
    "tsv": table(["Prediction", "id", "score"], [[t, i, "0.1"] for i, t in RIGHT.items()], "\t"),
}
IN_ORDER = {
    "list": json.dumps(TEXTS),
    "lines without ids": lines(*({"prediction": t} for t in TEXTS)),
    "list of objects without ids": json.dumps([{"prediction": t} for t in TEXTS]),
    "sentences": lines(*(t.split("\n") for t in TEXTS)),
    "list of sentences": json.dumps([t.split("\n") for t in TEXTS], indent=1),
    "csv without ids": table(["source", "prediction"], [["x", t] for t in TEXTS]),
    "samples of lm-evaluation-harness": lines(*(samples(i, t) for i, t in enumerate(TEXTS))),
    "the same as one list": json.dumps([samples(i, t) for i, t in enumerate(TEXTS)][::-1]),
}
ONLY_PREDICTIONS = [name for name in IN_ORDER if "sample" in name or "same" in name]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("form", [*BY_ID, *IN_ORDER])
def test_every_form_says_the_same(tmp_path: Path, form: str, encoding: str) -> None:
    path = tmp_path / "p"
    path.write_text({**BY_ID, **IN_ORDER}[form], encoding=encoding, newline="")
    assert read_predictions(path, IDS) == RIGHT
    if form not in ONLY_PREDICTIONS:  # their references are in other places
        found = t5eval.score("wmt14/en-de", path, references=path).score
        assert found.scores["bleu"].value == pytest.approx(100)
        assert (found.n, found.missing) == (3, 0)


def test_a_table_of_one_column_is_known_by_its_name(tmp_path: Path) -> None:
    for suffix, delimiter in ((".csv", ","), (".tsv", "\t")):
        path = tmp_path / f"p{suffix}"
        path.write_text(table(["prediction"], [[t] for t in TEXTS], delimiter), newline="")
        assert read_predictions(path, IDS) == RIGHT
    (tmp_path / "p.txt").write_text("prediction\nyes\nno\n")
    assert read_predictions(tmp_path / "p.txt", IDS) == {"a": "prediction", "b": "yes", "c": "no"}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("id,prediction\n1,x\n", "csv"),
        ("index\tprediction\n0\tx\n", "tsv"),
        ("Well, prediction is hard\n", "text"),
        ("prediction, prediction\n", "text"),
        ("id,answer\n1,x\n", "text"),
        ('[{"id": 0, "predic', "json"),
        ('["a", "b"]\n["c"]\n', "jsonl"),
        ('["a"]\nplain\n', "text"),
        ('["yes"]\n', "text"),
        ("[1, 2]\n", "text"),
        ('{"doc_id": 0, "filtered_re', "jsonl"),
    ],
)
def test_recognition(text: str, form: str) -> None:
    assert recognise(text) == form


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lines({"id": "a", "prediction": "x"}, {"prediction": "y"}), "p: line 2: has no id, as the lines before have"),
        (table(["id", "prediction"], [["a", "x"], ["b"]]), "p: line 3: 1 columns, the header has 2"),
        ('id,prediction\na,"x', "p: line 2: not a table as spreadsheets save it: unexpected end of data"),
        (table(["id", "prediction"], [["a", "x"], ["a", "y"]]), "p: line 3: a second prediction for id 'a'"),
        (lines(samples(0, {"filtered_resps": [["-1.5", "False"]]})), "p: line 1: no generated text, but such as log-l"),
        (lines(samples(9, "x")), "p: line 1: unknown id '9'"),
        (
            lines(samples(0, "x", filter="strict-match"), samples(0, "y", filter="flexible-extract")),
            "p: line 2: another filter's answers; keep the lines of one filter",
        ),
        (json.dumps([{"id": 0, "answer": "x"}]), "p: expected an object with id and prediction, got"),
        (lines({"prediction": "x"}), "p: 1 lines for 3 examples; without ids there is one for each"),
    ],
)
def test_what_is_no_such_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "p").write_text(text, newline="")
    with pytest.raises(UserError) as caught:
        read_predictions(tmp_path / "p", IDS)
    assert str(caught.value).removeprefix(f"{tmp_path}/").startswith(message)


def test_several_sets_of_references(tmp_path: Path) -> None:
    sets = [TEXTS, [t.replace("Haus", "Heim") for t in TEXTS], [t.replace("einer", "eine") for t in TEXTS]]
    said = ["Das ist das Heim .", "Hier und dort\nauf zwei Zeilen .", "Und noch – eine ."]
    paths = [tmp_path / str(i) for i in range(3)]
    paths[0].write_text(json.dumps(RIGHT))
    for path, texts in zip(paths[1:], sets[1:], strict=True):
        path.write_text(lines(*({"id": i, "reference": t} for i, t in zip(IDS, texts, strict=True))))
    found = t5eval.score("wmt14/en-de", dict(zip(IDS, said, strict=True)), references=paths, metrics="ter")
    expected = sacrebleu.corpus_bleu(said, sets, force=True).score
    assert found.score.scores["bleu"].value == expected
    assert "|nrefs:3|" in found.score.scores["bleu"].signature
    assert found.score.scores["ter"].value == sacrebleu.corpus_ter(said, sets).score
    assert found.score.scores["ter"].ci95 is not None
    assert len(found.data.files) == 3
    mappings = [dict(zip(IDS, texts, strict=True)) for texts in sets]
    assert t5eval.score("wmt14/en-de", said, references=mappings).score.scores["bleu"].value == expected
    paths[1].write_text(lines({"id": "a", "reference": "x"}))
    with pytest.raises(UserError, match="1: 2 of 3 references of another set have none here, the first being 'b'"):
        t5eval.score("wmt14/en-de", said, references=paths)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (str.lower, "20 of 20 texts have no capital letter: the text was lower-cased (id 0, 1, 2, ...)"),
        (
            lambda text: text.replace(".", " .").replace(",", " ,"),
            "20 of 20 texts have a space before each stop or comma",
        ),
        (lambda text: text.replace("Haus", "Ha@@ us"), "20 of 20 texts have `@@`"),
        (lambda text: text.replace("und", "&amp;"), "20 of 20 texts have HTML entities"),
    ],
)
def test_what_makes_a_corpus_score_meaningless_is_said(change: Any, message: str) -> None:
    texts = [f"Das Haus und zwei Türen, Nummer {i}." for i in range(20)]
    found = t5eval.score("wmt14/en-de", [change(text) for text in texts], references=texts)
    assert [note[: len(message)] for note in found.notes] == [message]
    assert t5eval.score("wmt14/en-de", [change(t) for t in texts], references=[change(t) for t in texts]).notes == []
    once = t5eval.score("wmt14/en-de", [change(texts[0]), *texts[1:]], references=texts)
    assert once.notes == []


def test_what_a_vocabulary_lacks_is_said_once() -> None:
    references = [f"Das Haus und zwei Türen, Nummer {i}." for i in range(20)]
    texts = [references[0].replace("zwei", "⁇"), references[1].replace("ü", "<unk>"), *references[2:]]
    (note,) = t5eval.score("wmt14/en-de", texts, references=references).notes
    assert note == "2 of 20 answers (10.0 %) have ⁇ or <unk>, which stand for what a vocabulary lacks"
