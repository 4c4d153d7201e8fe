"""WMT's three forms: written, judged by independent grammars, checked, and read back."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

import leaderboards
from leaderboards.forms.documents import Document, Frame, Segment
from leaderboards.wmt import WMT
from task_specs import UserError, get
from tests.leaderboards.wmt_schemas import obeys

FORMS = [".txt", ".sgm", ".xml"]
TASK = "wmt14/en-de"
FRAME = Frame(
    "newstest2014",
    (
        Document("d & 1", ((Segment("1", "One"),), (Segment("2", "Two <b>"), Segment("3", "AT&T"))), "en", "news"),
        Document('d"2"', ((Segment("1", "Four"),),), "", ""),
    ),
    "any",
)
TEXTS = {
    "0": "Eins & <b>zwei</b> &amp; \"drei\" 'vier' ]]>",
    "1": "Zeile\neins\r\nzwei\tdrei\u2028vier\u2029fünf\x85sechs\x0b\x00\ufeff",
    "2": "",
    "3": " Ünïcode 😀 日本 ",
}
LINES = [
    "Eins & <b>zwei</b> &amp; \"drei\" 'vier' ]]>",
    "Zeile eins  zwei drei vier fünf sechs",
    "NO TRANSLATION AVAILABLE",
    "Ünïcode 😀 日本",
]
READ = {"0": LINES[0], "1": LINES[1], "2": "", "3": LINES[3]}
IDS = {TASK: list(TEXTS)}


def write(out: Path, texts: Mapping[str, Any] | None = None, frame: Frame = FRAME, task: str = TASK) -> Path:
    WMT.write_keeping(out, {task: TEXTS if texts is None else texts}, {task: frame}, "Our & system")
    return out


@pytest.mark.parametrize("form", FORMS)
def test_written_checked_and_read_back(tmp_path: Path, form: str) -> None:
    out = write(tmp_path / f"any{form}")
    assert WMT.read(out, IDS) == {TASK: READ}
    verdict = WMT.check(out, IDS)
    assert (verdict.status, verdict.faults, dict(verdict.files)) == (
        "valid for this data, not for the leaderboard",
        (),
        {out.name: 4},
    )
    assert verdict.notes == (f"any{form}: 4 segments in this data; wmt14/en-de has 3,003",)


def test_plain_text(tmp_path: Path) -> None:
    out = write(tmp_path / "x.txt")
    assert out.read_bytes() == ("\n".join(LINES) + "\n").encode()


@pytest.mark.parametrize("form", [".sgm", ".xml"])
def test_marked_up_forms_obey_their_grammars(tmp_path: Path, form: str) -> None:
    data = write(tmp_path / f"x{form}").read_bytes()
    assert obeys(form, data)
    root = etree.fromstring(data)
    segments = root.findall(".//seg" if form == ".sgm" else ".//hyp//seg")
    assert [s.text for s in segments] == LINES  # escaped once
    assert [s.get("id") for s in segments] == ["1", "2", "3", "1"]
    assert [len(p) for p in next(root.iter("doc")).iter("p")][-2:] == [1, 2]


def test_the_sgml_frame(tmp_path: Path) -> None:
    root = etree.fromstring(write(tmp_path / "x.sgm").read_bytes())
    assert dict(root.attrib) == {"trglang": "de", "setid": "newstest2014", "srclang": "any"}
    assert [dict(doc.attrib) for doc in root] == [
        {"sysid": "Our & system", "docid": "d & 1", "genre": "news", "origlang": "en"},
        {"sysid": "Our & system", "docid": 'd"2"'},
    ]


def test_the_xml_frame(tmp_path: Path) -> None:
    frame = Frame(
        "newstest2021", (*FRAME.documents, Document("c", ((Segment("7", "x"),),), "de-AT", "chat", "part")), "en"
    )
    root = etree.fromstring(write(tmp_path / "x.xml", {**TEXTS, "4": "y"}, frame).read_bytes())
    assert obeys(".xml", (tmp_path / "x.xml").read_bytes())
    assert root.get("id") == "newstest2021"
    assert [element.tag for element in root] == ["collection", "doc", "doc"]
    assert [dict(doc.attrib) for doc in root.iter("doc")] == [
        {"origlang": "de-AT", "id": "c", "domain": "chat"},
        {"origlang": "en", "id": "d & 1", "domain": "news"},
        {"origlang": "en", "id": 'd"2"'},
    ]
    assert [s.text for s in root.iterfind(".//src//seg")] == ["x", "One", "Two <b>", "AT&T", "Four"]
    assert {(h.get("system"), h.get("lang")) for h in root.iter("hyp")} == {("Our & system", "de")}
    # Text follows its document, which a collection moves to the front.
    assert root.find("collection/doc/hyp//seg").text == "y"


def test_several_tasks_in_a_folder_or_a_zip(tmp_path: Path) -> None:
    answers = {TASK: TEXTS, "wmt14/de-en": {"0": "a", "1": "b"}}
    for out in (tmp_path / "new" / "folder", tmp_path / "x.zip"):
        written = WMT.write(out, answers)
        assert dict(written.files) == {"wmt14.en-de.txt": 4, "wmt14.de-en.txt": 2}
        assert written.notes == ("wmt14.en-de.txt: empty translations, written as 'NO TRANSLATION AVAILABLE': 1",)
        assert WMT.read(out, {**IDS, "wmt14/de-en": ["0", "1"]}) == {TASK: READ, "wmt14/de-en": {"0": "a", "1": "b"}}
    assert sorted(p.name for p in (tmp_path / "new" / "folder").iterdir()) == ["wmt14.de-en.txt", "wmt14.en-de.txt"]
    assert zipfile.ZipFile(tmp_path / "x.zip").namelist() == ["wmt14.en-de.txt", "wmt14.de-en.txt"]
    with pytest.raises(UserError, match="one file holds one task"):
        WMT.write(tmp_path / "x.txt", answers)
    with pytest.raises(UserError, match=r"holds wmt14\.de-en\.txt, which these answers do not replace"):
        WMT.write(tmp_path / "new" / "folder", {TASK: TEXTS})


@pytest.mark.parametrize(
    ("answers", "out", "message"),
    [
        ({}, "x.txt", "no answers to write"),
        ({TASK: {}}, "x.txt", "wmt14/en-de: there are no answers"),
        ({"glue/rte": {"0": 1}}, "x.txt", "is not a task of leaderboard 'wmt'"),
        ({TASK: {"0": 7}}, "x.txt", "wmt14/en-de, id '0': expected a text, got '7'"),
        ({TASK: {"0": "\ud800"}}, "x.txt", "half a surrogate pair"),
        ({TASK: {"0": "x"}}, "x.sgm", "1 translations for the 4 segments of newstest2014"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, answers: Mapping[str, Any], out: str, message: str) -> None:
    with pytest.raises(UserError, match=message.replace("(", r"\(")):
        WMT.write_keeping(tmp_path / out, answers, {TASK: FRAME}, "s")
    assert list(tmp_path.iterdir()) == []


def test_forms_with_documents_need_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"the documents of its test set are needed for \.sgm"):
        WMT.write(tmp_path / "x.sgm", {TASK: TEXTS})


def official(count: int) -> str:
    return "".join(f"Satz {i}\n" for i in range(count))


def test_without_data_the_official_counts(tmp_path: Path) -> None:
    out = tmp_path / "wmt17.en-de.txt"
    out.write_text(official(3004))
    verdict = WMT.check(out)
    assert (verdict.status, verdict.notes) == ("valid", ())
    assert list(WMT.read(out)) == ["wmt17/en-de"]
    out.write_text(official(3003))
    assert leaderboards.lines(WMT.check(out)) == [
        "wmt17.en-de.txt: 3,003 segments, wmt17/en-de has 3,004; segments stand in the order of the official source, "
        "one for each",
        "invalid: 1 fault",
    ]


def test_a_file_of_any_name_is_taken_for_the_set_of_its_size(tmp_path: Path) -> None:
    out = tmp_path / "hypothesis.txt"
    out.write_text(official(1997))
    verdict = WMT.check(out)
    assert (verdict.status, verdict.notes) == ("valid", ())
    out.write_text(official(1500))
    verdict = WMT.check(out)
    assert verdict.status == "valid"
    assert "taken for wmt15/en-fr; wmt15/fr-en have as many segments" in verdict.notes[0]
    assert list(WMT.read(out, {"wmt15/fr-en": [str(i) for i in range(1500)]})) == ["wmt15/fr-en"]
    out.write_text(official(1600))
    verdict = WMT.check(out)
    assert verdict.faults[0].message.startswith("1,600 segments, wmt20/de-fr has 1,619")
    assert verdict.notes[0] == (
        "hypothesis.txt: no test set has 1,600 segments: judged as the closest, wmt20/de-fr; name it wmt20.de-fr.txt "
        "or the like to say which it is"
    )


def test_marked_up_files_say_which_set_they_are(tmp_path: Path) -> None:
    many = Frame(
        "newstest2016", (Document("d", (tuple(Segment(str(i), "x") for i in range(1, 2000)),), "ro", "news"),), "en"
    )
    texts = {str(i): "y" for i in range(1999)}
    for form in (".sgm", ".xml"):
        write(tmp_path / f"h{form}", texts, many, "wmt16/en-ro")
        assert list(WMT.read(tmp_path / f"h{form}")) == ["wmt16/en-ro"]
        assert WMT.check(tmp_path / f"h{form}").notes == ()
        renamed = (tmp_path / f"h{form}").rename(tmp_path / f"wmt16.ro-en{form}")
        faults = [fault.message for fault in WMT.check(renamed).faults]
        assert "its target language is 'ro'; wmt16/ro-en has 'en'" in faults


SGML = """<tstset trglang="de" setid="newstest2014" srclang="en">
<doc sysid="s" docid="a">
<p>
<seg id="1">Eins</seg>
<seg id="2">Zwei</seg>
</p>
</doc>
<doc sysid="s" docid="b">
<p>
<seg id="1">Drei</seg>
<seg id="2">Vier</seg>
</p>
</doc>
</tstset>
"""
XML = """<?xml version='1.0' encoding='utf-8'?>
<dataset id="newstest2014">
<doc origlang="en" id="a">
<src lang="en"><p><seg id="1">One</seg><seg id="2">Two</seg></p></src>
<ref lang="de" translator="A"><p><seg id="1">1</seg></p></ref>
<hyp lang="de" system="s"><p>
<seg id="1">Eins</seg>
<seg id="2">Zwei</seg>
</p></hyp>
</doc>
<doc origlang="en" id="b">
<src lang="en"><p><seg id="1">Three</seg><seg id="2">Four</seg></p></src>
<hyp lang="de" system="s"><p>
<seg id="1">Drei</seg>
<seg id="2">Vier</seg>
</p></hyp>
</doc>
</dataset>
"""
PLAIN = "Eins\nZwei\nDrei\nVier\n"
VALUES = {TASK: {"0": "Eins", "1": "Zwei", "2": "Drei", "3": "Vier"}}


@pytest.mark.parametrize(("form", "text"), [(".txt", PLAIN), (".sgm", SGML), (".xml", XML)])
def test_files_of_others(tmp_path: Path, form: str, text: str) -> None:
    out = tmp_path / f"x{form}"
    out.write_text(text)
    assert WMT.read(out, IDS) == VALUES
    if form != ".txt":
        assert obeys(form, text.encode())


SCHEMA = True  # the grammar forbids it too
RULE = False  # the grammar allows it; the server or its scorers do not


@pytest.mark.parametrize(
    ("form", "found", "put", "line", "message", "forbidden"),
    [
        (".sgm", "Eins", "Eins & Co", 4, "not well-formed XML: not well-formed (invalid token)", SCHEMA),
        (".sgm", "tstset", "TSTSET", 1, "expected <tstset>, got <TSTSET>; tags are lower case", SCHEMA),
        (".sgm", '<p>\n<seg id="1">Eins', '<hl>x</hl><p>\n<seg id="1">Eins', 3, "<hl> in <doc>, which holds", SCHEMA),
        (".sgm", '<p>\n<seg id="1">Eins', '<p>loose\n<seg id="1">Eins', 3, "text between the tags of <p>: ", SCHEMA),
        (".sgm", 'docid="a"', 'docid="a" lang="de"', 2, "<doc> has the attribute lang; its attributes are", SCHEMA),
        (".sgm", "Eins", "E<b>i</b>ns", 4, "<b> in <seg>, which holds text; write &lt; for <", SCHEMA),
        (".sgm", 'docid="b"', 'docid="a"', 8, "document 'a' comes again; it came first on line 2", RULE),
        (".sgm", 'sysid="s" docid="b"', 'sysid="t" docid="b"', 8, "a second system, 't'; a submission is of one", RULE),
        (".sgm", 'id="2">Vier', 'id="1">Vier', 11, "segment 1 comes again; it came first on line 10", RULE),
        (".sgm", "Eins", " ", 4, "an empty segment; write 'NO TRANSLATION AVAILABLE'", RULE),
        (".sgm", "Eins", "E\nins", 4, "the character U+000A, at which some readers break the line", RULE),
        (".sgm", '<seg id="2">Zwei</seg>\n', "", None, "3 segments, wmt14/en-de has 4; segments stand in", RULE),
        (".sgm", 'trglang="de"', 'trglang="cs"', None, "its target language is 'cs'; wmt14/en-de has 'de'", RULE),
        (".sgm", 'srclang="en"', 'srclang="cs"', None, "its source language is 'cs'; wmt14/en-de has 'en'", RULE),
        (".xml", "dataset", "data", 2, "expected <dataset>, got <data>", SCHEMA),
        (".xml", "dataset", "d" * 41, 2, f"expected <dataset>, got <{'d' * 40}>", SCHEMA),
        (".xml", 'origlang="en" id="a"', 'id="a"', 3, "<doc> has no attribute origlang", SCHEMA),
        (".xml", 'origlang="en" id="a"', 'origlang="e_n" id="a"', 3, "origlang 'e_n' is no language code", SCHEMA),
        (".xml", 'hyp lang="de" system="s"', 'hyp language="de" system="s"', 6, "<hyp> has no attribute lang", SCHEMA),
        (".xml", 'seg id="2">Vier', 'seg id="0">Vier', 15, "id '0' is not a whole number from 1", SCHEMA),
        (".xml", "</doc>\n<doc", '<supplemental type="x"><p/></supplemental></doc>\n<doc', 10,
         "<supplemental> in <doc>, which holds <src>, <ref>, <hyp>", SCHEMA),
        (".xml", '<ref lang="de" translator="A"><p><seg id="1">1</seg></p></ref>\n<hyp', "<hyp", None, "", RULE),
        (".xml", '<src lang="en"><p><seg id="1">Three</seg><seg id="2">Four</seg></p></src>\n', "", 11,
         "<doc> has 0 <src>; it has one", SCHEMA),
        (".xml", '<hyp lang="de" system="s"><p>\n<seg id="1">Drei</seg>\n<seg id="2">Vier</seg>\n</p></hyp>\n', "", 11,
         "<doc> has 0 <hyp>; a submission has one in each document", RULE),
        (".xml", 'id="b"', 'id="a"', 11, "document 'a' comes again; it came first on line 3", RULE),
        (".xml", 'system="s"><p>\n<seg id="1">Drei', 'system="t"><p>\n<seg id="1">Drei', 13, "a second system", RULE),
        (".xml", '<seg id="2">Zwei</seg>\n', "", 3, "the segments of <hyp> are not those of <src> (1 and 2", RULE),
        (".xml", "<dataset", '<!DOCTYPE d [<!ENTITY a "&#60;">]><dataset', 2, "declares a document type", RULE),
        (".xml", "'utf-8'", "'utf--8'", 1, "not XML that can be read: its encoding is 'utf--8'", SCHEMA),
        (".xml", "'1.0'", "'.0'", 1, "declares XML version '.0'", SCHEMA),
        (".txt", "Zwei", "", 2, "an empty segment", RULE),
        (".txt", "Zwei", "Zw\tei", 2, "a tab, after which sacrebleu reads a second system; write a space", RULE),
        (".txt", "Zwei", "Zw\u2028ei", 2, "the character U+2028, at which some readers break the line", RULE),
        (".txt", "Zwei", "Zw\rei", 2, "the character U+000D", RULE),
        (".txt", "Zwei\n", "", None, "3 segments, wmt14/en-de has 4", RULE),
        (".txt", "Vier", "Vier\n", 5, "an empty segment", RULE),
    ],
)  # fmt: skip
def test_faults(
    tmp_path: Path, form: str, found: str, put: str, line: int | None, message: str, forbidden: bool
) -> None:
    text = {".txt": PLAIN, ".sgm": SGML, ".xml": XML}[form]
    assert found in text
    damaged = text.replace(found, put).encode()
    out = tmp_path / f"x{form}"
    out.write_bytes(damaged)
    verdict = WMT.check(out, IDS)
    if message:
        assert verdict.status == "invalid"
        at_line = [fault.message for fault in verdict.faults if fault.line == line]
        assert any(fault.startswith(message) for fault in at_line), verdict.faults
        with pytest.raises(UserError, match="t5eval check wmt"):
            WMT.read(out, IDS)
    else:
        assert verdict.faults == ()
    if form != ".txt":
        assert obeys(form, damaged) == (not forbidden or not message)


def test_folders_of_others(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    verdict = WMT.check(tmp_path)
    assert verdict.status == "invalid"
    assert "not a file of this leaderboard" in verdict.faults[0].message
    (tmp_path / "notes.txt").rename(tmp_path / "notes.md")
    verdict = WMT.check(tmp_path)
    assert "holds no file of a task, such as wmt14.en-de.txt" in verdict.faults[0].message
    (tmp_path / "wmt14.en-de.txt").write_text(PLAIN)
    (tmp_path / "wmt14.en-de.sgm").write_text(SGML)
    verdict = WMT.check(tmp_path, IDS)
    assert [fault.message for fault in verdict.faults] == [
        "a second file for wmt14/en-de; which one counts is anybody's guess"
    ]
    with pytest.raises(UserError, match="cannot be read"):
        WMT.check(tmp_path / "absent.txt")


def test_at_most_twenty_faults_are_shown(tmp_path: Path) -> None:
    out = tmp_path / "wmt17.en-de.txt"
    out.write_text("\n" * 100 + "x\n" * 2904)
    verdict = WMT.check(out)
    assert (len(verdict.faults), verdict.fault_count) == (20, 100)
    assert verdict.more == {"wmt17.en-de.txt": 80}


# What is no text to a reader of lines or of XML.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
TEXT = st.text(max_size=12) | st.sampled_from(
    ["&amp;", "<seg>", "]]>", "\x00", "\ufffe", " ", "NO TRANSLATION AVAILABLE"]
)


@given(texts=st.lists(TEXT, min_size=4, max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_can_be_written(tmp_path: Path, texts: list[str]) -> None:
    answers = {str(i): text for i, text in enumerate(texts)}
    values = []
    for form in FORMS:
        out = write(tmp_path / f"x{form}", answers)
        assert form == ".txt" or obeys(form, out.read_bytes())
        values.append(WMT.read(out, IDS)[TASK])
    assert values[0] == values[1] == values[2]
    for read, text in zip(values[0].values(), texts, strict=True):
        assert read.split() == ([] if text == "NO TRANSLATION AVAILABLE" else CONTROL.sub(" ", text).split())


@st.composite
def mutated(draw: st.DrawFn, text: str) -> bytes:
    data = text.encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        marks = [
            b"",
            b"<",
            b"&",
            b"\x00",
            b"\xff",
            b"<seg>",
            b"</p>",
            b"\n",
            b"\t",
            b"<!DOCTYPE a>",
            b'id="1"',
            b"&#0;",
        ]
        piece = draw(st.sampled_from(marks) | st.just(data[start:end] * 2) | st.binary(max_size=8))
        data = data[:start] + piece + data[end:]
    return data


@pytest.mark.parametrize("form", FORMS)
@given(data=st.data(), known=st.booleans())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_judged(tmp_path: Path, form: str, data: st.DataObject, known: bool) -> None:
    damaged = data.draw(mutated({".txt": PLAIN, ".sgm": SGML, ".xml": XML}[form]))
    out = tmp_path / f"x{form}"
    out.write_bytes(damaged)
    verdict = WMT.check(out, IDS if known else None)
    assert verdict.status in ("valid", "valid for this data, not for the leaderboard", "invalid")
    assert (verdict.status == "invalid") == bool(verdict.faults)
    assert all("\n" not in line for line in leaderboards.lines(verdict))
    if form != ".txt" and not obeys(form, damaged):
        assert verdict.status == "invalid"
    if verdict.status != "invalid":
        assert all(value == value.strip("\n\t") for value in WMT.read(out, IDS if known else None)[TASK].values())


def test_a_test_set_of_no_task_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.sgm").write_text(SGML.replace("newstest2014", "newstest2020"))
    notes = WMT.check(tmp_path / "x.sgm", {TASK: ["0", "1", "2", "3"]}).notes
    assert any("its test set 'newstest2020' is none of the tasks'" in note for note in notes)
    (tmp_path / "x.sgm").write_text(SGML)
    notes = WMT.check(tmp_path / "x.sgm", {TASK: ["0", "1", "2", "3"]}).notes
    assert not any("none of the tasks'" in note for note in notes)


def test_a_file_of_another_ending_is_told_all_forms(tmp_path: Path) -> None:
    (tmp_path / "mine.de").write_text("Hallo.\n")
    with pytest.raises(UserError, match=r"or one \.txt or \.sgm or \.xml file"):
        WMT.check(tmp_path / "mine.de")


def test_a_task_alone_is_lines(tmp_path: Path) -> None:
    spec = get(TASK)
    assert WMT.render(spec, {"0": "Eins", "1": ""}) == (b"Eins\nNO TRANSLATION AVAILABLE\n", 0)
    (tmp_path / "x.txt").write_text("Ei@@ ns\nZwei\nDr@@ ei\nVi@@ er\n")
    (note,) = (n for n in WMT.check(tmp_path / "x.txt", {TASK: ["0", "1", "2", "3"]}).notes if "@@" in n)
    assert note.endswith("(line 1, 3, 4)")
    (tmp_path / "x.txt").write_text("eins ist klein geschrieben\n" * 4)
    assert any("4 of 4 texts have no capital letter" in n for n in WMT.check(tmp_path / "x.txt").notes)
