"""C4's rules against the program that made C4, page by page and over a whole set."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow_datasets.text.c4_utils as c4_utils
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from t5eval.api.clean import clean
from t5eval.preparation.cleaning.pages import read_pages
from t5eval.preparation.cleaning.rules import RULES, Counts, Rules, sentences_of
from t5eval.preparation.cleaning.stages import normalised
from tests.t5eval.preparation.cleaning.corpus import GOOD, OTHER, pages, write_wet

BAD_WORDS = ("darn", "so.be")
ALL = Rules(frozenset(RULES), BAD_WORDS)
COUNTERS = {
    "line-filtered:too_long_word": "lines/long_words",
    "line-filtered:no_endmark": "lines/end_marks",
    "line-filtered:too_short": "lines/short_lines",
    "line-filtered:javascript": "lines/javascript",
    "line-filtered:policy": "lines/policies",
    "line-passed": "lines/kept",
    "filtered:loremipsum": "pages/lorem_ipsum",
    "filtered:squigglybracket": "pages/braces",
    "filtered:too_few_sentences": "pages/few_sentences",
}


@pytest.fixture(autouse=True)
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Gives the original what it needs of TensorFlow, Beam and nltk's downloads; counts what it counts."""
    counted: Counter[str] = Counter()

    def counter(namespace: str) -> Callable[..., None]:
        return lambda name, amount=1: counted.update({f"{namespace}/{name}": amount})

    gfile = SimpleNamespace(GFile=open)
    text = SimpleNamespace(as_text=lambda value: value)
    monkeypatch.setattr(c4_utils, "tf", SimpleNamespace(compat=text, io=SimpleNamespace(gfile=gfile)))
    monkeypatch.setattr(c4_utils, "_get_sentences", sentences_of)
    monkeypatch.setattr(c4_utils, "get_counter_inc_fn", counter)
    sentences_of("What finds sentences is loaded.")
    return counted


LINES = st.one_of(
    st.sampled_from(GOOD + OTHER),
    st.text(max_size=80),
    st.lists(
        st.sampled_from(["a", "goat", "[12]", "{", "Cookie Policy", "end.", '"', "...", "?", "\t", "x" * 1001]),
        max_size=9,
    ).map(" ".join),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_a_page_is_cleaned_as_by_the_original(text: str) -> None:
    theirs: Counter[str] = Counter()
    clean_page = c4_utils.get_clean_page_fn()
    kept = list(clean_page(c4_utils.PageFeatures(text=text), counter_inc_fn=lambda name: theirs.update([name])))
    counts = Counts()
    assert ALL.cleaned(text, counts) == (kept[0].text if kept else "")
    assert {key: n for key, n in counts.items() if n} == {COUNTERS[k]: n for k, n in theirs.items() if k in COUNTERS}


def test_archives_are_split_as_by_the_original(tmp_path: Path) -> None:
    path = write_wet(tmp_path / "a.warc.wet.gz", pages(60))
    theirs = [(page.text, page.url, page.timestamp) for page in c4_utils.split_wet_file(path)]
    ours = [(page.text, page.url, page.timestamp) for page in read_pages(path)]
    assert ours == theirs
    assert len(ours) > 50
    assert {c4_utils.normalize_url(url) for _, url, _ in ours} == {normalised(url) for _, url, _ in ours}


def original(paths: list[Path]) -> dict[str, str]:
    """Returns texts by address, by the original's functions in the original's order, without Beam between them."""
    by_url: dict[str, list[Any]] = defaultdict(list)
    for path in paths:
        for page in filter(c4_utils.is_valid_length, c4_utils.split_wet_file(path)):
            by_url[page.normalized_url].append(page)
    chosen = [c4_utils.select_newest_page(group) for group in by_url.values()]
    cleaned = [found for page in chosen for found in c4_utils.get_clean_page_fn()(page)]
    holders: dict[str, list[str]] = defaultdict(list)
    for page in cleaned:
        for line, url in c4_utils._emit_url_to_lines(page):
            holders[line].append(url)
    keeps: dict[str, list[str]] = defaultdict(list)
    for line, urls in holders.items():
        keeps[min(urls, key=c4_utils._hash_text)].append(line)
    counter = c4_utils.get_counter_inc_fn("dedupe-lines")
    single = [
        found
        for page in cleaned
        for found in c4_utils._remove_lines_from_text(
            (page.url, {"pages": [page], "lines": keeps[page.url]}), counter, min_num_sentences=3
        )
    ]
    english = [found for page in single for found in c4_utils.detect_english(page)]
    decent = c4_utils.get_badwords_filter_fn({"en": list(BAD_WORDS)})
    return {page.url: page.text for page in english if decent(page)}


def test_a_set_is_cleaned_as_by_the_original(
    tmp_path: Path, without_tensorflow: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    langdetect = pytest.importorskip("langdetect")
    monkeypatch.setattr(c4_utils.tfds.core, "lazy_imports", SimpleNamespace(langdetect=langdetect))
    found = pages(300)
    paths = [write_wet(tmp_path / f"{n}.warc.wet.gz", found[n::2]) for n in range(2)]
    (tmp_path / "bad.txt").write_text("\n".join(BAD_WORDS) + "\n")
    made = clean(paths, out=tmp_path / "out", bad_words=tmp_path / "bad.txt", workers=1)
    ours = {}
    for shard in made.shards:
        with gzip.open(tmp_path / "out" / shard, "rt", encoding="utf-8") as file:
            ours |= {line["url"]: line["text"] for line in map(json.loads, file)}
    theirs = original(paths)
    assert ours == theirs
    assert len(theirs) > 30
    counted = without_tensorflow
    assert made.counts["pages/kept"] == len(theirs) == counted["badwords-filter/passed"]
    assert made.counts["pages/same_url"] == counted["duplicate-url-filter/filtered"] > 0
    assert made.counts["pages/bad_words"] == counted["badwords-filter/filtered"] > 0
    duplicates = [counted[f"dedupe-lines/line-filtered:{kind}_duplicate"] for kind in ("global", "local")]
    assert made.counts["lines/duplicates"] == sum(duplicates)
    assert min(duplicates) > 0
    not_english = sum(n for key, n in counted.items() if key in (
        "english-filter/filtered:ignored_language", "english-filter/filtered:low_confidence",
        "english-filter/filtered:langdetect_exception",
    ))  # fmt: skip
    assert made.counts["pages/language"] == not_english > 0
