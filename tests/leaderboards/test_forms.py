"""Where the bounds of the forms lie: the last size that is taken, and the first that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

import leaderboards
import task_specs
from leaderboards.forms import markup, pyrouge
from leaderboards.forms.markup import MarkupError, parse_xml
from leaderboards.forms.text import text_lines
from leaderboards.forms.text_causes import causes, untranslated
from leaderboards.verdict import FileFaults

SUPER_GLUE = leaderboards.get("super_glue")


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def test_xml_has_so_many_elements_and_so_deep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markup, "MAX_ELEMENTS", 3)
    assert len(parse_xml(b"<a><b/><b/></a>").children) == 2
    with pytest.raises(MarkupError, match="more than 3 elements") as caught:
        parse_xml(b"<a><b/>\n<b/>\n<b/></a>")
    assert caught.value.line == 3
    monkeypatch.undo()
    deepest = list(parse_xml(nested(20)).find("a"))
    assert [element.tag for element in deepest] == ["a"]
    with pytest.raises(MarkupError, match="nested more than 20 deep"):
        parse_xml(nested(21))


def test_an_unknown_encoding_is_shown_by_its_beginning() -> None:
    name = "x" * 41
    with pytest.raises(MarkupError, match=f"its encoding is '{name[:40]}'$"):
        parse_xml(f'<?xml version="1.0" encoding="{name}"?><a/>'.encode())


def test_a_text_file_has_four_times_its_rows_and_a_thousand_lines() -> None:
    faults = FileFaults()
    assert text_lines(b"x\n" * 1040, 10, faults) == ["x"] * 1040
    assert faults.count == 0
    assert text_lines(b"x\n" * 1041, 10, faults) is None
    assert [fault.message for fault in faults.kept("f")] == [
        "has 1,041 lines where 10 rows are expected; its lines were not looked at"
    ]


def summaries(folder: Path, *texts: bytes) -> dict[str, list[str]]:
    (folder / "decoded").mkdir()
    for row, text in enumerate(texts):
        (folder / "decoded" / f"{row:06}_decoded.txt").write_bytes(text)
    faults: dict[str, FileFaults] = {}
    pyrouge.read_part(folder, "decoded", faults)
    return {name: [fault.message for fault in found.kept(name)] for name, found in faults.items()}


def test_a_summary_has_a_megabyte(tmp_path: Path) -> None:
    assert summaries(tmp_path, b"x" * 2**20, b"x" * (2**20 + 1)) == {
        "decoded/000001_decoded.txt": ["has more than 1,048,576 bytes; no summary is so long"]
    }


def test_summaries_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (pyrouge.MAX_FILES, pyrouge.MAX_TOTAL_BYTES) == (100_000, 256 * 2**20)
    monkeypatch.setattr(pyrouge, "MAX_TOTAL_BYTES", 5)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert summaries(tmp_path / "a", b"xxx", b"xx") == {}
    assert summaries(tmp_path / "b", b"xxx", b"xxx") == {"decoded": ["has more than 5 bytes; not a submission"]}


def test_case_and_spaces_are_a_cause_from_a_tenth_of_the_texts_on() -> None:
    lower = {str(n): "no capital letter at all" for n in range(3)}
    found = [*causes(lower | {str(n): "A capital" for n in range(3, 30)}, "line", surface=True)]
    assert [line.partition(" have ")[0] for line in found] == ["3 of 30 texts"]
    assert not [*causes(lower | {str(n): "A capital" for n in range(3, 31)}, "line", surface=True)]
    assert not [*causes(lower, "line")]


def test_words_that_may_stay_as_they_are_are_three() -> None:
    three, four = ({str(n): text for n in range(3)} for text in ("one two three", "one two three four"))
    assert [line.partition(" (")[0] for line in untranslated(four, "line", four)] == [
        "3 of 3 texts are the source, word for word: they were not translated"
    ]
    assert [line.partition(":")[0] for line in causes(four, "line", surface=True)] == [
        "3 of 3 texts have no capital letter"
    ]
    assert not [*untranslated(three, "line", three), *causes(three, "line", surface=True)]


@pytest.mark.parametrize(("ids", "most"), [((), 4 * 166 + 1000), (("0/0/0", "0/0/1"), 4 + 1000)])
def test_multirc_has_as_many_lines_as_its_paragraphs_ask_for(ids: tuple[str, ...], most: int) -> None:
    def told(count: int) -> list[str]:
        faults = FileFaults()
        found = SUPER_GLUE.parse(task_specs.get("super_glue/multirc"), b"torn\n" * count, ids, faults)
        assert found.values == {}
        return [fault.message for fault in faults.kept("f") if "not looked at" in fault.message]

    assert (told(most), len(told(most + 1))) == ([], 1)
