"""report: what stands in the files, whatever stands in the run."""

from __future__ import annotations

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.cli.main import run
from t5eval.data import open_split
from tests.commands.conftest import write_predictions
from tests.commands.report_runs import HOSTILE, hostile_run, large_run

VOID = {"meta", "input", "br", "wbr", "line", "circle", "rect", "polyline"}


class Page(HTMLParser):
    """A page taken apart.

    Attributes:
        tags: every start tag with its attributes.
        text: all text outside scripts and styles.
        scripts: the content of every script, with its type.
        faults: tags that do not match.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs).get("type") or "", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            kind, before = self.scripts[-1]
            self.scripts[-1] = kind, before + data
        elif self._open and self._open[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def evaluated_once(suite: Path, perfect_answers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `evaluated` is a copy of."""
    out = tmp_path_factory.mktemp("evaluated") / "run"
    arguments = ("--model", f"predictions:{perfect_answers}", "--task", "glue", "--split", "validation", "test")
    assert run(["evaluate", *map(str, (*arguments, "--data-dir", suite, "--out", out))]) == 0
    return out


@pytest.fixture
def evaluated(evaluated_once: Path, tmp_path: Path) -> Path:
    """A run that evaluate made of the suite's true answers."""
    return shutil.copytree(evaluated_once, tmp_path / "evaluated")


def report(t5eval: Any, *arguments: str | Path) -> tuple[str, Page]:
    """Returns the Markdown and the page that a report wrote."""
    done = t5eval("report", *arguments, "--json")
    assert done.status == 0, done.err
    markdown, html = (Path(file) for file in done.json["files"][:2])
    return markdown.read_text(encoding="utf-8"), Page(html.read_text(encoding="utf-8"))


def table_rows(markdown: str) -> list[list[str]]:
    """Returns the cells of every row of a text's tables."""
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_a_run_has_its_scores_in_both_files(t5eval: Any, evaluated: Path) -> None:
    markdown, page = report(t5eval, evaluated)
    results = json.loads((evaluated / "results.json").read_text())["results"]
    rows = {tuple(row[:3]): row for row in table_rows(markdown)}
    for task, splits in results.items():
        for split, result in splits.items():
            for name, score in result["scores"].items():
                low, high = score["ci95"]
                shown = f"{score['value']:.2f} [{low:.2f}, {high:.2f}]"
                assert rows[task, split, name][3:] == [str(result["n"]), shown]
                assert f"`{score['signature']}`" in markdown
                assert score["signature"] in page.text
            assert f"{task} {split}" in page.text
    assert "glue validation lacks glue/cola (90 of 1,043 examples)" in markdown
    assert "incomplete" in page.text
    assert "90 examples here, officially 1,043" in markdown
    assert "Predicted without labels to score against: glue/cola test" in markdown


def test_the_page_is_whole_and_loads_nothing(t5eval: Any, evaluated: Path) -> None:
    _, page = report(t5eval, evaluated)
    assert page.faults == []
    assert not {"link", "img", "iframe", "object", "base"} & {tag for tag, _ in page.tags}
    addresses = [v for _, attributes in page.tags for k, v in attributes.items() if k in ("src", "href", "action")]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(address and address.startswith("#") and address[1:] in ids for address in addresses)
    named = [a for _, attributes in page.tags for a in (attributes.get("aria-labelledby") or "").split()]
    assert set(named) <= set(ids)
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a)
    assert policy
    assert policy.startswith("default-src 'none'")


def test_charts_say_what_they_show(t5eval: Any, evaluated: Path) -> None:
    _, page = report(t5eval, evaluated)
    charts = [a for tag, a in page.tags if tag == "svg" and a.get("class") == "chart"]
    assert charts
    assert all(a["role"] == "img" and a["aria-labelledby"] for a in charts)
    hidden = [a for tag, a in page.tags if tag == "svg" and a.get("class") != "chart"]
    cells = [a for tag, a in page.tags if tag == "td" and a.get("class") == "plot"]
    assert len(hidden) == len(cells)  # intervals, which stand beside them in numbers
    assert all(a["aria-hidden"] == "true" for a in cells)


def test_the_same_run_gives_the_same_bytes(t5eval: Any, evaluated: Path) -> None:
    report(t5eval, evaluated)
    before = [(evaluated / name).read_bytes() for name in ("report.md", "report.html")]
    report(t5eval, evaluated)
    assert [(evaluated / name).read_bytes() for name in ("report.md", "report.html")] == before
    assert not list(evaluated.glob(".*.tmp"))


def test_runs_stand_side_by_side(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    for name, answer in (("a", "entailment"), ("b", "not_entailment")):
        file = write_predictions(tmp_path / f"{name}.jsonl", [(i, answer) for i in range(80)])
        done = t5eval(
            "evaluate", "--model", f"predictions:{file}", "--task", "glue/rte", "--split", "validation",
            "--data-dir", suite, "--out", tmp_path / name,
        )  # fmt: skip
        assert done.status == 0, done.err
    markdown, page = report(t5eval, tmp_path / "a", tmp_path / "b", "--out", tmp_path / "both")
    assert not (tmp_path / "a" / "report.md").exists()
    head, _, row = table_rows(markdown)[:3]
    assert head == ["task", "split", "score", "n", "a", "b"]
    values = [float(cell.split()[0]) for cell in row[4:]]
    assert sum(values) == pytest.approx(100)
    assert page.text.count("True class against answer") == 2
    (examples,) = (json.loads(text) for kind, text in page.scripts if kind == "application/json")
    assert len(examples) == 80
    for _, _, targets, answers, _ in examples:
        assert [run for run, *_ in answers] == [0, 1]
        assert {(prediction, value) for _, prediction, value, _, _ in answers} == {
            (answer, "right" if answer == targets[0] else "wrong") for answer in ("entailment", "not_entailment")
        }
    assert "runs differ (80)" in page.text


def test_examples_come_worst_first_and_say_why(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    golden = [json.loads(line) for line in t5eval(
        "examples", "glue/stsb", "--split", "validation", "--data-dir", suite
    ).out.splitlines()]  # fmt: skip
    answers = [(pair["id"], pair["targets"]) for pair in golden]
    answers[3], answers[5], answers[7] = (answers[3][0], "very"), (answers[5][0], "100.0"), None  # type: ignore[call-overload]
    write_predictions(tmp_path / "run/predictions/glue/stsb/validation.jsonl", [a for a in answers if a])
    markdown, page = report(t5eval, tmp_path / "run", "--data-dir", suite)
    (examples,) = (json.loads(text) for kind, text in page.scripts if kind == "application/json")
    assert {examples[0][0], examples[1][0]} == {golden[3]["id"], golden[7]["id"]}
    assert examples[2][0] == golden[5]["id"]
    said = {example[0]: example[3][0][3] for example in examples}
    assert said[golden[3]["id"]] == "unreadable: not a number: 'very'"
    assert said[golden[7]["id"]] == "no prediction: counted as wrong"
    assert said[golden[5]["id"]].startswith("read as 100; true is ")
    assert "have no prediction and count as wrong" in markdown
    assert "not recorded: whether inputs were cut, whether outputs ended at the length limit" in markdown
    assert t5eval("report", tmp_path / "run", "--data-dir", suite, "--csv", tmp_path / "scores.csv").status == 0
    (row, *_) = csv.DictReader((tmp_path / "scores.csv").read_text().splitlines())
    assert (row["missing"], row["truncated_inputs"], row["outputs_at_limit"]) == ("1", "", "")
    assert "are unreadable: `1 × not a number: 'very'`" in markdown


def test_without_data_there_are_scores_only(t5eval: Any, evaluated: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(evaluated, moved)
    config = (moved / "config.toml").read_text().replace("data_dir = ", "data_dir = '/nowhere' # ")
    (moved / "config.toml").write_text(config)
    markdown, page = report(t5eval, moved)
    assert "scores only, no examples: the data that the run was evaluated on is not at hand" in markdown
    assert "Scores only, no examples" in page.text
    assert [kind for kind, _ in page.scripts] == [""]
    assert "glue/cola" in page.text


def test_other_data_than_was_scored_shows_no_examples(
    t5eval: Any, evaluated: Path, suite: Path, tmp_path: Path
) -> None:
    shutil.copytree(suite, tmp_path / "other")
    file = tmp_path / "other" / "glue" / "RTE" / "dev.tsv"
    file.write_text(file.read_text(encoding="utf-8").replace("the", "teh"), encoding="utf-8")
    _, page = report(t5eval, evaluated, "--data-dir", tmp_path / "other")
    assert page.text.count("the data at hand is not what it was scored on") == 1


def test_predictions_changed_since_show_no_examples(t5eval: Any, evaluated: Path) -> None:
    file = evaluated / "predictions/glue/rte/validation.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    _, page = report(t5eval, evaluated)
    assert page.text.count("predictions/glue/rte/validation.jsonl is not what was scored") == 1


def test_a_part_of_a_split_says_so(t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "part"
    arguments = ("--task", "glue/rte", "--split", "validation", "--data-dir", suite, "--out", out, "--limit", 7)
    assert t5eval("evaluate", "--model", f"predictions:{perfect_run}", *arguments).status == 0
    markdown, page = report(t5eval, out)
    assert "limited to the first 7 examples: a score of a part of the split" in markdown
    assert "all (7)" in page.text


def test_flags_of_the_store_can_be_filtered(t5eval: Any, evaluated: Path) -> None:
    file = evaluated / "predictions/glue/rte/validation.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["truncated"] = lines[1]["truncated"] = lines[1]["hit_limit"] = True
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    _, page = report(t5eval, evaluated)
    assert "input cut (2)" in page.text
    assert "output at the length limit (1)" in page.text


def test_texts_that_were_changed_before_they_were_scored(t5eval: Any, tmp_path: Path, official: Path) -> None:
    split = open_split(task_specs.get("squad/v2.0"), "validation", official)
    said = ["unanswerable", *["no words of the passage"] * (len(list(split)) - 1)]
    lines = [{"id": example.id, "prediction": text} for example, text in zip(split, said, strict=True)]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ("--task", "squad/v2.0", "--split", "validation", "--data-dir", official, "--out", tmp_path / "run")
    assert t5eval("evaluate", "--model", f"predictions:{tmp_path / 'said.jsonl'}", *arguments).status == 0
    markdown, page = report(t5eval, tmp_path / "run")
    assert f"1 of {len(said)} answers " in markdown
    assert "are scored without T5's way of writing them; as they stand: em_as_written, f1_as_written" in markdown
    assert f"not in the passage ({len(said) - 1})" in page.text
    assert "T5's way of writing undone (1)" in page.text


def test_hostile_texts_stay_texts(t5eval: Any, tmp_path: Path) -> None:
    run, data = hostile_run(tmp_path)
    tables = tmp_path / "t.tex", tmp_path / "t.csv"
    markdown, page = report(t5eval, run, "--data-dir", data, "--latex", tables[0], "--csv", tables[1])
    assert page.faults == []
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert "img" not in {tag for tag, _ in page.tags}
    assert sum(kind == "" for kind, _ in page.scripts) == 1
    raw = (run / "report.html").read_text(encoding="utf-8")
    assert not re.search("[\x00\x07\u202e]", raw + markdown)
    for kind, text in page.scripts:
        if kind:
            predictions = {example[3][0][1] for example in json.loads(text)}
            assert {re.sub("[\x00\x07\u202e]", "\ufffd", text) for text in HOSTILE} == predictions
    assert "<b>run" not in re.sub("`[^`\n]*`", "", markdown)
    outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown.replace("\\`", ""))
    assert not re.search(r"<(script|img|svg|b)\b|@somebody", outside_code)
    assert {len(row) for row in table_rows(markdown)[:4]} == {5}
    latex, written = tables[0].read_text(encoding="utf-8"), tables[1].read_text(encoding="utf-8")
    assert r"Score & \textless{}b\textgreater{}run|`x`\&\_ \\" in latex
    assert len({len(row) for row in csv.reader(written.splitlines())}) == 1


def test_a_hostile_results_file_is_refused_or_shown(t5eval: Any, evaluated: Path) -> None:
    file = evaluated / "results.json"
    document = json.loads(file.read_text())
    evil = "</td><script>1</script>|`"
    document["command"] = document["versions"][evil] = evil
    document["results"]["glue/rte"]["validation"]["data"]["notes"] = [evil]
    document["results"][evil] = document["results"].pop("glue/cola")
    file.write_text(json.dumps(document))
    markdown, page = report(t5eval, evaluated)
    assert page.faults == []
    assert sum(kind == "" for kind, _ in page.scripts) == 1
    assert "unknown task" in page.text
    assert "<script>" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown)
    for broken in ({"glue/rte": 1}, {"glue/rte": {"validation": {}}}, {"glue/rte": {"validation": [1]}}):
        file.write_text(json.dumps({"schema": 1, "results": broken}))
        done = t5eval("report", evaluated)
        assert done.status == 2
        assert "cannot be read" in done.err
        assert "glue/rte" in done.err


def test_tables_for_latex_and_spreadsheets(t5eval: Any, evaluated: Path, tmp_path: Path) -> None:
    report(t5eval, evaluated, "--latex", tmp_path / "t.tex", "--csv", tmp_path / "t.csv")
    latex = (tmp_path / "t.tex").read_text()
    assert r"glue/mnli\_matched & validation & accuracy & 100.00 {\footnotesize [100.00, 100.00]} \\" in latex
    assert "glue & validation & average & -- \\\\" in latex
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    results = json.loads((evaluated / "results.json").read_text())["results"]
    expected = [(t, s, name) for t in results for s in results[t] for name in results[t][s]["scores"]]
    assert sorted((row["task"], row["split"], row["score"]) for row in rows) == sorted(expected)
    for row in rows:
        score = results[row["task"]][row["split"]]["scores"][row["score"]]
        assert [float(row["value"]), float(row["ci95_low"]), float(row["ci95_high"])] == [
            score["value"],
            *score["ci95"],
        ]


LOGS = Path(__file__).parents[1] / "t5eval" / "reports" / "references"


def test_a_run_that_only_trained_has_its_curves(t5eval: Any, tmp_path: Path) -> None:
    (tmp_path / "run" / "logs").mkdir(parents=True)
    shutil.copy(LOGS / "scalars.jsonl", tmp_path / "run" / "logs")
    markdown, page = report(t5eval, tmp_path / "run")
    assert "trained, not evaluated" in markdown
    assert "0.06022 at first, 0.02625 at the end" in page.text
    assert "Measured once" in page.text
    assert "TensorBoard" not in markdown


def test_curves_that_only_tensorboard_has_are_not_passed_over_in_silence(t5eval: Any, tmp_path: Path) -> None:
    (tmp_path / "run" / "logs").mkdir(parents=True)
    shutil.copy(LOGS / "events.out.tfevents.1795655543.tf2", tmp_path / "run" / "logs")
    markdown, page = report(t5eval, tmp_path / "run")
    assert "trained, not evaluated" in markdown
    for text in (markdown, page.text):
        assert " ".join(text.split()).count("curves are in TensorBoard's files alone") == 1


def test_a_page_of_many_examples_stays_small(t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, data = large_run(tmp_path, 3000)
    monkeypatch.setattr("t5eval.reports.page.PAGE_BYTES", 100_000)
    _, page = report(t5eval, run, "--data-dir", data)
    (examples,) = (json.loads(text) for kind, text in page.scripts if kind)
    assert 300 < len(examples) < 3000
    assert f"The page holds the {len(examples):,} worst of 3,000" in page.text
    assert all(answers[0][2] == "wrong" for _, _, _, answers, _ in examples[:300])
    assert all(answers[0][2] == "right" for _, _, _, answers, _ in examples[300:])
    assert (run / "report.html").stat().st_size < 200_000


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (None, "there is no such run folder"),
        ((), "nothing to report"),
        (("predictions/glue/rte/validation.jsonl",), "name the data to score them against with --data-dir"),
    ],
)
def test_what_cannot_be_reported_is_one_line(
    t5eval: Any, tmp_path: Path, made: tuple[str, ...] | None, message: str
) -> None:
    run = tmp_path / "run"
    if made is not None:
        run.mkdir()
    for name in made or ():
        write_predictions(run / name, [("0", "entailment")])
    done = t5eval("report", run)
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (run / "report.md").exists()


def test_published_scores_of_real_systems(t5eval: Any, shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run" / "predictions"
    for name, file in {
        "squad/v1.1/validation": "squad/bert_ensemble.json",
        "wmt17/en-de/test": "wmt/newstest2017.uedin-nmt.de",
    }.items():
        (folder / name).parent.mkdir(parents=True)
        shutil.copy(shared_data / "predictions" / file, folder / f"{name}.jsonl")
    markdown, page = report(t5eval, tmp_path / "run", "--data-dir", shared_data)
    rows = {tuple(row[:3]): row[-1] for row in table_rows(markdown)}
    assert rows["squad/v1.1", "validation", "em"].startswith("86.21 [")
    assert rows["squad/v1.1", "validation", "f1"].startswith("92.20 [")
    assert rows["wmt17/en-de", "test", "bleu"].startswith("28.30 [")
    assert page.faults == []
    assert (tmp_path / "run" / "report.html").stat().st_size < 22_000_000
