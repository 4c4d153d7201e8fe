"""Tables to publish: every number that the terminal warned of has a mark, and every mark its note."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import t5eval
from t5eval.metrics.paired import holm
from t5eval.reports.explorer.comparison_documents import comparison_document
from t5eval.reports.markdown import markdown_table
from t5eval.reports.overview import warnings_of
from t5eval.reports.paper_tables import latex_table
from t5eval.reports.reported_run import Run, read_run, source_of
from t5eval.reports.score_table import Choice, ScoreTable, score_table
from t5eval.reports.significance import Significance, significance
from task_specs.support.errors import UserError
from tests.commands.conftest import write_predictions
from tests.t5eval.reports.made_runs import split_entry, write_run

CAUSE = "12 of 1,725 texts are empty & say \\nothing_"


def run_of(folder: Path, *entries: dict[str, Any]) -> Run:
    return read_run(write_run(folder, *entries), folder.name, None)


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Two runs: one with whole splits but for answers that are unreadable, one with all kinds of warnings."""
    rte = {"accuracy": (62.345, (56.0, 68.0))}
    cola = {"matthews": (-3.25, (-9.5, 3.0))}
    return [
        run_of(
            tmp_path / "base_100%",
            split_entry("glue/rte", "validation", rte, unreadable=3, unreadable_reasons={"not one of: 'x_y'": 3}),
            split_entry("glue/cola", "validation", cola),
        ),
        run_of(
            tmp_path / "small",
            split_entry("glue/rte", "validation", rte, n=80, notes=["80 examples here, officially 277"]),
            split_entry("glue/cola", "validation", {"matthews": (None, None)}, truncated_inputs=1, causes=[CAUSE]),
        ),
    ]


def markdown_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def latex_rows(text: str) -> list[list[str]]:
    body = text.partition("\\toprule\n")[2].partition("\\bottomrule")[0]
    lines = [line for line in body.splitlines() if line != "\\midrule"]
    assert all(line.endswith(" \\\\") for line in lines)
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", line.removesuffix("\\\\"))] for line in lines]


def marks_of(cell: str) -> set[str]:
    found = re.search(r"<sup>(.*?)</sup>|\\tnote\{(.*?)\}", cell)
    return set((found[1] or found[2]).replace("\\textdagger", "†").split(",")) if found else set()


def notes_of(text: str) -> dict[str, str]:
    """Returns mark to note, of either form; each mark stands once."""
    pairs = re.findall(r"^- <sup>(.+?)</sup> (.*)$", text, re.MULTILINE)
    pairs += re.findall(r"^\\item\[(.+?)\] (.*)$", text.replace("\\textdagger", "†"), re.MULTILINE)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def both_forms(table: ScoreTable) -> list[tuple[str, list[list[str]]]]:
    """Returns the table as Markdown and LaTeX, each with its rows, whose structure is sound."""
    markdown, latex = markdown_table(table), latex_table(table)
    found = [(markdown, markdown_rows(markdown)), (latex, latex_rows(latex))]
    for text, rows in found:
        assert {len(row) for row in rows} == {len(table.head)}
        assert len(rows) == 1 + len(table.rows) + len(table.averages)
        assert {mark for row in rows for cell in row for mark in marks_of(cell)} == set(notes_of(text))
    begun, ended = re.findall(r"\\begin\{(\w+)\}", latex), re.findall(r"\\end\{(\w+)\}", latex)
    assert sorted(begun) == sorted(ended)
    columns = re.findall(r"\\begin\{tabular\}\{([lr]+)\}", latex)
    assert [len(names) for names in columns] == [len(table.head)]
    assert latex.count("{") - latex.count("\\{") == latex.count("}") - latex.count("\\}")
    return found


def test_every_warning_of_a_number_is_a_note_of_its_mark(runs: list[Run]) -> None:
    table = score_table(runs, Choice())
    warned = [caution for caution in warnings_of(runs) if caution.key]
    assert len(warned) == 4
    for text, rows in both_forms(table):
        notes = notes_of(text)
        cells = {tuple(row[:3]): row[4:] for row in rows}
        for caution in warned:
            task, split = caution.key or ("", "")
            (row,) = (cells[name] for name in cells if (name[0], name[1]) == (task, split))
            said = " ".join(notes[mark] for mark in marks_of(row[[run.name for run in runs].index(caution.run)]))
            plain = re.sub(r"\\textbackslash\{\}|&#?\w+;|[\\&]", "", said)
            assert re.sub(r"[\\&]", "", caution.text) in plain
        assert marks_of(cells["glue/cola", "validation", "matthews"][0]) == set()


def test_numbers_names_and_averages_are_written_for_each_form(runs: list[Run]) -> None:
    (markdown, md), (latex, tex) = both_forms(score_table(runs, Choice()))
    assert md[0] == ["task", "split", "score", "n", "base_100%", "small"]
    assert tex[0][4:] == ["base\\_100\\%", "small"]
    by_name = {row[0]: row[1:] for row in md}
    assert by_name["glue/cola"][:4] == ["validation", "matthews", "1,043", "-3.25 [-9.50, 3.00]"]
    assert by_name["glue/rte"][2] == "80 / 277"
    assert by_name["glue/cola"][4].startswith("–<sup>")
    assert by_name["glue"][3].startswith("incomplete<sup>")
    of_cola = next(row for row in tex if row[0] == "glue/cola")
    assert of_cola[4] == "$-$3.25 {\\footnotesize [$-$9.50, 3.00]}"
    assert of_cola[5].startswith("--\\tnote{")
    assert "texts are empty \\& say \\textbackslash{}nothing\\_" in latex
    assert "3 × not one of: 'x_y'" in markdown
    assert "3 $\\times$ not one of: 'x\\_y'" in latex
    assert "glue validation lacks glue/sst2 (not evaluated)" in markdown


def test_an_average_has_the_marks_of_what_it_is_made_of(tmp_path: Path) -> None:
    tasks = {"boolq": ("accuracy",), "cb": ("f1_macro", "accuracy"), "copa": ("accuracy",), "multirc": ("f1a", "em")}
    tasks |= {"record": ("f1", "em"), "rte": ("accuracy",), "wic": ("accuracy",), "wsc": ("accuracy",)}
    entries = [
        split_entry(
            f"super_glue/{task}", "validation", dict.fromkeys(scores, (50.0, None)), unreadable=int(task == "wic")
        )
        for task, scores in tasks.items()
    ]
    for text, rows in both_forms(score_table([run_of(tmp_path / "run", *entries)], Choice())):
        average = next(row for row in rows if row[2] == "average")
        assert average[4].startswith("50.00")
        (mark,) = marks_of(average[4])
        assert "1 of 638 answers (0.2" in notes_of(text)[mark]


def test_what_is_chosen_and_how_it_is_rounded(runs: list[Run]) -> None:
    def shown(**choice: Any) -> list[list[str]]:
        return [[cell.text for cell in row] for row in score_table(runs, Choice(**choice)).rows]

    (rte,) = shown(tasks=["glue_rte_v002"], digits=1)
    assert rte == ["glue/rte", "validation", "accuracy", "80 / 277", "62.3", "62.3"]
    assert [row[0] for row in shown(tasks=["glue"])] == ["glue/cola", "glue/rte"]
    assert [row[2] for row in shown(metrics=["matthews"], digits=0)] == ["matthews"]
    assert score_table(runs, Choice(tasks=["glue"])).averages
    assert not score_table(runs, Choice(tasks=["glue/rte"])).averages
    for choice, message in [
        (Choice(tasks=["glue/sst2"]), "--tasks glue/sst2: no run has a score of it"),
        (Choice(metrics=["acuracy"]), "no run has it. Did you mean 'accuracy'?"),
    ]:
        with pytest.raises(UserError, match=re.escape(message)):
            choice.require(runs)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Three runs over RTE and MRPC of the suite, of which the second is by far the best, on RTE alone."""
    folder, suite = tmp_path_factory.mktemp("three"), str(t5eval.suite_folder())
    for task, steps in {"glue/rte": (2, 20, 3), "glue/mrpc": (5, 5, 4)}.items():
        pairs = list(t5eval.examples(task, "validation", data=suite))
        classes = sorted({pair.targets for pair in pairs})
        for name, step in zip("abc", steps, strict=True):  # every so manieth answer is wrong
            said = [
                (p.id, p.targets if i % step else next(c for c in classes if c != p.targets))
                for i, p in enumerate(pairs)
            ]
            write_predictions(folder / name / "predictions" / task / "validation.jsonl", said)
    return [read_run(folder / name, name, source_of(suite, [])[0]) for name in "abc"]


def test_the_best_and_what_differs_are_those_of_the_corrected_tests(three: list[Run]) -> None:
    suite = t5eval.suite_folder()
    found = significance(comparison_document(three, str(suite)))
    values = {
        (row.task, row.split, row.name): [score.value for score in row.scores if score]
        for row in Choice().rows(three, headline=True)
    }
    p: dict[tuple[int, int], dict[tuple[str, str, str], float]] = {}
    for a, b in [(0, 1), (0, 2), (1, 2), (1, 0)]:
        splits: Any = t5eval.compare(three[a].path, three[b].path, data=suite)
        p[a, b] = {(one.task, one.split, name): c.p for one in splits.splits for name, c in one.scores.items()}
    of_first = {(b, name): p[0, b][name] for b in (1, 2) for name in values}
    differs = {key for key, value in zip(of_first, holm([*of_first.values()]), strict=True) if value < 0.05}
    tops = {name: sorted(range(3), key=lambda run: -values[name][run])[:2] for name in values}
    of_best = [p[min(pair), max(pair)][name] for name, pair in tops.items()]
    best = {name: tops[name][0] for name, value in zip(tops, holm(of_best), strict=True) if value < 0.05}
    assert best == {("glue/rte", "validation", "accuracy"): 1}
    for text, rows in both_forms(score_table(three, Choice(), found)):
        for row in rows[1:]:
            name = (row[0], row[1], row[2])
            for place, cell in enumerate(row[4:]):
                assert ("**" in cell or "\\textbf" in cell) == (best.get(name) == place)
                assert ("†" in marks_of(cell)) == ((place, name) in differs)
        assert "differs from a by more than chance" in notes_of(text)["†"]
        assert "bold: better than the next best by more than chance" in text


def test_what_is_not_sound_is_not_more_than_chance() -> None:
    row = {"task": "glue/rte", "split": "validation", "score": "accuracy"}
    best = {"run": 1, "next": 0, "p_holm": 0.001, "more_than_chance": True}
    split = {"task": "glue/rte", "split": "validation", "faults": []}
    document = {
        "runs": ["a", "b"],
        "rows": [{**row, "best": best, "against_first": {1: {"p_holm": 0.001}}}],
        "pairs": [{"a": "a", "b": "b", "splits": [split]}],
        "faults": [],
    }
    name, key = tuple(row.values()), ("glue/rte", "validation")
    assert significance(document) == Significance({name: 1}, {name: frozenset({1})}, {}, [])
    split["faults"] = ["B is unfinished"]
    assert significance(document) == Significance({}, {name: frozenset()}, {key: {1: ["B is unfinished"]}}, [])


def test_the_highest_error_is_not_the_best() -> None:
    best = {"run": 1, "next": 0, "p_holm": 0.001, "more_than_chance": True}
    found = {}
    for score in ("ter", "bleu"):
        row = {"task": "wmt14/en-de", "split": "test", "score": score, "best": best, "against_first": {}}
        pair = {"a": "a", "b": "b", "splits": [{"task": "wmt14/en-de", "split": "test", "faults": []}]}
        document = {"runs": ["a", "b"], "rows": [row], "pairs": [pair], "faults": []}
        found[score] = list(significance(document).best.values())
    assert found == {"ter": [], "bleu": [1]}


def test_why_nothing_is_marked_is_said(runs: list[Run]) -> None:
    name, key = ("glue/rte", "validation", "accuracy"), ("glue/rte", "validation")
    unsound = score_table(runs, Choice(), Significance({}, {name: frozenset()}, {key: {1: ["B is unfinished"]}}, []))
    for text, rows in both_forms(unsound):
        of_rte = next(row for row in rows if row[0] == "glue/rte")
        assert "against base" in " ".join(notes_of(text)[mark] for mark in marks_of(of_rte[5]))
        assert "no run differs from base" in text
    untested = score_table(runs, Choice(), Significance(faults=["a and b: nothing to compare"]))
    assert ("", "not tested: a and b: nothing to compare") in untested.notes
