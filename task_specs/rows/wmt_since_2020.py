"""WMT's test sets of 2020 to 2024, every direction, in T5's text format. A new year is a table more.

Each direction has sentences of its own, so its name is part of the set's. Where a direction has several translations,
the row takes the one that sacrebleu takes. Numbers of segments: those of a second source (dataset cards, benchmark
lists) where there is one, else from memory of the findings; `docs/wmt.md` says which.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from task_specs.answers.labels import Text
from task_specs.rows.wmt import TERMS
from task_specs.sources.download import Download
from task_specs.sources.parallel import ParallelText
from task_specs.spec import Decode, Lengths, TaskSpec
from task_specs.submission_files.texts import TextFile
from task_specs.texts.instructed import Instructed

LANGUAGES = {
    "bn": "Bengali", "cs": "Czech", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "ha": "Hausa",
    "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "is": "Icelandic", "iu": "Inuktitut", "ja": "Japanese",
    "km": "Khmer", "pl": "Polish", "ps": "Pashto", "ru": "Russian", "ta": "Tamil", "uk": "Ukrainian", "xh": "Xhosa",
    "zh": "Chinese", "zu": "Zulu",
}  # fmt: skip
REPOSITORY = "https://github.com/wmt-conference"


@dataclass(frozen=True)
class Year:
    """What is true of all directions of a year.

    Attributes:
        test_set: the set's name, without the direction.
        download: where its sets are.
        segments: direction to the number of its segments.
        translators: direction to whose translation counts, where that is not the first.
        other_sets: direction to the set's name, where that is another one.
    """

    test_set: str
    download: Download
    segments: Mapping[str, int]
    translators: Mapping[str, str]
    other_sets: Mapping[str, str]


def _year(
    test_set: str,
    url: str,
    keep: str,
    segments: Mapping[str, int],
    translators: Mapping[str, str] | None = None,
    other_sets: Mapping[str, str] | None = None,
) -> Year:
    return Year(test_set, Download(url, "wmt/dev", (keep,), terms=TERMS), segments, translators or {}, other_sets or {})


YEARS = {
    "wmt20": _year(
        "newstest2020",
        "https://data.statmt.org/wmt20/translation-task/test.tgz",
        "sgm/*.sgm",
        {
            "cs-en": 664, "de-en": 785, "de-fr": 1619, "en-cs": 1418, "en-de": 1418, "en-iu": 2971, "en-ja": 1000,
            "en-km": 2320, "en-pl": 1000, "en-ps": 2719, "en-ru": 2002, "en-ta": 1000, "en-zh": 1418, "fr-de": 1619,
            "iu-en": 2971, "ja-en": 993, "km-en": 2320, "pl-en": 1001, "ps-en": 2719, "ru-en": 991, "ta-en": 997,
            "zh-en": 2000,
        },
    ),
    "wmt21": _year(
        "newstest2021",
        "https://data.statmt.org/wmt21/translation-task/test.tgz",
        "test/*.xml",
        {
            "bn-hi": 509, "cs-en": 1000, "de-en": 1000, "de-fr": 1000, "en-cs": 1002, "en-de": 1002, "en-ha": 1000,
            "en-is": 1000, "en-ja": 1000, "en-ru": 1002, "en-zh": 1002, "fr-de": 1026, "ha-en": 997, "hi-bn": 509,
            "is-en": 1000, "ja-en": 1005, "ru-en": 1000, "xh-zu": 509, "zh-en": 1948, "zu-xh": 509,
        },
        other_sets=dict.fromkeys(("bn-hi", "hi-bn", "xh-zu", "zu-xh"), "florestest2021"),
    ),
    "wmt22": _year(
        "wmttest2022",
        f"{REPOSITORY}/wmt22-news-systems/archive/refs/tags/v1.1.tar.gz",
        "wmt22-news-systems-1.1/xml/*.xml",
        {
            "cs-en": 1448, "cs-uk": 1930, "de-en": 1984, "de-fr": 1984, "en-cs": 2037, "en-de": 2037, "en-hr": 1671,
            "en-ja": 2037, "en-ru": 2037, "en-uk": 2037, "en-zh": 2037, "fr-de": 2006, "ja-en": 2008, "ru-en": 2016,
            "uk-cs": 2812, "uk-en": 2018, "zh-en": 1875,
        },
        {"cs-en": "B", "en-cs": "B"},
    ),
    "wmt23": _year(
        "wmttest2023",
        f"{REPOSITORY}/wmt23-news-systems/archive/refs/tags/v.0.1.tar.gz",
        "wmt23-news-systems-v.0.1/xml/*.xml",
        {
            "cs-uk": 2017, "de-en": 549, "en-cs": 2074, "en-de": 557, "en-he": 2074, "en-ja": 2074, "en-ru": 2074,
            "en-uk": 2074, "en-zh": 2074, "he-en": 1910, "ja-en": 1992, "ru-en": 1723, "uk-en": 1826, "zh-en": 1976,
        },
        {"en-he": "refB", "he-en": "refB"},
    ),
    "wmt24": _year(
        "wmttest2024",
        f"{REPOSITORY}/wmt24-news-systems/releases/download/v1.1/data_onlyxml.tar.gz",
        "xml/*.xml",
        {
            "cs-uk": 2316, "en-cs": 998, "en-de": 998, "en-es": 998, "en-hi": 998, "en-is": 998, "en-ja": 998,
            "en-ru": 998, "en-uk": 998, "en-zh": 998, "ja-zh": 722,
        },
    ),
}  # fmt: skip


def _tasks(name: str, year: Year) -> Iterator[TaskSpec]:
    for direction, segments in year.segments.items():
        source, target = direction.split("-")
        test_set = year.other_sets.get(direction, year.test_set)
        translator = year.translators.get(direction)
        yield TaskSpec(
            name=f"{name}/{direction}",
            benchmark="wmt",
            source=ParallelText(
                "wmt",
                source,
                target,
                sets={"test": (f"{test_set}-{source}{target}",)},
                translators=(translator,) if translator else (),
            ),
            downloads=(year.download,),
            text=Instructed(f"translate {LANGUAGES[source]} to {LANGUAGES[target]}:", source),
            answer=Text(target),
            metrics=("bleu", "chrf"),
            submission=TextFile(f"{name}.{direction}.txt"),
            sizes={"test": segments},
            lengths=Lengths(inputs=512, targets=512),
            decode=Decode("beam", beam_size=4, alpha=0.6),
            note="a test set alone: train on what you like, and validate on an earlier year",
        )


TASKS = tuple(spec for name, year in YEARS.items() for spec in _tasks(name, year))
