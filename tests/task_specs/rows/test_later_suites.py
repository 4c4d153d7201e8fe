"""XNLI, PAWS-X, closed-book questions, WMT since 2020 and FLORES, against mT5's and T5's code and the suites' own."""

from __future__ import annotations

import pytest

import task_specs
from task_specs import BENCHMARKS, Example, SpecError, shares
from task_specs.sources.parallel import ParallelText

# task, other name, features, what T5 or mT5 makes of them
PAIRS = [
    ("xnli/de", "xnli_dev_test.de", {"premise": "Er las.", "hypothesis": "Er schlief.", "label": 2},
     "xnli: premise: Er las. hypothesis: Er schlief.", "2"),
    ("xnli/train", "xnli_train", {"premise": "He read.", "hypothesis": "He sat.", "label": 1},
     "xnli: premise: He read. hypothesis: He sat.", "1"),
    ("pawsx/ja", "pawsx_dev_test.ja", {"sentence1": "A .", "sentence2": "B .", "label": 0},
     "paws sentence1: A . sentence2: B .", "different_meaning"),
    ("pawsx/en", "pawsx_translate_train_original.en", {"sentence1": "A .", "sentence2": "B .", "label": 1},
     "paws sentence1: A . sentence2: B .", "paraphrase"),
    ("closed_book/natural_questions", "natural_questions_open", {"question": "who sang it", "answers": ["Bo", "Al"]},
     "nq question: who sang it", "Bo"),
    ("closed_book/web_questions", "web_questions", {"question": "who sang it?", "answers": ["Bo", "Al"]},
     "wq question: who sang it?", "Bo"),
    ("closed_book/trivia_qa", "trivia_qa_v010", {"question": "Who?", "value": "Bo", "answers": ["Al", "Bo"]},
     "trivia_qa question: Who?", "Bo"),
    ("closed_book/trivia_qa", "trivia_qa_open", {"question": "Who?", "value": None, "answers": []},
     "trivia_qa question: Who?", "<unk>"),
    ("squad/v1.1", "squad_v010", {"question": "Who?", "context": "Bo sang.", "answers": {"text": ["Bo"]}},
     "question: Who ? context: Bo sang . ", "Bo"),
    ("wmt22/en-uk", "wmt22/en-uk", {"en": "A day.", "uk": "День."}, "translate English to Ukrainian: A day.", "День."),
    ("flores200/eng_Latn-deu_Latn", "flores200/eng_Latn-deu_Latn", {"eng_Latn": "A day.", "deu_Latn": "Ein Tag."},
     "translate English to German: A day.", "Ein Tag."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "alias", "features", "inputs", "targets"), PAIRS)
def test_texts(name: str, alias: str, features: dict[str, object], inputs: str, targets: str) -> None:
    spec = task_specs.get(alias)
    assert spec is task_specs.get(name)
    (pair,) = spec.pairs(Example("0", features))
    assert (pair.inputs, pair.targets) == (inputs, targets)


def test_a_digit_is_xnlis_answer() -> None:
    answer = task_specs.get("xnli/en").answer
    assert answer.choices == ("0", "1", "2")
    assert [answer.parse(text, {}, "").value for text in ("0", "2", "entailment", " 1")] == [0, 2, None, None]


# Dev and test in each of 15 languages (Conneau et al. 2018); PAWS-X (Yang et al. 2019); Roberts et al. 2020.
SIZES = {
    "xnli/sw": {"validation": 2490, "test": 5010},
    "pawsx/ko": {"train": 49401, "validation": 2000, "test": 2000},
    "closed_book/natural_questions": {"train": 87925, "validation": 3610},
    "closed_book/web_questions": {"train": 3778, "test": 2032},
    "closed_book/trivia_qa": {"train": 78785 + 8837, "validation": 11313, "test": 10832},
    "flores200/fra_Latn-zho_Hans": {"validation": 997, "test": 1012},
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str) -> None:
    spec = task_specs.get(name)
    assert spec.sizes == SIZES[name]
    assert task_specs.from_plain(spec.to_dict(), name) == spec
    assert spec.downloads


def test_benchmarks() -> None:
    assert len(BENCHMARKS["xnli"].tasks) == len(BENCHMARKS["xnli"].average) == 15
    assert len(BENCHMARKS["pawsx"].tasks) == 7
    assert [spec.name for spec in task_specs.resolve(["closed_book"])] == [
        "closed_book/natural_questions", "closed_book/web_questions", "closed_book/trivia_qa",
    ]  # fmt: skip
    for name, trained in (("xnli_zeroshot", "xnli/train"), ("pawsx_zeroshot", "pawsx/en")):
        mixture = task_specs.find(name)
        assert isinstance(mixture, task_specs.Mixture)
        assert {task for task, share in shares(mixture).items() if share} == {trained}


# Counts that a second source has: dataset cards of the sets, and lists of OPUS-MT's scores.
WMT = {
    "wmt20/en-de": 1418, "wmt20/de-en": 785, "wmt20/en-ru": 2002, "wmt20/ru-en": 991, "wmt20/km-en": 2320,
    "wmt20/en-km": 2320, "wmt21/is-en": 1000, "wmt22/cs-en": 1448, "wmt22/cs-uk": 1930, "wmt22/de-en": 1984,
    "wmt22/de-fr": 1984, "wmt22/en-cs": 2037, "wmt22/en-de": 2037, "wmt22/en-ru": 2037, "wmt22/zh-en": 1875,
    "wmt23/de-en": 549, "wmt23/en-cs": 2074, "wmt23/en-de": 557, "wmt23/en-ru": 2074,
}  # fmt: skip


@pytest.mark.parametrize(("name", "segments"), WMT.items())
def test_segments(name: str, segments: int) -> None:
    spec = task_specs.get(name)
    assert spec.sizes == {"test": segments}
    assert isinstance(spec.source, ParallelText)
    assert spec.submission is not None
    assert spec.submission.file == f"{name.replace('/', '.')}.txt"


def test_every_direction_is_one_of_sacrebleus() -> None:
    known = pytest.importorskip("sacrebleu").dataset.DATASETS
    # An older sacrebleu does not know the later years.
    years = {year for year in ("wmt20", "wmt21", "wmt22", "wmt23", "wmt24") if year in known}
    assert len(years) >= 3
    ours = {spec.name for spec in task_specs.all_tasks() if spec.name.partition("/")[0] in years}
    theirs = {f"{year}/{pair}" for year in years for pair in known[year].langpairs}
    assert ours <= theirs
    # Languages whose numbers of segments nobody could tell.
    assert {name for name in theirs - ours if not {"liv", "sah"} & set(name.partition("/")[2].split("-"))} == set()


def test_pairs_of_flores_are_made_when_they_are_asked_for() -> None:
    spec = task_specs.get("flores200/eng_Latn-jpn_Jpan")
    assert spec is task_specs.get("flores200/eng_Latn-jpn_Jpan")
    assert getattr(spec.answer, "tokenizer", "") == "ja-mecab"
    assert not [spec for spec in task_specs.all_tasks() if spec.benchmark == "flores200"]
    with pytest.raises(SpecError, match="unknown task 'flores200/eng_Latn-eng_Latn'"):
        task_specs.get("flores200/eng_Latn-eng_Latn")
    with pytest.raises(SpecError, match=r"Did you mean .*'flores200/eng_Latn-deu_Latn'"):
        task_specs.get("flores200/eng_Latn-deu_Lat")
