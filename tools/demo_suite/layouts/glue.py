"""GLUE's files: tab-separated, without any quoting.

CoLA's training and validation files have no header, MRPC's start with a byte order mark, the diagnostic labels have
CRLF line ends and a file of their own. MNLI's parse columns are there and empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.demo_suite.fill import Make, Part, Task, in_three
from tools.demo_suite.templates import acceptability, inference, paraphrase, referents, sentiment
from tools.demo_suite.templates.draw import Draw
from tools.demo_suite.templates.item import Item

BYTE_ORDER_MARK = "\ufeff"

Row = Callable[[int, Item], tuple[str, ...]]


@dataclass(frozen=True)
class Layout:
    """One file: its header, and the row of the item at a 0-based place."""

    header: tuple[str, ...]
    row: Row
    headerless: bool = False
    start: str = ""
    line_end: str = "\n"

    def __call__(self, items: Sequence[Item]) -> str:
        """Returns the whole file."""
        rows: list[tuple[str, ...]] = [] if self.headerless else [self.header]
        for place, item in enumerate(items):
            row = self.row(place, item)
            if len(row) != len(self.header) or any(mark in cell for cell in row for mark in "\t\r\n"):
                raise ValueError(f"expected {len(self.header)} plain cells ({', '.join(self.header)}), got {row}")
            rows.append(row)
        return self.start + "".join("\t".join(row) + self.line_end for row in rows)


def _files(folder: str, make: Make, rows: tuple[int, int, int], train: Layout, test: Layout) -> tuple[Part, ...]:
    """Returns the parts of the usual layout; validation has training's columns."""
    path = f"glue/{folder}"
    return in_three(make, rows, {f"{path}/train.tsv": train}, {f"{path}/dev.tsv": train}, {f"{path}/test.tsv": test})


def _numbered(*header: str) -> Layout:
    """Returns the layout of a number and an item's texts."""
    return Layout(header, lambda place, item: (str(place), *item.texts))


def _pair(first: str, second: str) -> tuple[Layout, Layout]:
    """Returns the layouts of QNLI, RTE and WNLI: an index, two texts, and where there are labels the label."""
    header = ("index", first, second)
    return (
        Layout((*header, "label"), lambda place, item: (str(place), *item.texts, item.label)),
        _numbered(*header),
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
    return inference.mnli(draw, label, inference.MNLI_GENRES)


def _mismatched(draw: Draw, label: str) -> Item:
    return inference.mnli(draw, label, inference.MISMATCHED)


DIGITS = ("0", "1")
THREE_WAY = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")
NUMBERED_SENTENCE = _numbered("index", "sentence")
DIAGNOSTIC = {
    "glue/diagnostic/diagnostic.tsv": _numbered("index", "sentence1", "sentence2"),
    "glue/diagnostic/diagnostic-full.tsv": Layout(
        (*PHENOMENA, "Domain", "Premise", "Hypothesis", "Label"), _phenomenon, line_end="\r\n"
    ),
}

TASKS = (
    Task(
        DIGITS,
        _files(
            "CoLA",
            acceptability.cola,
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
            sentiment.sst2,
            (700, 80, 80),
            Layout(("sentence", "label"), lambda _, item: (*item.texts, item.label)),
            NUMBERED_SENTENCE,
        ),
    ),
    Task(
        ("1", "0", "1", "0", "1"),
        _files(
            "MRPC",
            paraphrase.mrpc,
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
            paraphrase.qqp,
            (680, 80, 80),
            Layout(
                ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
                lambda place, item: (str(place), str(2 * place + 1), str(2 * place + 2), *item.texts, item.label),
            ),
            _numbered("id", "question1", "question2"),
        ),
    ),
    Task(
        ("0", "1", "2", "3", "4", "5"),
        _files(
            "STS-B",
            paraphrase.stsb,
            (520, 78, 78),
            Layout((*CAPTION_COLUMNS, "score"), lambda place, item: (*_caption(place, item), item.label)),
            Layout(CAPTION_COLUMNS, _caption),
        ),
    ),
    Task(
        THREE_WAY,
        (
            Part({"glue/MNLI/dev_matched.tsv": _mnli(5)}, 78, _matched),
            Part({"glue/MNLI/dev_mismatched.tsv": _mnli(5)}, 78, _mismatched),
            Part({"glue/MNLI/test_matched.tsv": _mnli(0)}, 78, _matched),
            Part({"glue/MNLI/test_mismatched.tsv": _mnli(0)}, 78, _mismatched),
            Part(DIAGNOSTIC, 78, inference.diagnostic),
            Part({"glue/MNLI/train.tsv": _mnli(1)}, 720, _matched),
        ),
    ),
    Task(TWO_WAY, _files("QNLI", inference.qnli, (500, 80, 80), *_pair("question", "sentence"))),
    Task(TWO_WAY, _files("RTE", inference.rte, (660, 80, 80), *_pair("sentence1", "sentence2"))),
    Task(DIGITS, _files("WNLI", referents.wnli, (600, 80, 80), *_pair("sentence1", "sentence2"))),
)
