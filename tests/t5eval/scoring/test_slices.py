"""Scores by slice: AX's categories against scikit-learn, what is computed, and columns of one's own."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import matthews_corrcoef

import t5eval
import task_specs
from t5eval.cli.score_table import slice_lines
from t5eval.data import open_split
from t5eval.runs.results_schema import fault_of
from t5eval.scoring.score import evaluation_pair, judge
from t5eval.scoring.slices import COUNTS, INPUT_WORDS, _bin, sliced
from task_specs import Example
from task_specs.support.errors import UserError
from tests.t5eval.data.test_files_of_pairs import ROW, task
from tests.t5eval.data.test_parallel_text import REF, SGM, write

CLASSES = ("entailment", "neutral", "contradiction")
COLUMNS = ("Lexical Semantics", "Predicate-Argument Structure", "Logic", "Knowledge", "Domain")


def named(column: str) -> str:
    return column.lower().replace(" ", "_").replace("-", "_")


def made_up(number: int) -> str:
    """Returns a class that says nothing of its example but is not the same for all."""
    return CLASSES[number * number % 7 % 3]


def counts(name: str, examples: list[Example], *by: str) -> dict[str, dict[str, int]]:
    spec = task_specs.get(name)
    found, faults = sliced(spec, "validation", examples, judge(spec, examples, {}), by)
    assert not faults
    return {name: {value: one.n for value, one in values.items()} for name, values in found.items()}


def test_ax_by_category_is_scikit_learns_matthews(shared_data: Path) -> None:
    file = shared_data / "glue" / "diagnostic" / "diagnostic-full.tsv"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    header, *lines = file.read_text(encoding="utf-8").rstrip("\n").split("\n")
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    said = [made_up(number) for number in range(len(rows))]
    by = [named(column) for column in COLUMNS]
    found = t5eval.score("glue/ax", said, data=shared_data, split="test", by=by).to_json()["slices"]
    assert list(found) == by
    for column in COLUMNS:
        values = {value for row in rows for value in row[column].split(";")} - {""}
        assert set(found[named(column)]) == values
        for value in values:
            mine = [number for number, row in enumerate(rows) if value in row[column].split(";")]
            expected = matthews_corrcoef([rows[i]["Label"] for i in mine], [said[i] for i in mine])
            slice_ = found[named(column)][value]
            assert slice_["n"] == len(mine)
            assert slice_["scores"]["matthews"]["value"] == pytest.approx(100 * expected)
            low, high = slice_["scores"]["matthews"]["ci95"]
            assert low <= 100 * expected <= high
            assert f"|n:{len(mine)}|" in slice_["scores"]["matthews"]["signature"]
            assert slice_.get("few", False) == (len(mine) < 30)


def test_ax_b_has_the_columns_of_its_own_file(shared_data: Path) -> None:
    file = shared_data / "super_glue" / "AX-b" / "AX-b.jsonl"
    if not file.is_file():
        pytest.skip(f"{file} is not here")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    said = [{"neutral": "not_entailment"}.get(made_up(i), "entailment") for i in range(len(rows))]
    by = [named(column) for column in COLUMNS[:4]]
    found: Any = t5eval.score("super_glue/axb", said, data=shared_data, split="test", by=by)
    for name, values in found.score.slices.items():
        own = [row.get(name.replace("_", "-"), "") for row in rows]
        assert {v: one.n for v, one in values.items()} == Counter(v for text in own for v in text.split(";") if v)
        value = next(iter(values))
        mine = [i for i, text in enumerate(own) if value in text.split(";")]
        expected = matthews_corrcoef([rows[i]["label"] for i in mine], [said[i] for i in mine])
        assert values[value].scores["matthews"].value == pytest.approx(100 * expected)


GENRE_ROW = ROW.replace('test = "test-FILE"}', 'test = "test-FILE"}, slices = {genre = "Genre", year = "y"}')
ROWS = [("fr?", "Paris", "news; web", 2020), ("de?", "Rome", "news", 2021), ("it?", "Rome", "", 2021)]


@pytest.mark.parametrize("kind", ["tsv", "csv", "json_lines"])
def test_a_column_of_ones_own(tmp_path: Path, kind: str) -> None:
    if kind == "json_lines":
        lines = [json.dumps({"inputs": i, "targets": t, "Genre": g, "y": y}) for i, t, g, y in ROWS]
    else:
        sep = {"tsv": "\t", "csv": ","}[kind]
        lines = [sep.join(map(str, row)) for row in [("inputs", "targets", "Genre", "y"), *ROWS]]
    spec = task(tmp_path, kind, "\n".join(lines), row=GENRE_ROW)
    examples = list(open_split(spec, "validation", tmp_path))
    assert set(examples[0].features) <= {"inputs", "targets", "label"}
    assert [evaluation_pair(spec, example).inputs for example in examples] == ["fr?", "de?", "it?"]
    bare = replace(spec, source=replace(spec.source, slices={}))  # type: ignore[type-var]
    assert spec.fingerprint == bare.fingerprint
    assert task_specs.from_plain(spec.to_dict(), "row") == spec
    found = t5eval.score(
        tmp_path / "task.toml", ["Paris"] * 3, data=tmp_path, split="validation", by=("genre", "year")
    ).to_json()["slices"]
    assert {v: (one["n"], one["scores"]["em"]["value"], one["few"]) for v, one in found["genre"].items()} == {
        "news": (2, 50.0, True),
        "web": (1, 100.0, True),
    }
    assert {v: one["n"] for v, one in found["year"].items()} == {"2020": 1, "2021": 2}


def test_bins() -> None:
    said = {number: _bin(number, INPUT_WORDS) for number in (0, 16, 17, 512, 513)}
    assert said == {0: "0-16", 16: "0-16", 17: "17-32", 512: "257-512", 513: "513+"}
    assert [_bin(number, COUNTS) for number in (0, 1, 3, 4, 5, 50, 51)] == ["0", "1", "3", "4-5", "4-5", "21-50", "51+"]


def test_squads_questions() -> None:
    def question(number: int, text: str, *answers: str) -> Example:
        starts = [0] * len(answers)
        known = {"id": str(number), "title": "t", "context": "In 1990 Ann Lee left", "question": text}
        answered = {"text": list(answers), "answer_start": starts}
        return Example(str(number), {**known, "answers": answered, "is_impossible": not answers})

    examples = [
        question(0, "In which year?", "1990", "In 1990"),
        question(1, "Who left?", "Ann Lee"),
        question(2, "X?"),
    ]
    by = ("question_word", "answerable", "answer_length", "input_length", "overlap")
    assert counts("squad/v2.0", examples, *by) == {
        "question_word": {"other": 1, "which": 1, "who": 1},
        "answerable": {"yes": 2, "no": 1},
        "answer_length": {"1": 1, "2": 1},
        "input_length": {"0-16": 3},
        "overlap": {"all": 2},
    }


def test_a_question_of_multirc_is_whole_wherever_it_stands() -> None:
    labels = {"0/0/0": 0, "0/0/1": 1, "0/1/0": 0, "1/0/0": 0, "1/0/1": 0}
    texts = {"paragraph": "p", "question": "What?", "answer": "a"}
    examples = [Example(i, {**texts, "label": label, "idx": {}}) for i, label in labels.items()]
    assert counts("super_glue/multirc", examples, "group_size", "label") == {
        "group_size": {"1": 1, "2": 4},
        "label": {"False": 5, "True": 2},
    }
    spec = task_specs.get("super_glue/multirc")
    judged = judge(spec, examples, {**dict.fromkeys(labels, "False"), "0/0/1": "True", "1/0/1": "True"})
    found, _ = sliced(spec, "validation", examples, judged, ["group_size"])
    assert found["group_size"]["2"].scores["em"].value == 50.0  # of two questions one is right in all answers
    pairs = [Example(str(i), {"premise": "p", "hypothesis": "h", "label": i % 2}) for i in range(4)]
    assert counts("super_glue/axg", pairs, "label") == {"label": {"entailment": 4, "not_entailment": 4}}


def test_wmts_documents(tmp_path: Path) -> None:
    write(tmp_path, {"dev/newstest2014-ende-src.en.sgm": SGM, "dev/newstest2014-ende-ref.de.sgm": REF})
    examples = list(open_split(task_specs.get("wmt14/en-de"), "test", tmp_path))
    assert counts("wmt14/en-de", examples, "document", "origlang") == {
        "document": {"d1": 3, "d2": 1},
        "origlang": {"en": 3},
    }


def test_the_table_and_names_that_are_not_there() -> None:
    ask: Any = {"data": t5eval.suite_folder(), "split": "validation"}
    found: Any = t5eval.score("glue/rte", ["entailment"] * 80, by="label", **ask)
    lines = list(slice_lines(found.score))
    assert lines == [
        "glue/rte validation by label",
        "                               n                      value  95 % interval",
        "  entailment                  40 accuracy            100.00  [91.24, 100.00]",
        "  not_entailment              40 accuracy              0.00  [0.00, 8.76]",
    ]
    assert max(map(len, lines)) <= 80
    with pytest.raises(UserError, match=r"glue/rte validation has no 'lable'.*it has input_length, .* 'label'\?"):
        t5eval.score("glue/rte", ["entailment"] * 80, by=["label", "lable"], **ask)
    with pytest.raises(UserError, match="--references are only the true texts"):
        t5eval.score("wmt14/en-de", ["a"], references=["a"], by="label")


def test_a_folder_of_tasks_says_which_lack_a_name(tmp_path: Path) -> None:
    suite = t5eval.suite_folder()
    for name, text in (("glue/rte", "entailment\n"), ("glue/stsb", "1.0\n")):
        file = tmp_path / name / "validation.jsonl"
        file.parent.mkdir(parents=True)
        file.write_text(text * sum(1 for _ in open_split(task_specs.get(name), "validation", suite)))
    found = t5eval.score("glue", tmp_path, data=suite, by="label")
    results = found.to_json()["results"]
    assert set(results["glue/rte"]["validation"]["slices"]["label"]) == {"entailment", "not_entailment"}
    assert "slices" not in results["glue/stsb"]["validation"]
    assert any("glue/stsb validation has no 'label'" in note for note in found.notes)
    with pytest.raises(UserError, match=r"no split in .* has any of these"):
        t5eval.score("glue", tmp_path, data=suite, by="logic")


def test_an_evaluation_has_the_columns_of_the_row(tmp_path: Path) -> None:
    suite = t5eval.suite_folder()
    examples = list(open_split(task_specs.get("glue/ax"), "test", suite, with_labels=True))
    file = tmp_path / "given.jsonl"
    file.write_text("".join(json.dumps({"id": e.id, "prediction": made_up(int(e.id))}) + "\n" for e in examples))
    t5eval.evaluate(f"predictions:{file}", "glue/ax", data=suite, out=tmp_path / "run")
    document = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    assert fault_of(document, whole=True) == ""
    slices = document["results"]["glue/ax"]["test"]["slices"]
    assert {*slices, "logic"} <= {named(column) for column in COLUMNS}
    again = t5eval.score("glue/ax", file, data=suite, split="test", by=list(slices)).to_json()
    assert again["slices"] == slices
