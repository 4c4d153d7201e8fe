"""Whole commands on translations and summaries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sacrebleu

import task_specs
from t5eval.submissions.submit import submit
from task_specs.support.errors import UserError
from tests.commands.conftest import Command, write_predictions

SGM = '<srcset setid="newstest2017" srclang="any">\n{}\n</srcset>\n'


def text(language: str, row: int) -> str:
    return f"{language} sentence number {row} of the set , with {row % 7} words & a <mark> ."


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """WMT17's test set in its official size, as plain text and with the documents; three articles."""
    folder = tmp_path_factory.mktemp("data")
    plain, dev = folder / "wmt" / "en-de", folder / "wmt" / "dev"
    plain.mkdir(parents=True)
    dev.mkdir()
    for language in ("en", "de"):
        lines = (f"{text(language, row)}\n" for row in range(3004))
        (plain / f"newstest2017.{language}").write_text("".join(lines), encoding="utf-8")
    documents = []
    for start in range(0, 3004, 1502):
        segments = "\n".join(f'<seg id="{i + 1}">{text("en", start + i)}</seg>' for i in range(1502))
        documents.append(f'<doc docid="d{start}" genre="news" origlang="en">\n<p>\n{segments}\n</p>\n</doc>')
    (dev / "newstest2017-ende-src.en.sgm").write_text(SGM.format("\n".join(documents)), encoding="utf-8")
    (folder / "cnn_dailymail").mkdir()
    stories = [{"article": f"a{i}", "highlights": f"One {i} .\nTwo {i} .", "id": f"id{i}"} for i in range(3)]
    (folder / "cnn_dailymail" / "test.jsonl").write_text("".join(json.dumps(s) + "\n" for s in stories))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    records = [(row, text("de", row) if row % 3 else "ein Satz") for row in range(3004)]
    write_predictions(tmp_path / "my run" / "predictions" / "wmt17" / "en-de" / "test.jsonl", records)
    return tmp_path / "my run"


def test_tasks_lists_them_all(t5eval: Command) -> None:
    listed = {task["name"]: task for task in t5eval("tasks", "--json").json}
    assert listed["wmt15/en-fr"]["splits"] == {"validation": 4503, "test": 1500}
    assert listed["wmt15/en-fr"]["aliases"] == ["wmt15_enfr_v003"]
    assert listed["cnn_dailymail"]["submission"] == "test.hypo"
    assert len([name for name in listed if name.startswith(("wmt1", "wmt_t2t"))]) == 14


def test_show(t5eval: Command, data: Path) -> None:
    row = t5eval("show", "wmt17/de-en", "--data-dir", data, "--json").json
    assert row["decode"] == {"method": "beam", "beam_size": 4, "alpha": 0.6}
    assert row["lengths"] == {"inputs": 512, "targets": 512}
    assert row["example"]["inputs"] == f"translate German to English: {text('de', 0)}"
    assert t5eval("show", "cnn_dailymail").status == 0


def test_examples_keep_line_separators_apart(t5eval: Command, tmp_path: Path) -> None:
    folder = tmp_path / "wmt" / "en-de"
    folder.mkdir(parents=True)
    for language in ("en", "de"):
        (folder / f"newstest2014.{language}").write_text("a\u2028b\x85\nc\n", encoding="utf-8")
    printed = t5eval("examples", "wmt_t2t_ende_v003", "--split", "test", "--data-dir", tmp_path).out
    assert [json.loads(line)["inputs"] for line in printed.split("\n")[:-1]] == [
        "translate English to German: a\u2028b\x85",
        "translate English to German: c",
    ]


def test_score_against_data_and_against_references(t5eval: Command, tmp_path: Path) -> None:
    folder = tmp_path / "wmt" / "en-de"
    folder.mkdir(parents=True)
    for language in ("en", "de"):
        (folder / f"newstest2017.{language}").write_text("".join(f"{text(language, i)}\n" for i in range(99)))
    records = [(i, text("de", i) if i % 3 else "ein Satz") for i in range(99)]
    predictions = write_predictions(tmp_path / "p.jsonl", records)
    by_data = t5eval(
        "score", "wmt17/en-de", "--split", "test", "--data-dir", tmp_path, "--predictions", predictions, "--json"
    ).json
    references = folder / "newstest2017.de"
    said = [json.loads(line)["prediction"] for line in predictions.read_text(encoding="utf-8").splitlines()]
    (tmp_path / "said.txt").write_text("\n".join(said), encoding="utf-8")
    arguments = ("--references", references, "--predictions", tmp_path / "said.txt", "--json")
    by_text = t5eval("score", "wmt17/en-de", *arguments).json
    assert (by_data["split"], by_text["split"]) == ("test", "references")
    assert by_text["scores"] == by_data["scores"]
    expected = sacrebleu.corpus_bleu(said, [references.read_text(encoding="utf-8").splitlines()], force=True).score
    assert by_text["scores"]["bleu"]["value"] == expected
    assert by_text["task_score"] == expected
    low, high = by_text["scores"]["bleu"]["ci95"]
    assert low < expected < high
    assert list(by_text["data"]["files"]) == [str(references)]


def test_missing_translations_count_as_empty(t5eval: Command, data: Path, tmp_path: Path) -> None:
    references = tmp_path / "references"
    references.write_text("one two three four\n" * 3)
    records = [(0, "one two three four")]
    file = write_predictions(tmp_path / "p.jsonl", records)
    done = t5eval("score", "wmt14/de-en", "--references", references, "--predictions", file, "--json")
    assert (done.status, done.json["missing"], done.json["n"]) == (0, 2, 3)
    empty = sacrebleu.corpus_bleu(["one two three four", "", ""], [["one two three four"] * 3]).score
    assert done.json["scores"]["bleu"]["value"] == empty
    assert "2 of 3 examples (66.7 %) have no prediction" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("score", "cnn_dailymail"), "nothing to score against: name a --split, or a file of --references"),
        (("score", "cnn_dailymail", "--split", "test", "--references", "x"), "--references takes the place of --split"),
        (("score", "glue/rte", "--references", __file__), "its answers are of kind 'label'"),
        (("score", "squad/v1.1", "--references", __file__), "its answers are of kind 'context_span'"),
        (("score", "cnn_dailymail", "--references", "/absent"), "/absent: cannot be read"),
    ],
)
def test_references_that_cannot_be_scored(t5eval: Command, arguments: tuple[str, ...], message: str) -> None:
    done = t5eval(*arguments, "--predictions", __file__)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


@pytest.mark.parametrize("form", ["txt", "sgm", "xml", "zip", "folder"])
def test_submit_and_check_wmt(t5eval: Command, data: Path, run: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / (f"out.{form}" if form != "folder" else "out")
    done = t5eval("submit", "wmt", "--run", run, "--data-dir", data, "--out", out)
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith(f"{out}: valid\n")
    for with_data in ((), ("--data-dir", data)):
        checked = t5eval("check", "wmt", out, *with_data, "--json")
        assert (checked.status, checked.json["status"]) == (0, "valid")
        assert list(checked.json["files"].values()) == [3004]
    if form == "sgm":
        head = out.read_text(encoding="utf-8").split("\n")[:2]
        assert head == [
            '<tstset trglang="de" setid="newstest2017" srclang="any">',
            '<doc sysid="my run" docid="d0" genre="news" origlang="en">',
        ]


def test_the_systems_name(t5eval: Command, data: Path, run: Path, tmp_path: Path) -> None:
    arguments = ("--run", run, "--data-dir", data, "--out", tmp_path / "x.xml", "--system", 'A&B "1"')
    assert t5eval("submit", "wmt", *arguments).status == 0
    assert 'system="A&amp;B &quot;1&quot;"' in (tmp_path / "x.xml").read_text(encoding="utf-8")


def test_a_submission_reads_back_to_the_same_score(data: Path, run: Path, tmp_path: Path) -> None:
    import leaderboards
    from t5eval.data import open_split
    from t5eval.scoring import score as scoring
    from t5eval.scoring.prediction_files import read_predictions

    spec = task_specs.get("wmt17/en-de")
    examples = list(open_split(spec, "test", data))
    ids = [example.id for example in examples]
    given = read_predictions(run / "predictions" / "wmt17" / "en-de" / "test.jsonl", ids)
    given["5"], given["6"] = "", "tabs\tand & <signs>"
    write_predictions(run / "predictions" / "wmt17" / "en-de" / "test.jsonl", list(given.items()))
    reads = []
    for form in ("txt", "sgm", "xml"):
        submission = submit("wmt", run, data, tmp_path / f"x.{form}")
        assert submission.notes == (f"x.{form}: empty translations, written as 'NO TRANSLATION AVAILABLE': 1",)
        reads.append(leaderboards.get("wmt").read(submission.path, {spec.name: ids})[spec.name])
    assert reads[0] == reads[1] == reads[2]
    written, read = (
        scoring.score_split(spec, "test", scoring.judge(spec, examples, texts)).scores for texts in (given, reads[0])
    )
    assert read == written


def test_several_tasks_need_a_folder_or_a_choice(t5eval: Command, data: Path, run: Path, tmp_path: Path) -> None:
    records = [(row, text("en", row)) for row in range(3004)]
    write_predictions(run / "predictions" / "wmt17" / "de-en" / "test.jsonl", records)
    common = ("submit", "wmt", "--run", run, "--data-dir", data, "--out")
    done = t5eval(*common, tmp_path / "x.txt")
    assert done.status == 2
    assert "one file holds one task, and there are answers to wmt17/en-de, wmt17/de-en; choose one (--task)" in done.err
    assert t5eval(*common, tmp_path / "x.txt", "--task", "wmt17/de-en").status == 0
    assert (tmp_path / "x.txt").read_text(encoding="utf-8").startswith("en sentence number 0")
    assert t5eval(*common, tmp_path / "folder").status == 0
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == ["wmt17.de-en.txt", "wmt17.en-de.txt"]


def test_nothing_is_written_of_what_is_incomplete(t5eval: Command, data: Path, run: Path, tmp_path: Path) -> None:
    predictions = run / "predictions" / "wmt17" / "en-de" / "test.jsonl"
    predictions.write_text("".join(predictions.read_text(encoding="utf-8").splitlines(keepends=True)[:-2]))
    out = tmp_path / "x.txt"
    done = t5eval("submit", "wmt", "--run", run, "--data-dir", data, "--out", out)
    assert done.status == 2
    assert "2 of 3,004 examples have no prediction" in done.err
    assert not out.exists()
    done = t5eval("submit", "wmt", "--run", run, "--data-dir", data, "--out", out, "--fill", "wmt17/en-de=leer")
    assert done.status == 0
    assert out.read_text(encoding="utf-8").endswith("leer\nleer\n")
    empty = run.parent / "none"
    (empty / "predictions").mkdir(parents=True)
    done = t5eval("submit", "wmt", "--run", empty, "--data-dir", data, "--out", out)
    assert done.status == 2
    assert "there are no predictions for wmt in it" in done.err


def test_documents_are_needed_for_sgml(t5eval: Command, data: Path, run: Path, tmp_path: Path) -> None:
    records = [(row, text("en", row)) for row in range(3004)]
    write_predictions(run / "predictions" / "wmt17" / "de-en" / "test.jsonl", records)
    out = tmp_path / "x.sgm"
    done = t5eval("submit", "wmt", "--run", run, "--data-dir", data, "--out", out, "--task", "wmt17/de-en")
    assert done.status == 2
    assert "newstest2017-deen-src.de.sgm: no such file; the documents of the test set" in done.err
    assert not out.exists()


def summaries(folder: Path) -> Path:
    records = [(f"id{i}", f"One {i} . Two <{i}> .") for i in range(3)]
    write_predictions(folder / "run" / "predictions" / "cnn_dailymail" / "test.jsonl", records)
    return folder / "run"


def test_summaries_of_part_of_the_test_set_are_refused(t5eval: Command, data: Path, tmp_path: Path) -> None:
    arguments = ("--run", summaries(tmp_path), "--data-dir", data, "--out", tmp_path / "x")
    done = t5eval("submit", "cnn_dailymail", *arguments)
    assert done.status == 2
    assert "its test data has 3 of the leaderboard's 11,490 rows" in done.err


@pytest.mark.parametrize("name", ["x", "x.zip", "x.hypo", "x.pyrouge"])
def test_submit_and_check_summaries(t5eval: Command, data: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    submission = submit("cnn_dailymail", summaries(tmp_path), data, out, official_counts=False)
    assert submission.verdict.status == "valid for this data, not for the leaderboard"
    checked = t5eval("check", "cnn_dailymail", out, "--data-dir", data, "--json")
    assert (checked.status, checked.json["faults"]) == (0, [])
    if name == "x":
        assert (out / "test.hypo").read_text() == "".join(f"One {i} . Two <{i}> .\n" for i in range(3))
        assert (out / "test.ids").read_text() == "id0\nid1\nid2\n"
    if name == "x.pyrouge":
        assert (out / "decoded" / "000002_decoded.txt").read_text() == "One 2 .\nTwo  2  .\n"
        assert (out / "reference" / "000002_reference.txt").read_text() == "One 2 .\nTwo 2 .\n"
    assert t5eval("check", "cnn_dailymail", out).status == 2  # the test set has more articles


def test_a_folder_that_is_there_is_not_written_into(data: Path, tmp_path: Path) -> None:
    out: Any = tmp_path / "x.pyrouge"
    submit("cnn_dailymail", summaries(tmp_path), data, out, official_counts=False)
    with pytest.raises(UserError, match="is there already"):
        submit("cnn_dailymail", summaries(tmp_path), data, out, official_counts=False)
