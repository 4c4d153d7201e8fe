"""WMT's sets: which files are taken, what comes out of them, and what is wrong with damaged ones."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import task_specs
from t5eval.data import available_splits, open_split
from t5eval.data.parallel_text import read_frame
from t5eval.support.errors import DataError, MissingFile
from task_specs import Example
from task_specs.support.errors import UserError

SGM = """<srcset setid="newstest2014" srclang="any">
<doc docid="d1" genre="news" origlang="en">
<hl>
<seg id="1">One & two</seg>
</hl>
<p>
<seg id="2">A &lt;b&gt; &quot;c&quot;</seg>
<seg id="3">AT&amp;T  x</seg>
</p>
</doc>
<DOC docid='d2' sysid="s" genre="">
<seg id="1"> broken
   over lines </seg>
</DOC>
</srcset>
"""
SGM_TEXTS = ["One & two", "A &lt;b&gt; &quot;c&quot;", "AT&amp;T  x", " broken over lines "]
REF = SGM.replace("srcset", "refset").replace("One & two", "Eins & zwei")
XML = """<?xml version='1.0' encoding='utf-8'?>
<dataset id="newstest2014.en-de">
  <collection id="news">
    <doc origlang="en" id="d1" domain="news">
      <src lang="en"><p><seg id="1">One &amp; two</seg><seg id="2">Three</seg></p><p><seg id="3">Four</seg></p></src>
      <ref lang="de" translator="A"><p>
        <seg id="1">Eins &amp; zwei</seg><seg id="2">Drei</seg><seg id="3">Vier</seg></p></ref>
      <ref lang="de" translator="B"><p><seg id="1">B1</seg><seg id="2">B2</seg><seg id="3">B3</seg></p></ref>
    </doc>
  </collection>
  <doc origlang="de" id="suite" testsuite="odd"><src lang="en"><p><seg id="1">No news</seg></p></src></doc>
  <doc origlang="de" id="d2">
    <src lang="en"><p><seg id="1">Five</seg></p></src>
    <ref lang="de"><p><seg id="1">Fünf</seg></p></ref>
    <supplemental type="x"><p><seg id="1">ignored</seg></p></supplemental>
  </doc>
</dataset>
"""


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = folder / "wmt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def read(folder: Path, task: str, split: str = "test") -> list[Example]:
    return list(open_split(task_specs.get(task), split, folder))


def texts(examples: list[Example], language: str) -> list[str | None]:
    return [example.features[language] for example in examples]


def test_plain_text(tmp_path: Path) -> None:
    write(tmp_path, {"en-de/newstest2014.en": "a\r\n\nc\u2028d\x85\n e ", "en-de/newstest2014.de": "\ufeffA\nB\nC\n\n"})
    examples = read(tmp_path, "wmt14/en-de")
    assert [(e.id, e.features["en"], e.features["de"]) for e in examples] == [
        ("0", "a", "A"),
        ("1", "", "B"),
        ("2", "c\u2028d\x85", "C"),
        ("3", " e ", ""),
    ]
    reverse = read(tmp_path, "wmt14/de-en")
    assert [(e.id, dict(e.features)) for e in reverse] == [(e.id, dict(e.features)) for e in examples]
    assert texts(read(tmp_path, "wmt_t2t/en-de"), "en") == texts(examples, "en")


def test_the_summary_has_hashes_and_counts(tmp_path: Path) -> None:
    write(tmp_path, {"en-de/newstest2014.en": "a\nb\n", "en-de/newstest2014.de": "A\nB\n"})
    split = open_split(task_specs.get("wmt14/en-de"), "test", tmp_path)
    assert len(list(split)) == 2
    assert split.summary.files == {
        "wmt/en-de/newstest2014.en": hashlib.sha256(b"a\nb\n").hexdigest(),
        "wmt/en-de/newstest2014.de": hashlib.sha256(b"A\nB\n").hexdigest(),
    }
    assert split.summary.notes == ["wmt14/en-de test has 2 examples here, officially 3,003"]


def test_joined_sets_carry_their_names(tmp_path: Path) -> None:
    files = {f"en-fr/{name}": "x\ny\n" for name in ("newstest2014.en", "newstest2014.fr")}
    files |= {f"en-fr/newsdiscussdev2015{tag}": "z\n" for tag in (".en", ".fr")}
    write(tmp_path, files)
    split = open_split(task_specs.get("wmt15/en-fr"), "validation", tmp_path)
    assert [e.id for e in split] == ["newsdiscussdev2015/0", "newstest2014/0", "newstest2014/1"]
    assert "newsdiscussdev2015 does not say its direction" in split.summary.notes[0]
    write(tmp_path, {f"en-fr/newsdiscussdev2015-fren{tag}": "w\n" for tag in (".en", ".fr")})
    assert texts(read(tmp_path, "wmt15/en-fr", "validation"), "en") == ["w", "x", "y"]


def test_each_direction_has_its_own_set(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            f"en-fr/newsdiscusstest2015-{pair}.{code}": f"{pair} {code}\n"
            for pair in ("enfr", "fren")
            for code in ("en", "fr")
        },
    )
    assert texts(read(tmp_path, "wmt15/en-fr"), "en") == ["enfr en"]
    assert texts(read(tmp_path, "wmt15/fr-en"), "fr") == ["fren fr"]
    (tmp_path / "wmt/en-fr/newsdiscusstest2015-enfr.en").unlink()
    with pytest.raises(MissingFile, match=r"newsdiscusstest2015-enfr\.en: no such file"):
        read(tmp_path, "wmt15/en-fr")


def test_a_test_set_without_references_is_unlabelled(tmp_path: Path) -> None:
    write(tmp_path, {"en-de/newstest2014.en": "a\nb\n", "en-de/newstest2013.en": "a\nb\n"})
    spec = task_specs.get("wmt14/en-de")
    assert available_splits(spec, tmp_path) == ["test"]
    examples = read(tmp_path, "wmt14/en-de")
    assert texts(examples, "de") == [None, None]
    assert [pair.targets for e in examples for pair in spec.pairs(e)] == ["<unk>", "<unk>"]
    with pytest.raises(MissingFile, match=r"newstest2013\.de: no such file; wmt14/en-de needs it for its validation"):
        read(tmp_path, "wmt14/en-de", "validation")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("dev/newstest2014-ende-src.en.sgm", "dev/newstest2014-ende-ref.de.sgm"),
        ("dev/newstest2014-deen-ref.en.sgm", "dev/newstest2014-deen-src.de.sgm"),
        ("dev/newstest2014-deen-src.en.sgm", "dev/newstest2014-deen-ref.de.sgm"),
        ("dev/newstest2014-src.en.sgm", "dev/newstest2014-ref.de.sgm"),
        ("dev/sgm/newstest2014-ende-src.en.sgm", "dev/sgm/newstest2014-ende-ref.de.sgm"),
    ],
)
def test_sgml(tmp_path: Path, source: str, target: str) -> None:
    write(tmp_path, {source: SGM, target: REF})
    examples = read(tmp_path, "wmt14/en-de")
    assert texts(examples, "en") == SGM_TEXTS
    assert texts(examples, "de") == ["Eins & zwei", *SGM_TEXTS[1:]]
    assert [e.id for e in examples] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    "name", ["dev/newstest2014.en-de.xml", "dev/xml/newstest2014.en-de.xml", "en-de/newstest2014.en-de.xml"]
)
def test_xml(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: XML})
    split = open_split(task_specs.get("wmt14/en-de"), "test", tmp_path)
    examples = list(split)
    assert texts(examples, "en") == ["One & two", "Three", "Four", "Five"]
    assert texts(examples, "de") == ["Eins & zwei", "Drei", "Vier", "Fünf"]
    assert "of several translations the first is taken (1 documents)" in split.summary.notes[0]


def test_xml_turned_round_and_without_references(tmp_path: Path) -> None:
    write(tmp_path, {"dev/newstest2014.en-de.xml": XML})
    assert texts(read(tmp_path, "wmt14/de-en"), "de") == ["Eins & zwei", "Drei", "Vier", "Fünf"]
    blind = re.sub(r"<ref.*?</ref>", "", XML, flags=re.DOTALL)
    write(tmp_path, {"dev/newstest2014.en-de.xml": blind})
    assert texts(read(tmp_path, "wmt14/en-de"), "de") == [None] * 4


def test_plain_before_sgml_before_xml(tmp_path: Path) -> None:
    write(tmp_path, {"dev/newstest2014.en-de.xml": XML})
    assert len(texts(read(tmp_path, "wmt14/en-de"), "en")) == 4
    write(tmp_path, {"dev/newstest2014-ende-src.en.sgm": SGM, "dev/newstest2014-ende-ref.de.sgm": REF})
    assert texts(read(tmp_path, "wmt14/en-de"), "en") == SGM_TEXTS
    write(tmp_path, {"en-de/newstest2014.en": "plain\n", "en-de/newstest2014.de": "schlicht\n"})
    assert texts(read(tmp_path, "wmt14/en-de"), "en") == ["plain"]
    # A form that has the references goes before one that lacks them.
    (tmp_path / "wmt/en-de/newstest2014.de").unlink()
    assert texts(read(tmp_path, "wmt14/en-de"), "en") == SGM_TEXTS


def test_training_text_is_streamed_and_drops_empty_sides(tmp_path: Path) -> None:
    write(tmp_path, {"en-de/train.en": "a\n\nc\nd\n", "en-de/train.de": "A\nB\n\nD\n"})
    split = open_split(task_specs.get("wmt19/en-de"), "train", tmp_path)
    rows = iter(split)
    assert next(rows).id == "0"  # before the end was seen
    assert [e.id for e in split] == ["0", "3"]
    assert split.summary.dropped == 2
    assert split.summary.notes == ["wmt/en-de/train.en: 2 lines that are empty on one side dropped"]


def test_what_is_missing_is_named_with_what_else_would_do(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        read(tmp_path, "wmt16/en-ro")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'wmt/en-ro/newstest2016.en'}: no such file; wmt16/en-ro needs it")
    assert "dev/newstest2016-enro-src.en.sgm and wmt/dev/newstest2016-enro-ref.ro.sgm" in message


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a\nb\n", "A\n", "newstest2014.de: has 1 lines, newstest2014.en has 2;"),
        ("a\n", "A\nB\nC", "newstest2014.de: has 3 lines, newstest2014.en has 1;"),
        ("", "", "newstest2014.en: line 1: the file has no lines"),
        (b"a\nb\xff\n", "A\nB\n", "newstest2014.en: line 2: not UTF-8: byte 0xff"),
    ],
)
def test_damaged_plain_text(tmp_path: Path, source: str | bytes, target: str, message: str) -> None:
    write(tmp_path, {"en-de/newstest2014.en": source, "en-de/newstest2014.de": target})
    with pytest.raises(DataError) as caught:
        read(tmp_path, "wmt14/en-de")
    assert str(caught.value).startswith(f"{tmp_path / 'wmt' / 'en-de'}/{message}")


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (SGM[:-40], "line 12: <seg> is not closed"),
        (SGM.replace("</DOC>", ""), "line 16: the file ends inside a <doc>"),
        (SGM.replace("</doc>", ""), "line 11: <doc> within <doc>"),
        (SGM.replace("two</seg>", "two"), "line 4: <seg> is not closed"),
        (SGM.replace('<seg id="2">', ""), "line 7: </seg> without <seg>"),
        ("<seg id='1'>a</seg>", "line 1: <seg> outside <doc>"),
        ("plain text", "line 1: no <seg> in it"),
        (b"\n\xff" + SGM.encode(), "line 2: not UTF-8: byte 0xff"),
    ],
)
def test_damaged_sgml(tmp_path: Path, damaged: str | bytes, message: str) -> None:
    name = "dev/newstest2014-ende-src.en.sgm"
    write(tmp_path, {name: damaged, "dev/newstest2014-ende-ref.de.sgm": REF})
    with pytest.raises(DataError) as caught:
        read(tmp_path, "wmt14/en-de")
    assert str(caught.value).startswith(f"{tmp_path / 'wmt' / name}: {message}")


def test_sgml_whose_segments_stand_in_another_order(tmp_path: Path) -> None:
    assert 'id="2"' in REF
    other = REF.replace('id="2"', 'id="9"', 1)
    write(tmp_path, {"dev/newstest2014-ende-src.en.sgm": SGM, "dev/newstest2014-ende-ref.de.sgm": other})
    with pytest.raises(DataError, match=r"ref\.de\.sgm: segment 2 has id '9', that of .*src\.en\.sgm has '2'; they"):
        read(tmp_path, "wmt14/en-de")


def test_sgml_with_another_number_of_segments(tmp_path: Path) -> None:
    shorter = SGM.replace('<seg id="2">A &lt;b&gt; &quot;c&quot;</seg>', "")
    write(tmp_path, {"dev/newstest2014-ende-src.en.sgm": shorter, "dev/newstest2014-ende-ref.de.sgm": REF})
    with pytest.raises(DataError, match=r"has 4 segments, wmt/dev/newstest2014-ende-src\.en\.sgm has 3"):
        read(tmp_path, "wmt14/en-de")


@pytest.mark.parametrize(
    ("found", "put", "message"),
    [
        ("&amp;", "&", "line 5: not well-formed XML: not well-formed (invalid token)"),
        ("<dataset", "<!DOCTYPE x [<!ENTITY a 'b'>]><dataset", "line 2: declares a document type"),
        ("dataset", "tstset", "line 2: expected <dataset>, got <tstset>"),
        ('src lang="en"', 'src lang="cs"', "line 4: the document has no <src> or <ref> in 'en'"),
        ('<seg id="2">Drei</seg>', "", "line 6: segment 2 has no translation"),
        ('<seg id="2">Three', '<seg id="1">Three', "line 5: segment id '1' is missing or comes again"),
        ('    <ref lang="de"><p><seg id="1">Fünf</seg></p></ref>\n', "", "line 2: 1 of 2 documents are not translated"),
        (XML, "<dataset id='a'/>", "line 1: no <seg> in it"),
        (XML, "<a>" * 10_000, "line 1: elements nested more than 20 deep"),
        ("'utf-8'", "'nonsense'", "line 1: not"),
    ],
)
def test_damaged_xml(tmp_path: Path, found: str, put: str, message: str) -> None:
    assert found in XML
    write(tmp_path, {"dev/newstest2014.en-de.xml": XML.replace(found, put)})
    with pytest.raises(DataError) as caught:
        read(tmp_path, "wmt14/en-de")
    assert str(caught.value).startswith(f"{tmp_path / 'wmt/dev/newstest2014.en-de.xml'}: {message}")


def test_the_frame_keeps_documents_and_resolves_entities(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "en-de/newstest2014.en": 'One & two\nA <b> "c"\nAT&T x\nbroken over lines\n',
            "en-de/newstest2014.de": "1\n2\n3\n4\n",
            "dev/newstest2014-deen-src.en.sgm": SGM,
        },
    )
    frame = read_frame(task_specs.get("wmt14/en-de"), "test", tmp_path)
    assert (frame.set_id, frame.srclang) == ("newstest2014", "any")
    assert [(d.id, d.genre, d.origlang, [len(p) for p in d.paragraphs]) for d in frame.documents] == [
        ("d1", "news", "en", [1, 2]),
        ("d2", "", "", [1]),
    ]
    assert [(s.id, s.text) for s in frame.segments] == [
        ("1", "One & two"),
        ("2", 'A <b> "c"'),
        ("3", "AT&T  x"),
        ("1", " broken over lines "),
    ]
    write(tmp_path, {"en-de/newstest2014.en": "One & two\nAnother\nAT&T x\nbroken over lines\n"})
    with pytest.raises(DataError, match=r"segment 2 is .* the documents are not those of this data"):
        read_frame(task_specs.get("wmt14/en-de"), "test", tmp_path)
    write(tmp_path, {"en-de/newstest2014.en": "One & two\n", "en-de/newstest2014.de": "1\n"})
    with pytest.raises(DataError, match="another number of segments"):
        read_frame(task_specs.get("wmt14/en-de"), "test", tmp_path)
    with pytest.raises(MissingFile, match="SGML or XML that WMT distributes"):
        read_frame(task_specs.get("wmt16/en-ro"), "test", tmp_path)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> bytes:
    """A real file with pieces cut out, repeated, or replaced by bytes of any kind."""
    data = text.encode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        marks = [b"", b"<", b"&", b"]]>", b"\x00", b"\xff", b"<seg>", b"</seg>", b"<doc>", b"<!DOCTYPE a>"]
        piece = draw(st.sampled_from(marks) | st.just(data[start:end] * 2) | st.binary(max_size=8))
        data = data[:start] + piece + data[end:]
    return data


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("dev/newstest2014-ende-src.en.sgm", "dev/newstest2014-ende-ref.de.sgm", SGM),
        ("dev/newstest2014.en-de.xml", "dev/newstest2014.en-de.xml", XML),
        ("en-de/newstest2014.en", "en-de/newstest2014.de", "a\nb\nc\n"),
    ],
)
@given(data=st.data())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_an_error_or_a_result(
    tmp_path: Path, source: str, target: str, text: str, data: st.DataObject
) -> None:
    write(tmp_path, {target: REF if text is SGM else text})
    write(tmp_path, {source: data.draw(mutated(text))})
    spec = task_specs.get("wmt14/en-de")
    try:
        examples = read(tmp_path, "wmt14/en-de")
    except UserError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert str(tmp_path) in message
        return
    assert [e.id for e in examples] == [str(i) for i in range(len(examples))]
    for example in examples:
        (pair,) = spec.pairs(example)
        assert (pair.inputs + pair.targets).encode()
