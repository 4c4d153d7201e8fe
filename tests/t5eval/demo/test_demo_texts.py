"""The embedded SQuAD, CNN/DailyMail and WMT: official forms, answers that stand in their passages, sound German."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from t5eval.data import OfficialFiles, open_split
from t5eval.demo import suite_folder
from task_specs import get

SUITE = suite_folder()

SETS = ("train", "newstest2013", "newstest2014")


def squad(split: str) -> list[tuple[str, dict[str, Any]]]:
    """Passages with their questions, read here and not by the project's reader."""
    document = json.loads((SUITE / "squad" / f"{split}-v1.1.json").read_text(encoding="ascii"))
    assert document["version"] == "1.1"
    paragraphs = [paragraph for article in document["data"] for paragraph in article["paragraphs"]]
    return [(paragraph["context"], question) for paragraph in paragraphs for question in paragraph["qas"]]


def stories(split: str) -> list[dict[str, str]]:
    lines = (SUITE / "cnn_dailymail" / f"{split}.jsonl").read_text(encoding="ascii").splitlines()
    return [json.loads(line) for line in lines]


def lines(name: str, language: str) -> list[str]:
    return (SUITE / "wmt" / "en-de" / f"{name}.{language}").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("split", ["train", "dev"])
def test_squad_answers_stand_where_the_file_says(split: str) -> None:
    for context, question in squad(split):
        assert question["answers"]
        for answer in question["answers"]:
            assert context[answer["answer_start"] :].startswith(answer["text"])


def test_squad_passages_questions_and_ids_are_in_one_split() -> None:
    train, dev = squad("train"), squad("dev")
    ids = [question["id"] for _, question in train + dev]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{24}", example_id) for example_id in ids)
    assert not {context for context, _ in train} & {context for context, _ in dev}
    assert not {question["question"] for _, question in train} & {question["question"] for _, question in dev}


def test_squad_has_answers_of_several_kinds_and_some_with_two_annotators() -> None:
    answers = [[answer["text"] for answer in question["answers"]] for _, question in squad("dev")]
    assert sum(first.isdigit() for first, *_ in answers) > 10
    assert sum(first.istitle() and " " in first for first, *_ in answers) > 5
    assert sum(first.islower() for first, *_ in answers) > 10
    assert {len(texts) for texts in answers} == {1, 2}


def test_summaries_say_what_their_articles_say() -> None:
    for split in ("train", "validation", "test"):
        for story in stories(split):
            assert set(story) == {"id", "article", "highlights"}
            assert story["id"] == hashlib.sha1(story["article"].encode()).hexdigest()
            deed, mood = story["highlights"].split("\n")
            assert deed.rsplit(" in ", 1)[0] in story["article"]
            assert set(deed.removesuffix(".").split()) <= set(re.findall(r"\w+", story["article"]))
            assert f" and were {mood.removeprefix('People were ')}" in story["article"]


def test_no_article_is_in_two_splits() -> None:
    articles = [story["article"] for split in ("train", "validation", "test") for story in stories(split)]
    assert len(set(articles)) == len(articles)


def test_no_segment_is_in_two_sets() -> None:
    for language in ("en", "de"):
        found: dict[str, str] = {}
        for name in SETS:
            for segment in lines(name, language):
                assert found.setdefault(segment, name) == name, segment


def german_phrases() -> list[list[str]]:
    """Article, adjective if there is one, noun: of every German sentence."""
    phrase = re.compile(r"\b(der|die|das|den)(?: ([a-zäöüß]+))? ([A-ZÄÖÜ]\w+)")
    found = []
    for name in SETS:
        for segment in lines(name, "de"):
            phrases = phrase.findall(segment[0].lower() + segment[1:])
            assert len(phrases) == 2, segment
            found += [list(parts) for parts in phrases]
    return found


def test_german_nouns_keep_one_gender_and_adjectives_follow_their_article() -> None:
    genders = ({"der"}, {"den"}, {"die"}, {"das"})
    articles: dict[str, set[str]] = {}
    for article, adjective, noun in german_phrases():
        articles.setdefault(noun, set()).add(article)
        if adjective:
            assert adjective.endswith("en" if article == "den" else "e")
    assert len(articles) == 18
    assert all(found in genders for found in articles.values())


def test_german_has_its_verb_in_second_place() -> None:
    verbs = {"sieht", "kauft", "findet", "zeichnet", "verkauft", "liebt", "trägt", "versteckt"}
    first = r"(?:(?:Der|Die|Das)(?: [a-zäöüß]+)? [A-ZÄÖÜ]\w+|Heute|Jetzt|Jeden Tag|Am \w+)"
    for name in SETS:
        for segment in lines(name, "de"):
            found = re.match(rf"{first} (\w+)", segment)
            assert found, segment
            assert found.group(1) in verbs, segment


def test_a_german_sentence_is_denied_where_the_english_is() -> None:
    for name in SETS:
        english, german = lines(name, "en"), lines(name, "de")
        for source, target in zip(english, german, strict=True):
            assert (" does not " in source) == (" nicht" in target)
            assert source.endswith(".") == target.endswith(".") is True


@pytest.mark.parametrize("task", ["squad/v1.1", "cnn_dailymail", "wmt14/en-de"])
def test_every_split_is_read_with_its_answers(task: str) -> None:
    spec = get(task)
    for split in spec.source.splits:
        examples = list(open_split(spec, split, OfficialFiles(SUITE)))
        assert (100 if split == "train" else 30) <= len(examples) <= 800
        assert all(spec.answer.gold(e.features, "") is not None for e in examples)
