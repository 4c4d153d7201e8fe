"""Cleaning as a whole: order, processes, rules one by one, files that are none."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from t5eval.api.clean import SUMMARY_FILE, clean
from t5eval.preparation.cleaning import local, stages
from t5eval.preparation.cleaning.duplicates import units_of, without_duplicates
from t5eval.preparation.cleaning.pages import read_pages, text_of_html
from t5eval.preparation.cleaning.rules import RULES, Counts, Rules
from t5eval.support import processes
from task_specs.support.errors import UserError
from tests.t5eval.preparation.cleaning.corpus import pages, write_warc, write_wet

QUICK = ["language"]
GOOD = "The goat stood on the hill. It ate all of the grass there. Nobody had asked it to."


def texts(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.glob("*.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            found += [json.loads(line)["text"] for line in file]
    return found


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow  # two processes start
def test_neither_order_nor_processes_change_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "BYTES_OF_SHARD", 20_000)
    monkeypatch.setattr(local, "PAGES_AT_A_TIME", 10)
    found = pages(300)
    files = [write_wet(tmp_path / f"{n}.warc.wet.gz", found[n::3]) for n in range(3)]
    first = clean(files, out=tmp_path / "one", without=QUICK, workers=1)
    assert len(first.shards) > 1
    random.Random(1).shuffle(found)
    other = [write_wet(tmp_path / f"{n}.warc.wet.gz", found[n::3]) for n in range(3)][::-1]
    monkeypatch.setattr(processes, "SECONDS_BEFORE_PROCESSES", 0.0)
    second = clean(other, out=tmp_path / "two", without=QUICK, workers=2)
    assert second.counts == first.counts
    assert content(tmp_path / "one") == content(tmp_path / "two")
    assert not list(tmp_path.glob(".writing*"))


def test_pages_without_an_address(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"{GOOD}\n\nshort\n{GOOD}\n{GOOD.replace('goat', 'ox')}\n")
    made = clean(tmp_path / "a.txt", out=tmp_path / "out", without=QUICK)
    assert sorted(texts(tmp_path / "out")) == sorted([GOOD, GOOD.replace("goat", "ox")])
    assert made.counts == {
        "lines/end_marks": 1, "lines/kept": 2, "pages/few_sentences": 1, "pages/kept": 2, "pages/read": 4,
        "pages/same_url": 1,
    }  # fmt: skip
    summary = json.loads((tmp_path / "out" / SUMMARY_FILE).read_text())
    assert summary["counts"] == made.counts
    assert "language" not in summary["rules"]
    # Without the rule equal pages are pages of their own, of which one keeps the line.
    made = clean(tmp_path / "a.txt", out=tmp_path / "all", without=[*QUICK, "same_url"])
    assert (made.counts["pages/kept"], made.counts["lines/duplicates"]) == (2, 1)
    made = clean(tmp_path / "a.txt", out=tmp_path / "twice", without=[*QUICK, "same_url", "duplicates"])
    assert texts(tmp_path / "twice").count(GOOD) == 2


@pytest.mark.parametrize(
    ("rule", "page", "kept"),
    [
        ("long_pages", f"{'goat ' * 38_000} {GOOD}", f"{'goat ' * 38_000} {GOOD}"),
        ("long_words", f"{GOOD}\nA {'x' * 1001} is a word.", f"{GOOD}\nA {'x' * 1001} is a word."),
        ("citations", f"{GOOD}\nIt was built in 1901[1].", f"{GOOD}\nIt was built in 1901[1]."),
        ("end_marks", f"{GOOD}\nno mark at the end of it", f"{GOOD}\nno mark at the end of it"),
        ("short_lines", f"{GOOD}\nOnly three words.", f"{GOOD}\nOnly three words."),
        ("lorem_ipsum", f"{GOOD}\nLorem ipsum dolor sit amet.", f"{GOOD}\nLorem ipsum dolor sit amet."),
        ("javascript", f"{GOOD}\nTurn JavaScript on to see this.", f"{GOOD}\nTurn JavaScript on to see this."),
        ("braces", f"{GOOD}\nIt says {{ for no reason at all.", f"{GOOD}\nIt says {{ for no reason at all."),
        ("policies", f"{GOOD}\nThis site uses cookies of all kinds.", f"{GOOD}\nThis site uses cookies of all kinds."),
        ("few_sentences", "There is but one sentence here.", "There is but one sentence here."),
    ],
)
def test_each_rule_can_be_switched_off(rule: str, page: str, kept: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": page, "url": "u"}) + "\n")
    with_rule = clean(tmp_path / "a.jsonl", out=tmp_path / "with", without=QUICK)
    without = clean(tmp_path / "a.jsonl", out=tmp_path / "without", without=[*QUICK, rule])
    assert texts(tmp_path / "without") == [kept.strip()]
    assert texts(tmp_path / "with") != [kept.strip()]
    if rule != "citations":
        assert sum(n for key, n in with_rule.counts.items() if key.endswith(rule)) == 1
        assert not any(key.endswith(rule) for key in without.counts)


def test_language_and_bad_words(tmp_path: Path) -> None:
    pytest.importorskip("langdetect")
    german = "Die Ziege stand auf dem Berg. Sie fraß das ganze Gras auf. Niemand hatte sie darum gebeten."
    (tmp_path / "a.txt").write_text(f"{GOOD}\n{german}\n{GOOD.replace('grass', 'DARN grass')}\n")
    (tmp_path / "bad.txt").write_text("darn\n\n")
    made = clean(tmp_path / "a.txt", out=tmp_path / "out", bad_words=tmp_path / "bad.txt")
    assert texts(tmp_path / "out") == [GOOD]
    assert (made.counts["pages/language"], made.counts["pages/bad_words"]) == (1, 1)


def test_three_sentences_are_kept_once() -> None:
    counts = Counts()
    one, two, three, four = "One is here.", "Two is there.", "Three is gone.", "Four is new."
    page = f"{one} {two} {three} {four}\n{four} {one}"
    [first, *_] = units_of(f"{one} {two} {three}", "sentences")
    assert first in units_of(page, "sentences")
    assert without_duplicates(page, "sentences", {first}, counts) == f"{four}\n{four} {one}"
    assert counts == {"sentences/duplicates": 3}
    assert units_of(f"{one} {two}", "sentences") == []
    # Within a page, too; and a page without duplicates is left as it is, spaces and all.
    assert without_duplicates(f"{page}\n{one} {two} {three}", "sentences", set(), counts) == page
    odd = f"{one}   {two}"
    assert without_duplicates(odd, "sentences", {first}, counts) == odd


def test_windows_over_a_set(tmp_path: Path) -> None:
    more = "And then it rained for a week."
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"text": text, "url": f"u{n}"}) + "\n" for n, text in enumerate([f"{GOOD} {more}", GOOD]))
    )
    made = clean(tmp_path / "a.jsonl", out=tmp_path / "out", without=[*QUICK, "few_sentences"], duplicates="sentences")
    assert made.counts["sentences/duplicates"] == 3
    assert sorted(texts(tmp_path / "out")) in ([f"{GOOD} {more}"], sorted([more, GOOD]))


def test_html_of_a_warc(tmp_path: Path) -> None:
    html = "<head><title>No</title></head><h1>Goats</h1><p>They <b>climb</b>\nwell."
    html += "<script>var a = '<p>';</script><br>Yes &amp; no."
    assert [line for line in text_of_html(html).split("\n") if line] == ["Goats", "They climb well.", "Yes & no."]
    [page] = read_pages(write_warc(tmp_path / "a.warc", "https://example.org/", html))
    assert (page.text, page.url) == ("Goats\nThey climb well.\nYes & no.", "https://example.org/")
    with pytest.raises(UserError, match=r"a\.warc: no page in it"):
        list(read_pages(write_warc(tmp_path / "a.warc", "https://example.org/", html, "image/png")))


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("a.txt", None, "a.txt: cannot be read: No such file or directory"),
        ("a.txt", b"", "a.txt: empty; there is no text in it"),
        ("a.txt", b"\x89PNG\r\n\x1a\n", "a.txt: line 1: not UTF-8"),
        ("a.txt", b"x" * (5 << 20), "a.txt: line 1: longer than 4,194,304 bytes"),
        ("a.jsonl", b"[]\n", 'a.jsonl: line 1: not a JSON object with a "text"'),
        ("a.warc.wet", b"plain text\n", "a.warc.wet: not a WET or WARC file"),
        ("a.warc.wet.gz", b"", "a.warc.wet.gz: no page in it"),
    ],
)
def test_files_that_have_no_pages(name: str, written: bytes | None, message: str, tmp_path: Path) -> None:
    if written is not None:
        (tmp_path / name).write_bytes(written)
    with pytest.raises(UserError, match=message) as caught:
        clean(tmp_path / name, out=tmp_path / "out", without=QUICK)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a.warc.wet.gz", "a.warc.wet"])
def test_an_archive_that_was_cut_is_refused(name: str, tmp_path: Path) -> None:
    """As by a download that broke off; its pages until there were taken for all."""
    url, date = "https://example.org/", "2019-04-30T00:00:00Z"
    path = write_wet(tmp_path / name, [(url, date, GOOD), (url, date, GOOD)])
    assert len(list(read_pages(path))) == 2
    whole = path.read_bytes()
    first = len(write_wet(path, [(url, date, GOOD)]).read_bytes())
    for length in (first + 100, len(whole) - 30):  # in the last page's header, and in its text
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="not a complete archive: it ends within its last record"):
            list(read_pages(path))


def test_mistakes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GOOD)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"without": ["brace"]}, r"no rule 'brace'\. Did you mean 'braces'"),
        ({"out": tmp_path}, "there is something in it; name a new folder"),
        ({"bad_words": tmp_path / "none"}, "none: cannot be read"),
        ({"runner_options": ["a=b"]}, "--runner-option needs --runner"),
        ({"runner": "dask"}, "--runner dask cannot clean"),
        ({"runner": "direct", "workers": 2}, "--workers counts processes of this machine"),
    ]
    for changes, message in cases:
        with pytest.raises(UserError, match=message):
            clean(tmp_path / "a.txt", **{"out": tmp_path / "out", "without": QUICK, **changes})
    assert not (tmp_path / "out").exists()
    assert set(Rules(frozenset(RULES)).names) == set(RULES)


def test_beams_direct_runner_writes_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apache_beam", reason="Apache Beam is not installed (make beam)")
    monkeypatch.setattr(stages, "BYTES_OF_SHARD", 20_000)
    found = pages(150)
    files = [write_wet(tmp_path / f"{n}.warc.wet.gz", found[n::3]) for n in range(3)]
    clean(files, out=tmp_path / "one", without=QUICK, workers=1)
    clean(files, out=tmp_path / "two", without=QUICK, runner="direct")
    assert content(tmp_path / "one") == content(tmp_path / "two")
