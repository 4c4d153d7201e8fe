"""WMT's and CNN/DailyMail's rows: names, sizes, formats, decoding, published scores."""

from __future__ import annotations

import pytest

import task_specs
from task_specs import Decode, Example, Lengths, SpecError
from task_specs.schema import from_plain
from task_specs.sources.parallel import ParallelText
from task_specs.sources.summaries import Stories
from task_specs.texts.instructed import Instructed

# task: T5's name, validation and test sizes, instruction, test set
WMT = {
    "wmt14/en-de": ("wmt14_ende_v003", 3000, 3003, "translate English to German: a", "newstest2014"),
    "wmt14/de-en": (None, 3000, 3003, "translate German to English: a", "newstest2014"),
    "wmt14/en-fr": ("wmt14_enfr_v003", 3000, 3003, "translate English to French: a", "newstest2014"),
    "wmt14/fr-en": (None, 3000, 3003, "translate French to English: a", "newstest2014"),
    "wmt15/en-fr": ("wmt15_enfr_v003", 4503, 1500, "translate English to French: a", "newsdiscusstest2015-enfr"),
    "wmt15/fr-en": (None, 4503, 1500, "translate French to English: a", "newsdiscusstest2015-fren"),
    "wmt16/en-ro": ("wmt16_enro_v003", 1999, 1999, "translate English to Romanian: a", "newstest2016"),
    "wmt16/ro-en": (None, 1999, 1999, "translate Romanian to English: a", "newstest2016"),
    "wmt17/en-de": (None, 2999, 3004, "translate English to German: a", "newstest2017"),
    "wmt17/de-en": (None, 2999, 3004, "translate German to English: a", "newstest2017"),
    "wmt19/en-de": ("wmt19_ende_v003", 2998, 1997, "translate English to German: a", "newstest2019-ende"),
    "wmt19/de-en": (None, 2998, 2000, "translate German to English: a", "newstest2019-deen"),
    "wmt_t2t/en-de": ("wmt_t2t_ende_v003", 3000, 3003, "translate English to German: a", "newstest2014"),
    "wmt_t2t/de-en": (None, 3000, 3003, "translate German to English: a", "newstest2014"),
}


def test_every_direction_is_there() -> None:
    older = [spec.name for spec in task_specs.all_tasks() if spec.benchmark == "wmt" and spec.name < "wmt2"]
    older += [name for name in ("wmt_t2t/en-de", "wmt_t2t/de-en") if task_specs.get(name)]
    assert older == list(WMT)
    assert task_specs.resolve(["wmt"]) == [task_specs.get(name) for name in WMT if not name.endswith("-en")]


@pytest.mark.parametrize("name", WMT)
def test_wmt(name: str) -> None:
    alias, validation, test, inputs, test_set = WMT[name]
    spec = task_specs.get(name)
    assert spec.aliases == ((alias,) if alias else ())
    assert spec.sizes == {"validation": validation, "test": test}
    assert (spec.decode, spec.lengths) == (Decode("beam", 4, 0.6), Lengths(512, 512))
    assert spec.metrics == ("bleu", "chrf", "bleu_t5")
    source, target = name.rpartition("/")[2].split("-")
    (pair,) = spec.pairs(Example("3", {source: "a", target: "b"}))
    assert (pair.id, pair.inputs, pair.targets) == ("3", inputs, "b")
    (pair,) = spec.pairs(Example("3", {source: "a", target: None}))
    assert pair.targets == "<unk>"
    assert spec.answer.gold({source: "a", target: None}, "<unk>") is None
    assert isinstance(spec.source, ParallelText)
    assert spec.source.sets["test"] == (test_set,)
    assert spec.submission is not None
    assert spec.submission.file == name.replace("/", ".") + ".txt"


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("wmt14/en-de", [26.7, 30.9, 32.0, 31.8, 32.1]),
        ("wmt_t2t/en-de", [26.7, 30.9, 32.0, 31.8, 32.1]),
        ("wmt15/en-fr", [36.0, 41.2, 41.5, 42.6, 43.4]),
        ("wmt16/en-ro", [26.8, 28.0, 28.1, 28.2, 28.1]),
        ("wmt14/en-fr", []),  # T5's score is of another test set
        ("wmt17/en-de", []),
    ],
)
def test_published_bleu_is_t5s_own(name: str, scores: list[float]) -> None:
    published = task_specs.get(name).published
    assert [p.scores for p in published] == [{"bleu_t5": score} for score in scores]
    assert {p.split for p in published} <= {"test"}


def test_cnn_dailymail() -> None:
    spec = task_specs.get("cnn_dailymail")
    assert task_specs.get("cnn_dailymail_v002") is spec
    assert task_specs.resolve(["cnn_dailymail"]) == [spec]
    assert spec.sizes == {"train": 287113, "validation": 13368, "test": 11490}
    assert (spec.decode, spec.lengths) == (Decode("beam", 4, 0.6), Lengths(512, 512))
    (pair,) = spec.pairs(Example("x", {"article": "a\nb ", "highlights": "c .\nd ."}))
    assert (pair.inputs, pair.targets) == ("summarize: a\nb ", "c .\nd .")
    small, *_, largest = spec.published
    assert small.scores == {"rouge1_t5": 41.12, "rouge2_t5": 19.56, "rougeLsum_t5": 38.35}
    assert largest.scores == {"rouge1_t5": 43.52, "rouge2_t5": 21.55, "rougeLsum_t5": 40.69}


def test_rows_survive_their_plain_form() -> None:
    for name in (*WMT, "cnn_dailymail"):
        spec = task_specs.get(name)
        assert from_plain(spec.to_dict(), name) == spec


def test_directions_and_parts() -> None:
    source = ParallelText("wmt", "en", "fr", {"test": ("a-enfr",), "validation": ("b-fren", "c", "d-ende")})
    assert [source.split_name(name) for name in ("a-enfr", "b-fren", "c", "d-ende", "-enfr")] == [
        ("a", "enfr"),
        ("b", "fren"),
        ("c", ""),
        ("d-ende", ""),
        ("-enfr", ""),
    ]
    assert source.parts("test") == {"": "a-enfr"}
    assert source.parts("validation") == {"b": "b-fren", "c": "c", "d-ende": "d-ende"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ParallelText("wmt", "engl", "de", {"test": ("a",)}), "a language is a code such as 'en', got 'engl'"),
        (lambda: ParallelText("wmt", "ces", "d", {"test": ("a",)}), "a language is a code such as 'en', got 'd'"),
        (lambda: ParallelText("wmt", "en", "en", {"test": ("a",)}), "both 'en'"),
        (lambda: ParallelText("wmt", "en", "de", {}), "at least one set"),
        (lambda: ParallelText("wmt", "en", "de", {"test": ()}), "at least one set"),
        (lambda: ParallelText("wmt", "en", "de", {"test": ("../a",)}), "not the name of a set"),
        (lambda: Stories("cnn", {}), "at least one name"),
        (lambda: Stories("cnn", {"test": ("..",)}), "not the name of a split"),
        (lambda: Instructed("", "en"), "needs an instruction and a field"),
    ],
)
def test_sources_and_formats_check_themselves(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(SpecError, match=message):
        make()
