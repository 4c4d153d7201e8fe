"""What is said of generated texts beside their scores: marks of sentences, left-out steps, and what ROUGE is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import t5eval
from leaderboards.cnn_dailymail import CNN_DAILYMAIL
from leaderboards.wmt import WMT
from t5eval.scoring.sentence_marks import split_at_marks
from task_specs import UserError
from tests.leaderboards.test_wmt_submission import PLAIN, XML

TRUE = ["one two three .\nfour five six .", "a b .\nc d ."] * 3
SAID = ["four five six .\none two three .", "c d .\na b ."] * 3
ROUGE_1_5_5 = "ROUGE is rouge-score's; ROUGE-1.5.5, which papers quote, was at most 0.10 away on 100 documents"


def marked(texts: list[str], form: str) -> list[str]:
    if form == "<q>":
        return [text.replace("\n", "<q>") for text in texts]
    return [" ".join(f"<t> {line} </t>" for line in text.split("\n")) for text in texts]


def values(found: t5eval.Scoring) -> dict[str, float]:
    return {name: round(score.value or 0, 6) for name, score in found.score.scores.items()}


@pytest.mark.parametrize("form", ["<q>", "<t>"])
def test_marks_of_sentences(form: str) -> None:
    """The marks are words to ROUGE (`t`, `q`): those that both sides have raise it, those of one side lower it."""
    plain = t5eval.score("cnn_dailymail", SAID, references=TRUE)
    assert values(plain)["rougeLsum"] == 100
    assert plain.notes == [next(note for note in plain.notes if note.startswith(ROUGE_1_5_5))]
    one = t5eval.score("cnn_dailymail", marked(SAID, form), references=TRUE)
    assert values(one)["rouge1"] < 95
    said = "6 of 6 texts have `<t>`, `</t>` or `<q>`: marks of sentences, which ROUGE takes for words (id 0, 1, 2, ...)"
    assert f"{said}; --sentence-marks splits sentences at them" in one.notes
    both = t5eval.score("cnn_dailymail", marked(SAID, form), references=marked(TRUE, form))
    assert f"references: {said}; --sentence-marks splits sentences at them" in both.notes
    for references in (TRUE, marked(TRUE, form)):
        split = t5eval.score("cnn_dailymail", marked(SAID, form), references=references, sentence_marks=True)
        assert values(split) == values(plain)
        assert split.notes == plain.notes


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<t> a b . </t> <t> c . </t>", "a b .\nc ."),
        ("a .<q>b .<q>", "a .\nb ."),
        ("a . b .\nc", "a . b .\nc"),
        ("<q>", ""),
        ("a <t", "a <t"),
        (" a . ", " a . "),
    ],
)
def test_splitting_at_marks(text: str, lines: str) -> None:
    assert split_at_marks(text) == lines


@pytest.mark.parametrize("form", ["lists", "objects", "python"])
def test_references_keep_their_sentences(tmp_path: Path, form: str) -> None:
    """A line each joins the sentences, of which T5's rule finds those alone that end in a stop between spaces."""
    true, said = ["One two! Three four?", "Five six! Seven."], ["Three four? One two!", "Seven. Five six!"]
    sentences = [["One two!", "Three four?"], ["Five six!", "Seven."]]
    rows = sentences if form == "lists" else [{"id": i, "highlights": "\n".join(s)} for i, s in enumerate(sentences)]
    (tmp_path / "r").write_text("".join(json.dumps(row) + "\n" for row in rows))
    given = sentences if form == "python" else tmp_path / "r"
    assert values(t5eval.score("cnn_dailymail", said, references=given))["rougeLsum_t5"] == 100
    joined = values(t5eval.score("cnn_dailymail", said, references=true))["rougeLsum_t5"]
    assert joined == round(100 * (2 / 4 + 2 / 3) / 2, 6)


@pytest.mark.parametrize("line", ["[1]", '{"text": "x"}', "plain", '["\\ud800"]', '{"summary": 3}'])
def test_lines_that_are_no_references(tmp_path: Path, line: str) -> None:
    (tmp_path / "r").write_text(f'["a"]\n{line}\n')
    with pytest.raises(UserError, match="r: line 2: "):
        t5eval.score("cnn_dailymail", ["a", "b"], references=tmp_path / "r")


def test_plain_references_may_begin_with_brackets(tmp_path: Path) -> None:
    (tmp_path / "r").write_text('[Music] plays .\n["a"]\n')
    found = t5eval.score("wmt14/en-de", ["[Music] plays .", '["a"]'], references=tmp_path / "r")
    assert values(found)["chrf"] == 100


SOURCES = ["This is the first line .", "And this is another one .", "CNN", "Here we are at last ."]
REFERENCES = ["Dies ist die erste Zeile .", "Und dies eine weitere .", "CNN", "Da sind wir endlich ."]
BROKEN = [
    ("have HTML entities, such as &amp;: the text was escaped", [f"{text} &quot; &#39;" for text in REFERENCES]),
    ("have `@@`: the pieces of words (BPE)", [text.replace("ei", "e@@ i").replace("N", "N@@ ") for text in REFERENCES]),
    ("have `▁`: the pieces of words (SentencePiece)", [text.replace(" ", "▁") + "▁" for text in REFERENCES]),
    ("are the source, word for word: they were not translated", SOURCES),
]


@pytest.mark.parametrize(("cause", "said"), BROKEN)
def test_translations_with_one_cause(tmp_path: Path, cause: str, said: list[str]) -> None:
    folder = tmp_path / "wmt" / "en-de"
    folder.mkdir(parents=True)
    (folder / "newstest2014.en").write_text("\n".join(SOURCES), encoding="utf-8")
    (folder / "newstest2014.de").write_text("\n".join(REFERENCES), encoding="utf-8")
    found = t5eval.score("wmt14/en-de", said, data=tmp_path, split="test")
    assert [cause in note for note in found.notes].count(True) == 1, found.notes
    (note,) = (note for note in found.notes if cause in note)
    assert note.startswith(("3 of 4 texts ", "4 of 4 texts "))
    # What the references have too is the data's.
    sound = t5eval.score("wmt14/en-de", REFERENCES, data=tmp_path, split="test")
    assert not any(cause in note for note in sound.notes for cause, _ in BROKEN)
    (folder / "newstest2014.de").write_text("\n".join(said), encoding="utf-8")
    same = t5eval.score("wmt14/en-de", said, data=tmp_path, split="test")
    assert not any(cause in note for note in same.notes)


@pytest.mark.parametrize(("cause", "said"), BROKEN[:3])
def test_check_names_the_cause(tmp_path: Path, cause: str, said: list[str]) -> None:
    (tmp_path / "x.txt").write_text("\n".join(said) + "\n", encoding="utf-8")
    notes = WMT.check(tmp_path / "x.txt", {"wmt14/en-de": ["0", "1", "2", "3"]}).notes
    assert [cause in note for note in notes].count(True) == 1
    (tmp_path / "x.txt").write_text(PLAIN)
    assert len(WMT.check(tmp_path / "x.txt", {"wmt14/en-de": ["0", "1", "2", "3"]}).notes) == 1


def test_check_compares_with_the_source_that_the_file_has(tmp_path: Path) -> None:
    xml = XML
    for number, (source, said) in enumerate([("One", "Eins"), ("Two", "Zwei"), ("Three", "Drei"), ("Four", "Vier")]):
        long = f"This is sentence number {number}"
        xml = xml.replace(f">{source}<", f">{long}<").replace(f">{said}<", f">{long}<")
    (tmp_path / "x.xml").write_text(xml)
    verdict = WMT.check(tmp_path / "x.xml", {"wmt14/en-de": ["0", "1", "2", "3"]})
    assert verdict.faults == ()
    assert "x.xml: 4 of 4 texts are the source, word for word: they were not translated (line 7, 8, 14, ...)" in (
        verdict.notes
    )


def test_check_compares_with_the_source_in_the_data(tmp_path: Path) -> None:
    """Plain text has no source of its own; XML has one, and is not told of it twice."""
    folder = tmp_path / "wmt" / "en-de"
    folder.mkdir(parents=True)
    for language in ("en", "de"):
        (folder / f"newstest2014.{language}").write_text("\n".join(SOURCES if language == "en" else REFERENCES))
    (tmp_path / "x.txt").write_text("\n".join(SOURCES) + "\n")
    cause = "of 4 texts are the source, word for word: they were not translated (id 0, 1, 3)"
    notes = t5eval.check("wmt", tmp_path / "x.txt", data=tmp_path).notes
    assert f"3 {cause}" in notes
    (tmp_path / "x.txt").write_text("\n".join(REFERENCES) + "\n")
    assert not any("not translated" in note for note in t5eval.check("wmt", tmp_path / "x.txt", data=tmp_path).notes)
    words = "One", "Two", "Three", "Four"
    xml = XML
    for source, word, said in zip(SOURCES, words, ("Eins", "Zwei", "Drei", "Vier"), strict=True):
        xml = xml.replace(f">{word}<", f">{source}<").replace(f">{said}<", f">{source}<")
    (tmp_path / "x.xml").write_text(xml)
    notes = t5eval.check("wmt", tmp_path / "x.xml", data=tmp_path).notes
    assert ["not translated" in note for note in notes].count(True) == 1, notes


def test_check_names_the_marks_of_summaries(tmp_path: Path) -> None:
    (tmp_path / "test.hypo").write_text("".join(f"{line}\n" for line in marked(SAID[:4], "<q>")))
    notes = CNN_DAILYMAIL.check(tmp_path, {"cnn_dailymail": ["a", "b", "c", "d"]}).notes
    assert any("4 of 4 texts have `<t>`, `</t>` or `<q>`" in note for note in notes)
