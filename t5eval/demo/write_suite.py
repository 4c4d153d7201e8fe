"""Writes the demo's miniature GLUE: made-up sentences in the official files' layout.

    python -m t5eval.demo.write_suite [FOLDER]

The written files lie beside this one in `suite/` and are part of the package; the same seed gives them again to the
byte. Sentences come from `templates`; this file decides which split gets them and how a row looks. No sentence of
a validation or test file occurs in another split of its task, so that what the demo reports is not memory.

Like the official ones, the files are UTF-8 without any quoting; CoLA's training and validation files have no header,
MRPC's start with a byte order mark, the diagnostic labels have CRLF line ends and a file of their own. MNLI's parse
columns are there and empty.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from t5eval.demo import templates
from t5eval.demo.templates import Draw, Item

SUITE = Path(__file__).with_name("suite")
SEED = 20
BYTE_ORDER_MARK = "\ufeff"

Make = Callable[[Draw, str], Item]
Row = Callable[[int, Item], tuple[str, ...]]


@dataclass(frozen=True)
class Layout:
    """One file: its header, and the row of the item at a 0-based place."""

    header: tuple[str, ...]
    row: Row
    headerless: bool = False
    start: str = ""
    line_end: str = "\n"

    def text(self, items: Sequence[Item]) -> str:
        """Returns the whole file."""
        rows: list[tuple[str, ...]] = [] if self.headerless else [self.header]
        for place, item in enumerate(items):
            row = self.row(place, item)
            if len(row) != len(self.header) or any(mark in cell for cell in row for mark in "\t\r\n"):
                raise ValueError(f"expected {len(self.header)} plain cells ({', '.join(self.header)}), got {row}")
            rows.append(row)
        return self.start + "".join("\t".join(row) + self.line_end for row in rows)


@dataclass(frozen=True)
class File:
    """One file of a task."""

    path: str
    """Within the data folder."""
    layout: Layout
    rows: int
    make: Make


@dataclass(frozen=True)
class Task:
    """A task's files in the order they are filled, and the labels that take turns in each."""

    labels: tuple[str, ...]
    files: tuple[File, ...]


def _files(folder: str, make: Make, rows: tuple[int, int, int], train: Layout, test: Layout) -> tuple[File, ...]:
    """Returns the three files of the usual layout; validation has training's columns.

    Training comes last: it can best do without the sentences that the small files took.
    """
    return (
        File(f"glue/{folder}/dev.tsv", train, rows[1], make),
        File(f"glue/{folder}/test.tsv", test, rows[2], make),
        File(f"glue/{folder}/train.tsv", train, rows[0], make),
    )


def _pair(first: str, second: str) -> tuple[Layout, Layout]:
    """Returns the layouts of QNLI, RTE and WNLI: an index, two texts, and where there are labels the label."""
    header = ("index", first, second)
    return (
        Layout((*header, "label"), lambda place, item: (str(place), *item.texts, item.label)),
        Layout(header, lambda place, item: (str(place), *item.texts)),
    )


def _mnli(annotators: int) -> Layout:
    """Returns MNLI's wide layout; `annotators` is 1 in training, 5 in validation and 0, without gold, in test."""
    header = (
        *("index", "promptID", "pairID", "genre", "sentence1_binary_parse", "sentence2_binary_parse"),
        *("sentence1_parse", "sentence2_parse", "sentence1", "sentence2"),
    )
    labels = tuple(f"label{number}" for number in range(1, annotators + 1))
    gold = ("gold_label",) if annotators else ()

    def row(place: int, item: Item) -> tuple[str, ...]:
        votes = (item.label,) * (len(labels) + len(gold))
        prompt = str(1000 + place)
        return (
            str(place),
            prompt,
            f"{prompt}{item.label[0] if gold else 'x'}",
            item.note,
            *("",) * 4,
            *item.texts,
            *votes,
        )

    return Layout((*header, *labels, *gold), row)


CAPTION_COLUMNS = ("index", "genre", "filename", "year", "old_index", "source1", "source2", "sentence1", "sentence2")
MRPC_COLUMNS = ("#1 ID", "#2 ID", "#1 String", "#2 String")
PHENOMENA = ("Lexical Semantics", "Predicate-Argument Structure", "Logic", "Knowledge")


def _caption(place: int, item: Item) -> tuple[str, ...]:
    return (str(place), "main-captions", "demo", "2024", f"{place:04d}", "none", "none", *item.texts)


def _mrpc_ids(place: int) -> tuple[str, str]:
    return str(5001 + 2 * place), str(5002 + 2 * place)


def _phenomenon(place: int, item: Item) -> tuple[str, ...]:
    column, name = item.note.split(": ")
    cells = (name if column == phenomenon else "" for phenomenon in PHENOMENA)
    return (*cells, "Artificial", *item.texts, item.label)


def _matched(draw: Draw, label: str) -> Item:
    return templates.mnli(draw, label, templates.MNLI_GENRES)


def _mismatched(draw: Draw, label: str) -> Item:
    return templates.mnli(draw, label, templates.MISMATCHED)


DIGITS = ("0", "1")
THREE_WAY = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")
NUMBERED_SENTENCE = Layout(("index", "sentence"), lambda place, item: (str(place), *item.texts))
DIAGNOSTIC = "glue/diagnostic/diagnostic.tsv"

TASKS = (
    Task(
        DIGITS,
        _files(
            "CoLA",
            templates.cola,
            (900, 90, 90),
            Layout(
                ("source", "label", "mark", "sentence"),
                lambda _, item: ("demo", item.label, "" if item.label == "1" else "*", *item.texts),
                headerless=True,
            ),
            NUMBERED_SENTENCE,
        ),
    ),
    Task(
        DIGITS,
        _files(
            "SST-2",
            templates.sst2,
            (700, 80, 80),
            Layout(("sentence", "label"), lambda _, item: (*item.texts, item.label)),
            NUMBERED_SENTENCE,
        ),
    ),
    Task(
        ("1", "0", "1", "0", "1"),
        _files(
            "MRPC",
            templates.mrpc,
            (560, 80, 80),
            Layout(
                ("Quality", *MRPC_COLUMNS),
                lambda place, item: (item.label, *_mrpc_ids(place), *item.texts),
                start=BYTE_ORDER_MARK,
            ),
            Layout(("index", *MRPC_COLUMNS), lambda place, item: (str(place), *_mrpc_ids(place), *item.texts)),
        ),
    ),
    Task(
        ("0", "1", "0", "1", "0"),
        _files(
            "QQP",
            templates.qqp,
            (680, 80, 80),
            Layout(
                ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
                lambda place, item: (str(place), str(2 * place + 1), str(2 * place + 2), *item.texts, item.label),
            ),
            Layout(("id", "question1", "question2"), lambda place, item: (str(place), *item.texts)),
        ),
    ),
    Task(
        ("0", "1", "2", "3", "4", "5"),
        _files(
            "STS-B",
            templates.stsb,
            (520, 78, 78),
            Layout((*CAPTION_COLUMNS, "score"), lambda place, item: (*_caption(place, item), item.label)),
            Layout(CAPTION_COLUMNS, _caption),
        ),
    ),
    Task(
        THREE_WAY,
        (
            File("glue/MNLI/dev_matched.tsv", _mnli(5), 78, _matched),
            File("glue/MNLI/dev_mismatched.tsv", _mnli(5), 78, _mismatched),
            File("glue/MNLI/test_matched.tsv", _mnli(0), 78, _matched),
            File("glue/MNLI/test_mismatched.tsv", _mnli(0), 78, _mismatched),
            File(
                DIAGNOSTIC,
                Layout(("index", "sentence1", "sentence2"), lambda place, item: (str(place), *item.texts)),
                78,
                templates.diagnostic,
            ),
            File("glue/MNLI/train.tsv", _mnli(1), 720, _matched),
        ),
    ),
    Task(TWO_WAY, _files("QNLI", templates.qnli, (500, 80, 80), *_pair("question", "sentence"))),
    Task(TWO_WAY, _files("RTE", templates.rte, (660, 80, 80), *_pair("sentence1", "sentence2"))),
    Task(DIGITS, _files("WNLI", templates.wnli, (600, 80, 80), *_pair("sentence1", "sentence2"))),
)

DIAGNOSTIC_LABELS = Layout((*PHENOMENA, "Domain", "Premise", "Hypothesis", "Label"), _phenomenon, line_end="\r\n")


def _fill(task: Task, seed: int) -> dict[str, list[Item]]:
    """Returns each file's items: labels in equal turns but random order, texts that no other file of the task has."""
    draw = Draw(seed)
    file_of: dict[str, str] = {}
    filled: dict[str, list[Item]] = {}
    for file in task.files:
        items: list[Item] = []
        pairs = set()
        labels = draw.shuffled([task.labels[row % len(task.labels)] for row in range(file.rows)])
        attempts = 0
        while len(items) < file.rows:
            attempts += 1
            if attempts > 40 * file.rows:
                raise ValueError(f"{file.path}: the templates yield fewer than {file.rows} different rows")
            item = file.make(draw, labels[len(items)])
            if item.texts in pairs or any(file_of.get(text, file.path) != file.path for text in item.texts):
                continue
            pairs.add(item.texts)
            file_of.update(dict.fromkeys(item.texts, file.path))
            items.append(item)
        filled[file.path] = items
    return filled


def suite_files() -> dict[str, bytes]:
    """Returns the content of every file of the suite by its path within the data folder."""
    texts: dict[str, str] = {}
    for number, task in enumerate(TASKS):
        filled = _fill(task, SEED + number)
        for file in task.files:
            texts[file.path] = file.layout.text(filled[file.path])
        if DIAGNOSTIC in filled:
            texts["glue/diagnostic/diagnostic-full.tsv"] = DIAGNOSTIC_LABELS.text(filled[DIAGNOSTIC])
    return {path: text.encode("utf-8") for path, text in texts.items()}


def write_suite(folder: Path) -> None:
    """Writes the suite under a folder, over what is there."""
    for path, content in suite_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def main(arguments: Iterable[str] = ()) -> None:
    """Writes the suite to the folder named, by default the package's own."""
    folders = [Path(argument) for argument in arguments]
    write_suite(folders[0] if folders else SUITE)


if __name__ == "__main__":
    main(sys.argv[1:])
