"""What stands in a submission is what is scored, by the official scripts' definitions written out again."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import pearsonr

import leaderboards
import t5eval
import task_specs
from t5eval.data import open_split
from t5eval.scoring.score import SplitScore
from task_specs import UserError
from task_specs.answers.punctuation import pad_punctuation
from tests.t5eval.metrics.test_question_answering import official_1, official_2
from tests.t5eval.squad_documents import version_2, write

SUITE = t5eval.suite_folder()


def values(score: SplitScore, *names: str) -> dict[str, float | None]:
    return {name: score.scores[name].value for name in names or score.scores}


def truths(task: str, data: Path) -> dict[str, list[str]]:
    return {e.id: list(e.features["answers"]["text"]) for e in open_split(task_specs.get(task), "validation", data)}


@pytest.fixture(scope="session")
def bert(shared_data: Path) -> dict[str, str]:
    """The published predictions of a BERT ensemble."""
    path = shared_data / "predictions" / "squad" / "bert_ensemble.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_word_for_no_answer_is_an_answer(tmp_path: Path) -> None:
    data = write(tmp_path / "data", version_2(), "dev-v2.0.json")
    true = truths("squad/v2.0", data)
    answers = {q: texts[0] if texts else "unanswerable" for q, texts in true.items()}
    none = sum(not texts for texts in true.values())
    (tmp_path / "p.json").write_text(json.dumps(answers))
    found = t5eval.score("squad/v2.0", submission=tmp_path / "p.json", data=data, split="validation")
    assert values(found.score) == pytest.approx(official_2(true, answers))
    assert found.score.scores["no_ans_em"].value == 0
    way = "for no answer the official scorer takes the empty text alone"
    odd = f"{none} of {len(true)} answers are 'unanswerable'; {way}"
    assert found.notes[-1] == odd
    assert odd in t5eval.check("squad", tmp_path / "p.json", data=data).notes
    # A model's predictions are read as T5 writes them, and both scores stand side by side.
    mapped = t5eval.score("squad/v2.0", tmp_path / "p.json", data=data, split="validation").score
    assert (mapped.scores["em"].value, mapped.changed) == (100, none)
    assert values(mapped, "em_as_written", "f1_as_written") == pytest.approx(
        {f"{name}_as_written": official_2(true, answers)[name] for name in ("em", "f1")}
    )


def test_padded_answers_are_scored_padded(shared_data: Path, bert: dict[str, str], tmp_path: Path) -> None:
    true = truths("squad/v1.1", shared_data)
    padded = {q: pad_punctuation(text) for q, text in bert.items()}
    (tmp_path / "p.json").write_text(json.dumps(padded))
    found = t5eval.score("squad/v1.1", submission=tmp_path / "p.json", data=shared_data, split="validation")
    official = official_1(true, padded)
    assert values(found.score, "em", "f1") == pytest.approx(official)
    assert official == {"em": pytest.approx(78.20, abs=0.005), "f1": pytest.approx(86.66, abs=0.005)}
    odd = "1,673 of 10,570 answers are written with T5's padding, which the official scorer does not undo"
    assert odd in found.notes
    mapped = t5eval.score("squad/v1.1", tmp_path / "p.json", data=shared_data, split="validation").score
    assert (round(mapped.scores["em"].value or 0, 3), round(mapped.scores["f1"].value or 0, 3)) == (86.206, 92.196)
    assert values(mapped, "em_as_written", "f1_as_written") == pytest.approx(
        {f"{name}_as_written": value for name, value in official.items()}
    )
    assert (mapped.changed, mapped.unmapped) == (1673, 1)


def test_published_answers_are_scored_as_the_official_script_does(
    shared_data: Path, bert: dict[str, str], tmp_path: Path
) -> None:
    true = truths("squad/v1.1", shared_data)
    (tmp_path / "p.json").write_text(json.dumps(bert))
    found = t5eval.score("squad/v1.1", submission=tmp_path / "p.json", data=shared_data, split="validation").score
    assert values(found, "em", "f1") == pytest.approx(official_1(true, bert))
    assert (round(found.scores["em"].value or 0, 3), round(found.scores["f1"].value or 0, 3)) == (86.206, 92.196)


def test_foreign_ids_are_counted_and_may_be_ignored(shared_data: Path, bert: dict[str, str], tmp_path: Path) -> None:
    true = truths("squad/v1.1", shared_data)
    published = dict(list(bert.items())[13:]) | {f"foreign-{i}": "x" for i in range(28)}
    path = tmp_path / "p.json"
    path.write_text(json.dumps(published))
    message = (
        r"p.json: 28 unknown ids: 'foreign-0', .*'foreign-4' and 23 more; this split's 10,570 ids .* and 13 of them"
    )
    with pytest.raises(UserError, match=message):
        t5eval.score("squad/v1.1", path, data=shared_data, split="validation")
    found = t5eval.score("squad/v1.1", path, data=shared_data, split="validation", ignore_unknown=True)
    assert values(found.score, "em", "f1") == pytest.approx(official_1(true, published))
    assert found.score.missing == 13
    assert any(note.startswith("28 predictions of unknown ids are ignored: 'foreign-0', ") for note in found.notes)


def test_unknown_ids_of_a_small_split() -> None:
    said = {str(i): "entailment" for i in range(80)}
    found = t5eval.score("glue/rte", said | {"80": "x", "a": "y"}, data=SUITE, split="validation", ignore_unknown=True)
    plain = t5eval.score("glue/rte", said, data=SUITE, split="validation").score.to_json()
    note = "2 predictions of unknown ids are ignored: '80', 'a'"
    assert found.score.to_json() == {**plain, "causes": [note]}
    assert note in found.notes
    with pytest.raises(UserError, match=r"2 unknown ids: '80', 'a'; .*`t5eval score --ignore-unknown` leaves them out"):
        t5eval.score("glue/rte", said | {"80": "x", "a": "y"}, data=SUITE, split="validation")
    with pytest.raises(UserError, match="--ignore-unknown is for --predictions"):
        t5eval.score("glue/rte", submission="x", data=SUITE, split="validation", ignore_unknown=True)


def true_values(task: str, split: str) -> dict[str, Any]:
    spec = task_specs.get(task)
    found = {}
    for example in open_split(spec, split, SUITE, with_labels=True):
        gold = spec.answer.gold(example.features, "0")
        found[example.id] = 0 if gold is None else gold.value
    return found


def edited(path: Path, file: str, edit: Callable[[str], str]) -> None:
    """Changes one file of a zip."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    files[file] = edit(files[file])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def test_the_other_files_of_an_archive_do_not_matter(tmp_path: Path) -> None:
    out = tmp_path / "s.zip"
    glue = {"glue/ax": true_values("glue/ax", "test"), "glue/qqp": true_values("glue/qqp", "validation")}
    leaderboards.get("glue").write(out, glue)
    edited(out, "QQP.tsv", lambda text: "".join(text.splitlines(keepends=True)[:10]))
    found = t5eval.score("glue/ax", submission=out, data=SUITE, split="test").score
    assert found.scores["matthews"].value == pytest.approx(100)
    with pytest.raises(UserError, match=r"QQP.tsv: .* missing"):
        t5eval.score("glue/qqp", submission=out, data=SUITE, split="validation")
    with pytest.raises(
        UserError, match=r"has no RTE.tsv with answers to glue/rte to score; it answers glue/qqp, glue/ax"
    ):
        t5eval.score("glue/rte", submission=tmp_path / "s.zip", data=SUITE, split="validation")

    leaderboards.get("super_glue").write(
        out, {name: true_values(name, "test") for name in ("super_glue/cb", "super_glue/axb")}
    )
    edited(out, "CB.jsonl", lambda text: text.replace('"label": "', '"label": "no ', 1))
    found = t5eval.score("super_glue/axb", submission=out, data=SUITE, split="test").score
    assert found.scores["matthews"].value == pytest.approx(100)
    edited(out, "AX-b.jsonl", lambda text: text.replace('"label": "', '"label": "no ', 1))
    with pytest.raises(UserError, match=r"AX-b.jsonl:1: label .no not_entailment"):
        t5eval.score("super_glue/axb", submission=out, data=SUITE, split="test")


def test_numbers_out_of_range_are_counted(tmp_path: Path) -> None:
    true = true_values("glue/stsb", "validation")
    said = {i: 5.02 if n % 9 == 0 else -0.02 if n % 9 == 1 else float(n % 6) for n, i in enumerate(true)}
    path = tmp_path / "STS-B.tsv"
    path.write_text("index\tprediction\n" + "".join(f"{i}\t{number}\n" for i, number in said.items()))
    found = t5eval.score("glue/stsb", submission=path, data=SUITE, split="validation")
    assert found.score.scores["pearson"].value == pytest.approx(
        100 * pearsonr(list(true.values()), list(said.values())).statistic
    )
    outside = sum(not 0 <= number <= 5 for number in said.values())
    assert (found.score.out_of_range, found.score.to_json()["out_of_range"]) == (outside, outside)
    assert any(note.endswith("are out of range; scored as they are") for note in found.notes)
    by_text = t5eval.score("glue/stsb", {i: str(n) for i, n in said.items()}, data=SUITE, split="validation").score
    assert by_text.to_json() == found.score.to_json()
    assert t5eval.check("glue", path, data=SUITE).status == "invalid"  # the leaderboard refuses them
    path.write_text(path.read_text().replace("\t5.02\n", "\tmuch\n", 1))
    with pytest.raises(UserError, match=r"STS-B.tsv:2: 'much' is not a number; expected one from 0 to 5"):
        t5eval.score("glue/stsb", submission=path, data=SUITE, split="validation")


def test_marks_of_what_a_vocabulary_lacks_are_counted() -> None:
    said = ["a ⁇  b", "<unk>", "a b", "unk"]
    found = t5eval.score("wmt14/en-de", said, references=["a ~ b", "ß", "a b", "unk"])
    assert found.score.to_json()["unknown_pieces"] == 2
    assert "2 of 4 answers (50.0 %) have ⁇ or <unk>, which stand for what a vocabulary lacks" in found.notes
