"""The embedded suite: the script that writes it; GLUE's layout, labels that fit, no sentence in two splits."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from t5eval.data import open_split
from t5eval.demo import suite_folder
from task_specs import BENCHMARKS, get
from task_specs.texts.wnli import PRONOUNS, mark_referent
from tools.demo_suite.suite import suite_files

ROOT = Path(__file__).parents[3]
SUITE = suite_folder()

MNLI = (
    "index promptID pairID genre sentence1_binary_parse sentence2_binary_parse sentence1_parse sentence2_parse".split()
)
STSB = ["index", "genre", "filename", "year", "old_index", "source1", "source2", "sentence1", "sentence2"]
MRPC = ["#1 ID", "#2 ID", "#1 String", "#2 String"]
QQP = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]
VOTES = ["label1", "label2", "label3", "label4", "label5"]
PAIR = ["index", "sentence1", "sentence2"]
PHENOMENA = ["Lexical Semantics", "Predicate-Argument Structure", "Logic", "Knowledge"]

HEADERS: dict[str, list[str] | None] = {  # the official files' headers; None: there is none, and four columns
    "CoLA/train.tsv": None,
    "CoLA/dev.tsv": None,
    "CoLA/test.tsv": ["index", "sentence"],
    "SST-2/train.tsv": ["sentence", "label"],
    "SST-2/dev.tsv": ["sentence", "label"],
    "SST-2/test.tsv": ["index", "sentence"],
    "MRPC/train.tsv": ["Quality", *MRPC],
    "MRPC/dev.tsv": ["Quality", *MRPC],
    "MRPC/test.tsv": ["index", *MRPC],
    "QQP/train.tsv": QQP,
    "QQP/dev.tsv": QQP,
    "QQP/test.tsv": ["id", "question1", "question2"],
    "STS-B/train.tsv": [*STSB, "score"],
    "STS-B/dev.tsv": [*STSB, "score"],
    "STS-B/test.tsv": STSB,
    "MNLI/train.tsv": [*MNLI, "sentence1", "sentence2", "label1", "gold_label"],
    "MNLI/dev_matched.tsv": [*MNLI, "sentence1", "sentence2", *VOTES, "gold_label"],
    "MNLI/dev_mismatched.tsv": [*MNLI, "sentence1", "sentence2", *VOTES, "gold_label"],
    "MNLI/test_matched.tsv": [*MNLI, "sentence1", "sentence2"],
    "MNLI/test_mismatched.tsv": [*MNLI, "sentence1", "sentence2"],
    "QNLI/train.tsv": ["index", "question", "sentence", "label"],
    "QNLI/dev.tsv": ["index", "question", "sentence", "label"],
    "QNLI/test.tsv": ["index", "question", "sentence"],
    "RTE/train.tsv": [*PAIR, "label"],
    "RTE/dev.tsv": [*PAIR, "label"],
    "RTE/test.tsv": PAIR,
    "WNLI/train.tsv": [*PAIR, "label"],
    "WNLI/dev.tsv": [*PAIR, "label"],
    "WNLI/test.tsv": PAIR,
    "diagnostic/diagnostic.tsv": PAIR,
    "diagnostic/diagnostic-full.tsv": [*PHENOMENA, "Domain", "Premise", "Hypothesis", "Label"],
}
SUPER_GLUE = ["BoolQ", "CB", "COPA", "MultiRC", "ReCoRD", "RTE", "WiC", "WSC"]
TRAINED = ["cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte", "wnli"]


OTHERS = {
    *(f"super_glue/{task}/{split}.jsonl" for task in SUPER_GLUE for split in ("train", "val", "test")),
    "super_glue/AX-b/AX-b.jsonl",
    "super_glue/AX-g/AX-g.jsonl",
    "squad/train-v1.1.json",
    "squad/dev-v1.1.json",
    *(f"cnn_dailymail/{split}.jsonl" for split in ("train", "validation", "test")),
    *(f"wmt/en-de/{name}.{side}" for name in ("train", "newstest2013", "newstest2014") for side in ("en", "de")),
}


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but for hidden ones."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def rows(name: str) -> list[list[str]]:
    """The rows of a committed file without its header, read here and not by the project's reader."""
    text = (SUITE / "glue" / name).read_bytes().decode("utf-8")
    lines = [line.removesuffix("\r").split("\t") for line in text.removesuffix("\n").split("\n")]
    return lines if HEADERS[name] is None else lines[1:]


def test_the_script_writes_the_committed_files_to_the_byte() -> None:
    assert suite_files() == contents(SUITE)


def test_the_script_as_a_command_in_a_fresh_process(tmp_path: Path) -> None:
    # A process of its own has its own hash seed: no order may hang on a set.
    subprocess.run([sys.executable, "-m", "tools.demo_suite", tmp_path], cwd=ROOT, check=True, timeout=60)
    assert contents(tmp_path) == contents(SUITE)


def test_the_suite_is_complete_and_small() -> None:
    sizes = {path: len(content) for path, content in contents(SUITE).items()}
    assert set(sizes) == {f"glue/{name}" for name in HEADERS} | OTHERS
    assert sum(sizes.values()) < 1_700_000
    assert max(sizes.values()) < 200_000


@pytest.mark.parametrize("name", HEADERS)
def test_layout_is_the_official_one(name: str) -> None:
    content = (SUITE / "glue" / name).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") == (name in ("MRPC/train.tsv", "MRPC/dev.tsv"))
    end = b"\r\n" if name == "diagnostic/diagnostic-full.tsv" else b"\n"
    assert content.endswith(end)
    assert content.count(b"\r") == (content.count(b"\n") if end == b"\r\n" else 0)
    lines = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8").removesuffix(end.decode()).split(end.decode())
    header = HEADERS[name]
    if header is not None:
        assert lines[0].split("\t") == header
    assert {line.count("\t") + 1 for line in lines} == {4 if header is None else len(header)}
    if header is not None and header[0] in ("index", "id"):
        assert [line.split("\t")[0] for line in lines[1:]] == [str(row) for row in range(len(lines) - 1)]


@pytest.mark.parametrize("name", [name for name in HEADERS if "train" not in name])
def test_validation_and_test_have_sixty_to_one_hundred_and_twenty_rows(name: str) -> None:
    assert 60 <= len(rows(name)) <= 120


def texts(name: str) -> list[tuple[str, ...]]:
    wanted = ("sentence", "sentence1", "sentence2", "question", "question1", "question2", "#1 String", "#2 String")
    header = HEADERS[name]
    places = [3] if header is None else [place for place, column in enumerate(header) if column in wanted]
    return [tuple(row[place] for place in places) for row in rows(name)]


@pytest.mark.parametrize("folder", sorted({name.split("/")[0] for name in HEADERS} - {"diagnostic"}))
def test_no_sentence_is_in_two_files_of_a_task(folder: str) -> None:
    names = [name for name in HEADERS if name.startswith(folder)]
    if folder == "MNLI":
        names.append("diagnostic/diagnostic.tsv")  # answered by the same model
    found: dict[str, str] = {}
    for name in names:
        own = texts(name)
        assert len(set(own)) == len(own), f"{name} repeats a row"
        for sentence in {text for row in own for text in row}:
            assert sentence not in found, f"{sentence!r} is in {found.get(sentence)} and {name}"
            found[sentence] = name


@pytest.mark.parametrize("task", [*(f"glue/{task}" for task in TRAINED), "glue/ax"])
def test_every_file_is_read_and_its_labels_are_balanced(task: str) -> None:
    spec = get(task)
    for split in spec.source.splits:
        labels = Counter(e.features["label"] for e in open_split(spec, split, SUITE, with_labels=True))
        if split == "test" and task != "glue/ax":
            assert set(labels) <= {-1, -1.0}
        elif task == "glue/stsb":
            assert min(labels) == 0.0
            assert max(labels) == 5.0
            assert len(labels) > 10
        else:
            assert len(labels) == len(spec.source.classes)
            assert max(labels.values()) <= 0.61 * labels.total()


def test_every_task_of_the_leaderboard_has_a_test_split() -> None:
    for task in BENCHMARKS["glue"].tasks:
        assert any(True for _ in open_split(get(task), "test", SUITE))


def test_mnli_genres_of_the_mismatched_files_are_new() -> None:
    genre = 3
    seen = {row[genre] for row in rows("MNLI/train.tsv")}
    assert {row[genre] for row in rows("MNLI/dev_matched.tsv")} == seen
    assert not seen & {row[genre] for row in rows("MNLI/dev_mismatched.tsv")}


@pytest.mark.parametrize("name", ["WNLI/train.tsv", "WNLI/dev.tsv", "WNLI/test.tsv"])
def test_wnli_has_one_pronoun_and_a_candidate_from_the_premise(name: str) -> None:
    for _, premise, hypothesis, *_ in rows(name):
        words = premise.removesuffix(".").split(" ")
        pronouns = [word for word in words if word.lower() in PRONOUNS]
        assert len(pronouns) == 1
        marked, candidate, problem = mark_referent(premise, hypothesis)
        assert not problem
        assert marked == premise.replace(f" {pronouns[0]} ", f" *{pronouns[0]}* ")
        # The hypothesis is the pronoun's clause with the candidate in its place.
        assert hypothesis == candidate + premise.split(f" {pronouns[0]}", 1)[1]
        assert candidate.lower() in premise


@pytest.mark.parametrize("name", ["WNLI/train.tsv", "WNLI/dev.tsv"])
def test_wnli_word_that_decides_names_one_candidate_throughout(name: str) -> None:
    answers: dict[tuple[str, str], set[str]] = {}
    for _, premise, hypothesis, label in rows(name):
        verb, trait = premise.split(" ")[4], hypothesis.split(" ")[-1]
        candidate = hypothesis.split(" ")[1]
        first = premise.split(" ")[3]
        right = (candidate == first) == (label == "1")
        answers.setdefault((first + verb, trait), set()).add("first" if right else "second")
    assert answers
    assert all(len(found) == 1 for found in answers.values())
    assert {"first", "second"} == set.union(*answers.values())


def test_stsb_scores_follow_the_words_shared() -> None:
    from scipy.stats import spearmanr

    def shared(first: str, second: str) -> float:
        a, b = (set(text.lower().removesuffix(".").split()) for text in (first, second))
        return len(a & b) / len(a | b)

    table = rows("STS-B/train.tsv")
    assert spearmanr([shared(row[7], row[8]) for row in table], [float(row[9]) for row in table])[0] > 0.8


def test_sst2_words_carry_the_label() -> None:
    """Naive Bayes over words, fitted on the training file, judges the validation file."""
    from math import log

    counts: dict[str, Counter[str]] = {"0": Counter(), "1": Counter()}
    for text, label in rows("SST-2/train.tsv"):
        counts[label].update(text.split())

    def margin(text: str) -> float:
        return sum(log((counts["1"][word] + 1) / (counts["0"][word] + 1)) for word in text.split())

    table = rows("SST-2/dev.tsv")
    assert sum((margin(text) > 0) == (label == "1") for text, label in table) / len(table) > 0.7
