"""The files of XNLI, PAWS-X, the closed-book suites, WMT since 2020 and FLORES, in their official forms."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

import task_specs
from leaderboards import get as get_leaderboard
from t5eval.api.score import score
from t5eval.data import open_split
from t5eval.data.downloads import get
from t5eval.support.errors import DataError, MissingFile
from tests.t5eval.data.file_server import serving

XNLI_COLUMNS = (
    "language gold_label sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse "
    "sentence1 sentence2 promptID pairID genre label1 label2 label3 label4 label5 sentence1_tokenized "
    "sentence2_tokenized match"
).split()


def read(name: str, split: str, data: Path) -> list[tuple[str, Any]]:
    return [(example.id, example.features) for example in open_split(task_specs.get(name), split, data)]


def write_xnli(data: Path) -> None:
    rows = [
        ("ar", "neutral", "ا", "ب"), ("de", "neutral", 'Er sagte "ja.', "Er las."), ("ar", "entailment", "ج", "د"),
        ("de", "entailment", "Es regnet.", "Es ist nass."),
    ]  # fmt: skip
    lines = ["\t".join(XNLI_COLUMNS)]
    for language, label, premise, hypothesis in rows:
        found = {
            "language": language,
            "gold_label": label,
            "sentence1": premise,
            "sentence2": hypothesis,
            "genre": "face",
        }
        lines.append("\t".join(found.get(column, "") for column in XNLI_COLUMNS))
    (data / "xnli").mkdir()
    (data / "xnli/xnli.dev.tsv").write_text("\n".join(lines) + "\n")


def test_xnli_reads_the_rows_of_its_language(tmp_path: Path) -> None:
    write_xnli(tmp_path)
    assert read("xnli/de", "validation", tmp_path) == [
        ("0", {"premise": 'Er sagte "ja.', "hypothesis": "Er las.", "label": 1}),
        ("1", {"premise": "Es regnet.", "hypothesis": "Es ist nass.", "label": 0}),
    ]
    with pytest.raises(DataError, match=r"xnli\.dev\.tsv: line 2: the file has no row that is kept"):
        read("xnli/sw", "validation", tmp_path)
    (tmp_path / "answers.txt").write_text("1\n1\n")
    found = score("xnli/de", split="validation", data=tmp_path, predictions=tmp_path / "answers.txt")
    assert found.split_scores()[0].scores["accuracy"].value == 50.0


def test_pawsx_is_read_as_pythons_csv_reads_it(tmp_path: Path) -> None:
    raw = (
        "id\tsentence1\tsentence2\tlabel\n"
        '1\t"Der ""Film"" lief ."\tEr lief .\t1\n'
        "2\tA .\tB .\t0\n"
        "3\tNS\tNS\tNS\n"
        '4\tC " D .\t"E" F .\t1\n'
    )
    (tmp_path / "pawsx/de").mkdir(parents=True)
    (tmp_path / "pawsx/de/dev_2k.tsv").write_text(raw)
    rows = [row for row in csv.DictReader(raw.splitlines(), delimiter="\t") if row["label"] in ("0", "1")]
    expected = [
        (str(n), {"sentence1": r["sentence1"], "sentence2": r["sentence2"], "label": int(r["label"])})
        for n, r in enumerate(rows)
    ]
    assert read("pawsx/de", "validation", tmp_path) == expected
    assert expected[0][1]["sentence1"] == 'Der "Film" lief .'
    assert len(expected) == 3


def test_natural_questions(tmp_path: Path) -> None:
    (tmp_path / "natural_questions").mkdir()
    lines = [
        {"question": "who sang it", "answer": ["Bo", "the Als"]},
        {"question": "when", "answer": ["14 December 1972 UTC"]},
    ]
    (tmp_path / "natural_questions/NQ-open.dev.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read("natural_questions_open", "validation", tmp_path) == [
        ("0", {"question": "who sang it", "answers": ["Bo", "the Als"]}),
        ("1", {"question": "when", "answers": ["14 December 1972 UTC"]}),
    ]
    (tmp_path / "said.txt").write_text("als!\n14 december 1972\n")
    scores = score("natural_questions_open", split="validation", data=tmp_path, predictions=tmp_path / "said.txt")
    found = scores.split_scores()[0].scores
    assert found["em"].value == 50.0
    assert found["f1"].value == pytest.approx(100 * (1 + 2 * (1 * 3 / 4) / (1 + 3 / 4)) / 2)


WEB = [
    {"url": "x", "targetValue": '(list (description "Jazmyn Bieber") (description Jaxon))', "utterance": "who?"},
    {"url": "y", "targetValue": '(list (description "A (b) c"))', "utterance": "what?"},
]


def test_web_questions(tmp_path: Path) -> None:
    (tmp_path / "web_questions").mkdir()
    (tmp_path / "web_questions/webquestions.test.json").write_text(json.dumps(WEB))
    assert read("web_questions", "test", tmp_path) == [
        ("0", {"question": "who?", "answers": ["Jazmyn Bieber", "Jaxon"]}),
        ("1", {"question": "what?", "answers": ["A (b) c"]}),
    ]


def trivia(answered: bool = True) -> dict[str, Any]:
    answer = {"Answer": {"Value": " Sunset Blvd", "Aliases": ["Sunset Blvd", "Sunset_Boulevard "]}} if answered else {}
    data = [
        {**answer, "Question": "Which? ", "QuestionId": f"tc_{n}", "SearchResults": [{"Rank": 0}]} for n in (33, 40)
    ]
    return {"Data": data, "Domain": "unfiltered-web", "Version": 1.0}


def test_trivia_qa(tmp_path: Path) -> None:
    folder = tmp_path / "trivia_qa"
    folder.mkdir()
    (folder / "unfiltered-web-dev.json").write_text(json.dumps(trivia()))
    (folder / "unfiltered-web-test-without-answers.json").write_text(json.dumps(trivia(answered=False)))
    features = {"question": "Which?", "value": "Sunset Blvd", "answers": ["Sunset Blvd", "Sunset_Boulevard"]}
    assert read("trivia_qa_open", "validation", tmp_path) == [("tc_33", features), ("tc_40", features)]
    assert read("trivia_qa_open", "test", tmp_path)[0] == (
        "tc_33",
        {"question": "Which?", "value": None, "answers": []},
    )
    (tmp_path / "said.json").write_text(json.dumps({"tc_33": "the ‘sunset-boulevard’", "tc_40": "boulevard"}))
    found = score("trivia_qa_open", split="validation", data=tmp_path, predictions=tmp_path / "said.json")
    em = found.split_scores()[0].scores["em"]
    assert em.value == 50.0
    assert "normalization:trivia_qa" in em.signature


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("[]", "expected an object with the list 'Data'"),
        ('{"Data": []}', "holds no example"),
        ('{"Data": [5]}', r"Data\[0\]: expected an object, got '5'"),
        ('{"Data": [{"QuestionId": "a"}]}', r"Data\[0\]: has no Question"),
        ('{"Data": [{"QuestionId": "a", "Question": "b"}]}', r"Data\[0\]: has no Answer"),
        (json.dumps({"Data": trivia()["Data"][:1] * 2}), r"Data\[1\]: QuestionId 'tc_33' comes again"),
        ('{"Data": [', "line 1 column 11: not JSON"),
    ],
)
def test_a_damaged_document_is_named(document: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "trivia_qa").mkdir()
    (tmp_path / "trivia_qa/unfiltered-web-dev.json").write_text(document)
    with pytest.raises(DataError, match=message):
        read("trivia_qa_open", "validation", tmp_path)


XML = """<?xml version='1.0' encoding='utf-8'?>
<dataset id="wmttest2022.cs-en">
  <doc id="d" origlang="cs"><src lang="cs"><p><seg id="1">Den.</seg><seg id="2">Noc.</seg></p></src>
  <ref lang="en" translator="C"><p><seg id="1">Day C.</seg><seg id="2">Night C.</seg></p></ref>
  <ref lang="en" translator="B"><p><seg id="1">Day B.</seg><seg id="2">Night B.</seg></p></ref>
  <hyp lang="en" system="X"><p><seg id="1">x</seg><seg id="2">y</seg></p></hyp></doc>
</dataset>
"""


def test_wmt_since_2020_in_its_xml(tmp_path: Path) -> None:
    (tmp_path / "wmt/dev").mkdir(parents=True)
    (tmp_path / "wmt/dev/wmttest2022.cs-en.all.xml").write_text(XML)
    expected = [("0", {"cs": "Den.", "en": "Day B."}), ("1", {"cs": "Noc.", "en": "Night B."})]
    assert read("wmt22/cs-en", "test", tmp_path) == expected
    (tmp_path / "wmt/dev/newstest2021.en-de.xml").write_text(
        XML.replace("wmttest2022.cs-en", "newstest2021.en-de")
        .replace('lang="en"', 'lang="de"')
        .replace('lang="cs"', 'lang="en"')
    )
    assert [features["de"] for _, features in read("wmt21/en-de", "test", tmp_path)] == ["Day C.", "Night C."]


@pytest.mark.parametrize(("name", "lines"), [("wmt21.en-de.txt", 1002), ("wmt22.zh-en.txt", 1875)])
def test_check_knows_a_later_year(name: str, lines: int, tmp_path: Path) -> None:
    board = get_leaderboard("wmt")
    file = tmp_path / name
    file.write_text("Ein Satz.\n" * lines)
    assert board.check(file).status == "valid"
    file.write_text("Ein Satz.\n" * (lines - 1))
    assert f"{lines:,}" in board.check(file).faults[0].message


def test_flores_is_fetched_with_its_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "made/flores200_dataset"
    for split, lines in (("dev", 3), ("devtest", 2)):
        (root / split).mkdir(parents=True)
        for code in ("eng_Latn", "deu_Latn"):
            (root / split / f"{code}.{split}").write_text("".join(f"{code} {n}\n" for n in range(lines)))
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        archive.add(root, "flores200_dataset")
    spec = task_specs.get("flores200/eng_Latn-deu_Latn")
    with pytest.raises(
        MissingFile, match=r"dev/eng_Latn\.dev: no such file.*`t5eval data get flores200/eng_Latn-deu_Latn`"
    ):
        open_split(spec, "validation", tmp_path)
    with serving() as server:
        server.files["/dl.fbaipublicfiles.com/nllb/flores200_dataset.tar.gz"] = made.getvalue()
        monkeypatch.setenv("T5EVAL_MIRROR", server.address)
        get([spec], tmp_path / "data")
        assert [fetched.new for fetched in get([spec], tmp_path / "data")] == [False]
    assert read(spec.name, "test", tmp_path / "data") == [
        (str(n), {"eng_Latn": f"eng_Latn {n}", "deu_Latn": f"deu_Latn {n}"}) for n in (0, 1)
    ]
    assert len(read(spec.name, "validation", tmp_path / "data")) == 3
