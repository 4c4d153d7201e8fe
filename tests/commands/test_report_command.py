"""report: what stands in the files, whatever stands in the run."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.cli.main import run
from t5eval.data import open_split
from tests.commands.conftest import write_predictions
from tests.commands.report_runs import HOSTILE, documents, hostile_run, large_run


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


def report(t5eval: Any, *arguments: str | Path) -> tuple[str, dict[tuple[str, ...], Any]]:
    """Returns the Markdown and the page's documents that a report wrote."""
    done = t5eval("report", *arguments, "--json")
    assert done.status == 0, done.err
    markdown, html = (Path(file) for file in done.json["files"][:2])
    return markdown.read_text(encoding="utf-8"), documents(html)


def table_rows(markdown: str) -> list[list[str]]:
    """Returns the cells of every row of a text's tables."""
    rows = [line for line in markdown.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def unmarked(cell: str) -> str:
    """Returns a table's cell without the marks of its notes."""
    return re.sub(r"<sup>.*?</sup>|\\tnote\{.*?\}", "", cell)


def test_a_run_has_its_scores_in_both_files(t5eval: Any, evaluated: Path) -> None:
    markdown, found = report(t5eval, evaluated)
    results = json.loads((evaluated / "results.json").read_text())["results"]
    rows = {tuple(row[:3]): row for row in table_rows(markdown)}
    page = found["run", "evaluated"]
    shown_rows = {(row["task"], row["split"], row["score"]): row for row in page["rows"]}
    for task, splits in results.items():
        for split, result in splits.items():
            for name, score in result["scores"].items():
                low, high = score["ci95"]
                shown = f"{score['value']:.2f} [{low:.2f}, {high:.2f}]"
                assert list(map(unmarked, rows[task, split, name][3:])) == [str(result["n"]), shown]
                assert f"`{score['signature']}`" in markdown
                assert {key: shown_rows[task, split, name][key] for key in score} == score
            assert ("task", task, split) in found
    assert "glue validation lacks glue/cola (90 of 1,043 examples)" in markdown
    (average,) = (one for one in page["averages"] if one["benchmark"] == "glue" and one["split"] == "validation")
    assert average["value"] is None
    assert ["glue/cola", "90 of 1,043 examples"] in average["missing"]
    assert "90 examples here, officially 1,043" in markdown
    assert "Predicted without labels to score against: glue/cola test" in markdown
    assert ["glue/cola", "test"] in page["unlabelled"]


def test_scores_stand_beside_the_commonest_class_and_what_was_published(
    t5eval: Any, evaluated: Path, suite: Path
) -> None:
    _, found = report(t5eval, evaluated)
    rows = {
        (row["task"], row["score"]): row for row in found["run", "evaluated"]["rows"] if row["split"] == "validation"
    }
    split = list(open_split(task_specs.get("glue/mrpc"), "validation", suite))
    labels = [example.features["label"] for example in split]
    most = max(set(labels), key=labels.count)
    always = ["not_equivalent", "equivalent"][most]
    wrote = write_predictions(evaluated.parent / "always.jsonl", [(example.id, always) for example in split])
    scored = t5eval(
        "score", "glue/mrpc", "--split", "validation", "--data-dir", suite, "--predictions", wrote, "--json"
    ).json
    for name in ("f1", "accuracy"):
        assert rows["glue/mrpc", name]["baseline"] == pytest.approx(scored["scores"][name]["value"])
    assert rows["glue/stsb", "pearson"]["baseline"] is None
    published = {one["model"]: one for one in rows["glue/rte", "accuracy"]["published"]}
    assert (published["t5-base"]["value"], published["t5-base"]["split"]) == (80.1, "test")


def test_the_page_loads_its_own_files_alone(t5eval: Any, evaluated: Path) -> None:
    report(t5eval, evaluated)
    page = (evaluated / "report.html").read_text(encoding="utf-8")
    for address in re.findall(r'(?:src|href)="([^"]*)"', page):
        assert address.startswith(("#", "data:,")) or (evaluated / address).is_file(), address
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    assert not re.search(r"<script[^>]*>[^<]", page)


def test_the_same_run_gives_the_same_bytes(t5eval: Any, evaluated: Path) -> None:
    def written() -> dict[str, bytes]:
        files = [evaluated / "report.md", evaluated / "report.html", *(evaluated / "report_files").rglob("*")]
        return {str(path): path.read_bytes() for path in files if path.is_file()}

    report(t5eval, evaluated)
    before = written()
    (evaluated / "report_files" / "data" / "999.js").write_text("of an earlier report with more runs")
    report(t5eval, evaluated)
    assert written() == before
    assert not list(evaluated.glob(".*.tmp"))


def test_a_folder_that_is_not_a_reports_is_left_alone(t5eval: Any, evaluated: Path) -> None:
    (evaluated / "report_files").mkdir()
    (evaluated / "report_files" / "mine.txt").write_text("dear")
    done = t5eval("report", evaluated)
    assert done.status == 2
    assert "holds something else than a report's files; give another --out" in done.err
    assert [path.name for path in (evaluated / "report_files").iterdir()] == ["mine.txt"]
    assert not (evaluated / "report.html").exists()


def test_runs_stand_side_by_side(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    for name, answer in (("a", "entailment"), ("b", "not_entailment")):
        file = write_predictions(tmp_path / f"{name}.jsonl", [(i, answer) for i in range(80)])
        done = t5eval(
            "evaluate", "--model", f"predictions:{file}", "--task", "glue/rte", "--split", "validation",
            "--data-dir", suite, "--out", tmp_path / name,
        )  # fmt: skip
        assert done.status == 0, done.err
    markdown, found = report(t5eval, tmp_path / "a", tmp_path / "b", "--out", tmp_path / "both")
    assert not (tmp_path / "a" / "report.md").exists()
    head, _, row = table_rows(markdown)[:3]
    assert head == ["task", "split", "score", "n", "a", "b"]
    values = [float(unmarked(cell).split()[0]) for cell in row[4:]]
    assert sum(values) == pytest.approx(100)
    page = found["task", "glue/rte", "validation"]
    assert len(page["examples"]) == 80
    for example in page["examples"]:
        true = example["targets"][0]
        assert {run: (said["text"], said["value"]) for run, said in example["answers"].items()} == {
            run: (answer, 100.0 if answer == true else 0.0)
            for run, answer in (("a", "entailment"), ("b", "not_entailment"))
        }
    assert [page["answers"][run]["confusion"]["rows"] for run in ("a", "b")] == [
        [["entailment", [40, 0]], ["not_entailment", [40, 0]]],
        [["entailment", [0, 40]], ["not_entailment", [0, 40]]],
    ]
    compared = t5eval("compare", tmp_path / "a", tmp_path / "b", "--json").json["results"]["glue/rte"]["validation"]
    (of_pair,) = (row for row in found["compare", "a", "b"]["rows"] if row["score"] == "accuracy")
    assert of_pair["against_first"]["1"] == compared["scores"]["accuracy"]
    assert of_pair["best"]["more_than_chance"] is False
    assert found["compare", "a", "b"]["pairs"][0]["splits"][0]["changes"] == compared["changes"]


def test_examples_say_what_they_come_to_and_why(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    golden = [json.loads(line) for line in t5eval(
        "examples", "glue/stsb", "--split", "validation", "--data-dir", suite
    ).out.splitlines()]  # fmt: skip
    answers = [(pair["id"], pair["targets"]) for pair in golden]
    answers[3], answers[5], answers[7] = (answers[3][0], "very"), (answers[5][0], "100.0"), None  # type: ignore[call-overload]
    write_predictions(tmp_path / "run/predictions/glue/stsb/validation.jsonl", [a for a in answers if a])
    markdown, found = report(t5eval, tmp_path / "run", "--data-dir", suite)
    page = found["task", "glue/stsb", "validation"]
    examples = {example["id"]: example for example in page["examples"]}
    said = {name: example["answers"]["run"]["why"] for name, example in examples.items()}
    assert said[golden[3]["id"]] == "unreadable: not a number: 'very'"
    assert said[golden[7]["id"]] == "no prediction: counted as wrong"
    assert said[golden[5]["id"]].startswith("read as 100; true is ")
    assert [name for name, _ in examples[golden[0]["id"]]["fields"]] == ["sentence1", "sentence2"]
    assert examples[golden[0]["id"]]["input"] == golden[0]["inputs"]
    columns = page["answers"]["run"]["columns"]
    assert columns["flags"][3] == 1 << page["split"]["filters"].index("unreadable")
    assert columns["said"][3] is None
    assert columns["said"][5] == 100.0
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
    markdown, found = report(t5eval, moved)
    assert "scores only, no examples: the data that the run was evaluated on is not at hand" in markdown
    page = found["task", "glue/cola", "validation"]
    assert page["examples"] == []
    assert "the data that the run was evaluated on is not at hand" in page["answers"]["moved"]["fault"]
    assert [row for row in found["run", "moved"]["rows"] if row["task"] == "glue/cola"]


def test_other_data_than_was_scored_shows_no_examples(
    t5eval: Any, evaluated: Path, suite: Path, tmp_path: Path
) -> None:
    shutil.copytree(suite, tmp_path / "other")
    file = tmp_path / "other" / "glue" / "RTE" / "dev.tsv"
    file.write_text(file.read_text(encoding="utf-8").replace("the", "teh"), encoding="utf-8")
    _, found = report(t5eval, evaluated, "--data-dir", tmp_path / "other")
    faults = {name: page["answers"]["evaluated"].get("fault") for name, page in found.items() if name[0] == "task"}
    assert faults.pop(("task", "glue/rte", "validation")) == "the data at hand is not what it was scored on"
    assert set(faults.values()) == {None}


def test_predictions_changed_since_show_no_examples(t5eval: Any, evaluated: Path) -> None:
    file = evaluated / "predictions/glue/rte/validation.jsonl"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[1:]))
    _, found = report(t5eval, evaluated)
    fault = found["task", "glue/rte", "validation"]["answers"]["evaluated"]["fault"]
    assert fault == "predictions/glue/rte/validation.jsonl is not what was scored"


def test_a_part_of_a_split_says_so(t5eval: Any, suite: Path, perfect_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "part"
    arguments = ("--task", "glue/rte", "--split", "validation", "--data-dir", suite, "--out", out, "--limit", 7)
    assert t5eval("evaluate", "--model", f"predictions:{perfect_run}", *arguments).status == 0
    markdown, found = report(t5eval, out)
    assert "limited to the first 7 examples: a score of a part of the split" in markdown
    assert len(found["task", "glue/rte", "validation"]["examples"]) == 7
    (count,) = found["run", "part"]["counts"]
    assert (count["n"], count["official"], count["few"]) == (7, 277, True)


def flagged(found: dict[tuple[str, ...], Any], task: str, run: str) -> dict[str, int]:
    """Returns how many of a validation split's answers each filter holds for."""
    page = found["task", task, "validation"]
    flags = [flag for flag in page["answers"][run]["columns"]["flags"] if flag is not None]
    return {name: sum(flag >> bit & 1 for flag in flags) for bit, name in enumerate(page["split"]["filters"])}


def test_flags_of_the_store_can_be_filtered(t5eval: Any, evaluated: Path) -> None:
    file = evaluated / "predictions/glue/rte/validation.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["truncated"] = lines[1]["truncated"] = lines[1]["hit_limit"] = True
    lines[0] |= {"log_likelihoods": [-0.1, -2.0], "answer_tokens": [2, 3]}
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    _, found = report(t5eval, evaluated)
    counts = flagged(found, "glue/rte", "evaluated")
    assert (counts["input cut"], counts["output at the length limit"], counts["wrong"]) == (2, 1, 0)
    page = found["task", "glue/rte", "validation"]
    first = next(example for example in page["examples"] if example["id"] == lines[0]["id"])
    shares = [choice[3] for choice in first["answers"]["evaluated"]["choices"]]
    assert shares == pytest.approx([0.8699, 0.1301])  # 1 / (1 + exp(-1.9))
    assert page["answers"]["evaluated"]["columns"]["confidence"][first["place"]] == pytest.approx(86.99, abs=0.01)


def test_texts_that_were_changed_before_they_were_scored(t5eval: Any, tmp_path: Path, official: Path) -> None:
    split = open_split(task_specs.get("squad/v2.0"), "validation", official)
    said = ["unanswerable", *["no words of the passage"] * (len(list(split)) - 1)]
    lines = [{"id": example.id, "prediction": text} for example, text in zip(split, said, strict=True)]
    (tmp_path / "said.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ("--task", "squad/v2.0", "--split", "validation", "--data-dir", official, "--out", tmp_path / "run")
    assert t5eval("evaluate", "--model", f"predictions:{tmp_path / 'said.jsonl'}", *arguments).status == 0
    markdown, found = report(t5eval, tmp_path / "run")
    assert f"1 of {len(said)} answers " in markdown
    assert "are scored without T5's way of writing them; as they stand: em_as_written, f1_as_written" in markdown
    counts = flagged(found, "squad/v2.0", "run")
    assert (counts["not in the passage"], counts["T5's way of writing undone"]) == (len(said) - 1, 1)
    fields = [name for name, _ in found["task", "squad/v2.0", "validation"]["examples"][0]["fields"]]
    assert fields == ["question", "context"]


def test_hostile_texts_stay_texts(t5eval: Any, tmp_path: Path) -> None:
    run, data = hostile_run(tmp_path)
    tables = tmp_path / "t.tex", tmp_path / "t.csv"
    markdown, found = report(t5eval, run, "--data-dir", data, "--latex", tables[0], "--csv", tables[1])
    assert not re.search("[\x00\x07\u202e]", markdown)
    for name, page in found.items():
        if name[0] == "task":
            predictions = {example["answers"][run.name]["text"] for example in page["examples"]}
            assert {re.sub("[\x00\x07\u202e]", "\ufffd", text) for text in HOSTILE} == predictions
    # No text of a run stands in what a browser reads as a page or a script: documents are packed.
    for path in (run / "report.html", *(run / "report_files" / "data").iterdir()):
        assert (
            re.fullmatch(r'explorer\.arrived\("\w+","[\w+/=]+"\);\n', text := path.read_text()) or run.name not in text
        )
    assert "<b>run" not in re.sub("`[^`\n]*`", "", markdown)
    outside_code = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown.replace("\\`", ""))
    assert not re.search(r"<(script|img|svg|b)\b|@somebody", outside_code)
    assert {len(row) for row in table_rows(markdown)[:4]} == {5}
    latex, written = tables[0].read_text(encoding="utf-8"), tables[1].read_text(encoding="utf-8")
    assert r"score & n & \textless{}b\textgreater{}run|`x`\&\_ \\" in unmarked(latex)
    assert len({len(row) for row in csv.reader(written.splitlines())}) == 1


def test_a_hostile_results_file_is_refused_or_shown(t5eval: Any, evaluated: Path) -> None:
    file = evaluated / "results.json"
    document = json.loads(file.read_text())
    evil = "</td><script>1</script>|`"
    document["command"] = document["versions"][evil] = evil
    document["results"]["glue/rte"]["validation"]["data"]["notes"] = [evil]
    document["results"][evil] = document["results"].pop("glue/cola")
    file.write_text(json.dumps(document))
    markdown, found = report(t5eval, evaluated)
    assert evil in [caution["text"] for caution in found["run", "evaluated"]["cautions"]]
    assert "unknown task" in found["task", evil, "validation"]["answers"]["evaluated"]["fault"]
    assert "<script>" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown)
    for broken in ({"glue/rte": 1}, {"glue/rte": {"validation": {}}}, {"glue/rte": {"validation": [1]}}):
        file.write_text(json.dumps({"schema": 1, "results": broken}))
        done = t5eval("report", evaluated)
        assert done.status == 2
        assert "cannot be read" in done.err
        assert "glue/rte" in done.err


def test_tables_for_latex_and_spreadsheets(t5eval: Any, evaluated: Path, tmp_path: Path) -> None:
    report(t5eval, evaluated, "--latex", tmp_path / "t.tex", "--csv", tmp_path / "t.csv")
    latex = unmarked((tmp_path / "t.tex").read_text())
    of_mnli = json.loads((evaluated / "results.json").read_text())["results"]["glue/mnli_matched"]["validation"]
    low, high = of_mnli["scores"]["accuracy"]["ci95"]
    shown = rf"100.00 {{\footnotesize [{low:.2f}, {high:.2f}]}} \\"
    assert rf"glue/mnli\_matched & validation & accuracy & {of_mnli['n']} & {shown}" in latex
    assert "glue & validation & average &  & incomplete \\\\" in latex
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


def test_what_the_tables_have_is_chosen(t5eval: Any, evaluated: Path, tmp_path: Path) -> None:
    chosen = ("--metrics", "f1", "accuracy", "--tasks", "glue/mrpc", "glue_rte_v002", "--digits", 0)
    markdown, found = report(t5eval, evaluated, "--latex", tmp_path / "t.tex", "--csv", tmp_path / "t.csv", *chosen)
    wanted = {("glue/mrpc", "f1"), ("glue/mrpc", "accuracy"), ("glue/rte", "accuracy")}
    rows = [row for row in table_rows(markdown) if row[0].startswith("glue")]
    assert {(row[0], row[2]) for row in rows} == wanted
    assert {unmarked(row[4]).partition(" ")[0] for row in rows} == {"100"}
    latex = [line.split(" & ") for line in (tmp_path / "t.tex").read_text().splitlines() if line.startswith("glue")]
    assert {(row[0], row[2]) for row in latex} == wanted
    with (tmp_path / "t.csv").open() as file:
        assert {(row["task"], row["score"], row["value"]) for row in csv.DictReader(file)} == {
            (*one, "100.0") for one in wanted
        }
    assert ("task", "glue/cola", "validation") in found  # the page has everything
    for option, message in [
        (("--tasks", "glue/rte", "glue/nosuch"), "--tasks glue/nosuch: no run has a score of it"),
        (("--metric", "bleu"), "--metrics bleu: no run has it. They have matthews, matthews_t5, accuracy, f1"),
    ]:
        done = t5eval("report", evaluated, *option, "--out", tmp_path / "new")
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert message in done.err
        assert not (tmp_path / "new").exists()


LOGS = Path(__file__).parents[1] / "t5eval" / "reports" / "references"


def test_a_run_that_only_trained_has_its_curves(t5eval: Any, tmp_path: Path) -> None:
    (tmp_path / "run" / "logs").mkdir(parents=True)
    shutil.copy(LOGS / "scalars.jsonl", tmp_path / "run" / "logs")
    markdown, found = report(t5eval, tmp_path / "run")
    assert "trained, not evaluated" in markdown
    curve = found["run", "run"]["curves"]["loss"]
    assert [round(value, 5) for _, value in (curve[0], curve[-1])] == [0.06022, 0.02625]
    assert any(len(curve) == 1 for curve in found["run", "run"]["curves"].values())
    assert "TensorBoard" not in markdown


def test_curves_that_only_tensorboard_has_are_not_passed_over_in_silence(t5eval: Any, tmp_path: Path) -> None:
    (tmp_path / "run" / "logs").mkdir(parents=True)
    shutil.copy(LOGS / "events.out.tfevents.1795655543.tf2", tmp_path / "run" / "logs")
    markdown, found = report(t5eval, tmp_path / "run")
    assert "trained, not evaluated" in markdown
    said = [caution["text"] for caution in found["run", "run"]["cautions"]]
    for text in (markdown, " ".join(said)):
        assert " ".join(text.split()).count("curves are in TensorBoard's files alone") == 1


def test_a_page_of_many_examples_stays_small(t5eval: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, data = large_run(tmp_path, 3000)
    monkeypatch.setattr("t5eval.reports.explorer.static.TASK_BYTES", 20_000)
    _, found = report(t5eval, run, "--data-dir", data)
    page = found["task", "glue/sst2", "validation"]
    assert 300 < len(page["examples"]) < 3000
    assert (page["split"]["n"], page["split"]["kept"]) == (3000, [example["place"] for example in page["examples"]])
    values = [example["answers"]["large"]["value"] for example in page["examples"]]
    assert values.count(0.0) == 300  # every wrong one
    assert page["answers"]["large"]["confusion"]["rows"] == [["negative", [1200, 300]], ["positive", [0, 1500]]]
    assert max(path.stat().st_size for path in (run / "report_files" / "data").iterdir()) < 20_100


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
    markdown, _ = report(t5eval, tmp_path / "run", "--data-dir", shared_data)
    rows = {tuple(row[:3]): unmarked(row[-1]) for row in table_rows(markdown)}
    assert rows["squad/v1.1", "validation", "em"].startswith("86.21 [")
    assert rows["squad/v1.1", "validation", "f1"].startswith("92.20 [")
    assert rows["wmt17/en-de", "test", "bleu"].startswith("28.30 [")
    sizes = [path.stat().st_size for path in (tmp_path / "run" / "report_files" / "data").iterdir()]
    assert max(sizes) < 3_000_100
