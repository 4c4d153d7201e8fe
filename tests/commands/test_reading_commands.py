"""tasks, show, examples: what there is and what it looks like."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import task_specs


def test_tasks_lists_every_task_with_the_documented_keys(t5eval: Any) -> None:
    listed = {entry["name"]: entry for entry in t5eval("tasks", "--json").json}
    assert set(listed) == {spec.name for spec in task_specs.all_tasks()}
    for entry in listed.values():
        assert set(entry) == {"name", "aliases", "benchmark", "splits", "metrics", "submission"}
    assert listed["glue/rte"] == {
        "name": "glue/rte",
        "aliases": ["glue_rte_v002"],
        "benchmark": "glue",
        "splits": {"train": 2490, "validation": 277, "test": 3000},
        "metrics": ["accuracy"],
        "submission": "RTE.tsv",
    }
    assert listed["glue/mnli"]["submission"] is None


def test_the_plain_listing_names_every_task_in_full(t5eval: Any) -> None:
    printed = t5eval("tasks").out
    for spec in task_specs.all_tasks():
        assert spec.name in printed


@pytest.mark.parametrize("name", ["glue/wnli", "glue_wnli_v002_simple_eval"])
def test_show_prints_the_whole_row_under_any_of_its_names(t5eval: Any, suite: Path, name: str) -> None:
    row = t5eval("show", name, "--json", "--data-dir", suite).json
    assert row["name"] == "glue/wnli"
    assert row["text"]["kind"] == "wnli_referent"
    assert row["answer"] == {"kind": "referent", "classes": ["not_entailment", "entailment"]}
    assert row["lengths"] == {"inputs": 512, "targets": 84}
    assert row["decode"] == {"method": "greedy", "beam_size": 1, "alpha": 0.0}
    assert {p["model"]: p["scores"] for p in row["published"]}["t5-base"] == {"accuracy": 78.8}
    assert row["example"]["inputs"].startswith("wsc: ")
    assert "example" not in t5eval("show", name).out.split("\n")[-1]


def test_show_keeps_the_lines_of_a_prompt(t5eval: Any) -> None:
    question = '      {sentence1}\n\n      Does it follow that "{sentence2|strip}"? Reply yes or no.\n    words:\n'
    assert f"  follows:\n    template:\n{question}" in t5eval("show", "glue/rte").out


def test_show_prints_a_mixtures_shares(t5eval: Any) -> None:
    document = t5eval("show", "glue_v002_proportional", "--json").json
    assert (document["name"], document["aliases"]) == ("glue_proportional", ["glue_v002_proportional"])
    assert document["members"][0] == {"name": "glue/cola", "rate": 8551, "factor": 1.0}
    rows = {row["task"]: row for row in document["shares"]}
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1)
    assert rows["glue/rte"] == {"task": "glue/rte", "train": 2490, "share": pytest.approx(2490 / 949101)}
    assert rows["glue/ax"] == {"task": "glue/ax", "train": 0, "share": 0}
    printed = t5eval("show", "all_equal").out
    assert "rates: equal" in printed
    assert re.search(r"^squad/v1.1 +87,599 +4.545 %$", printed, re.MULTILINE)
    assert printed.endswith("and plain text, if a run has some: see t5eval train\n")


def test_show_prints_a_users_own_mixture(t5eval: Any, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('name = "m"\nmembers = ["glue/rte", {name = "wmt14/en-de", rate = 7470}]')
    assert re.search(r"^wmt14/en-de +\? +75.000 %$", t5eval("show", tmp_path / "m.toml").out, re.MULTILINE)


def test_tasks_names_the_mixtures(t5eval: Any) -> None:
    printed = t5eval("tasks").out
    for mixture in task_specs.all_mixtures():
        assert mixture.name in printed


def test_examples_are_json_lines_in_file_order_without_ascii_escapes(t5eval: Any, tmp_path: Path) -> None:
    folder = tmp_path / "glue" / "SST-2"
    folder.mkdir(parents=True)
    (folder / "test.tsv").write_text('index\tsentence\n0\tZoë’s film \u2028 "quoted\n1\t 日本 \n', encoding="utf-8")
    lines = t5eval("examples", "glue/sst2", "--split", "test", "--data-dir", tmp_path).out.split("\n")
    assert lines[-1] == ""
    assert [json.loads(line) for line in lines[:-1]] == [
        {"id": "0", "inputs": 'sst2 sentence: Zoë’s film \u2028 "quoted', "targets": "<unk>"},
        {"id": "1", "inputs": "sst2 sentence:  日本 ", "targets": "<unk>"},
    ]
    assert "Zoë’s" in lines[0]


def test_examples_stop_at_the_limit(t5eval: Any, suite: Path) -> None:
    done = t5eval("examples", "glue/cola", "--split", "train", "--data-dir", suite, "--limit", "3")
    assert done.out.count("\n") == 3


def test_an_example_that_t5_cannot_format_has_no_target_and_a_warning(t5eval: Any, tmp_path: Path) -> None:
    folder = tmp_path / "glue" / "WNLI"
    folder.mkdir(parents=True)
    (folder / "dev.tsv").write_text("index\tsentence1\tsentence2\tlabel\n0\tThe cook left.\tThe cook left.\t1\n")
    done = t5eval("examples", "glue/wnli", "--split", "validation", "--data-dir", tmp_path)
    assert json.loads(done.out) == {"id": "0", "inputs": "wsc: The cook left.", "targets": ""}
    assert "warning: glue/wnli validation 0: the premise has none of the pronouns" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "glue/rtee"], "Did you mean 'glue/rte'"),
        (["show", "glue"], "'glue' is a benchmark, not a task"),
        (["show", "all_equl"], "Did you mean 'all_equal'"),
        (["examples", "all_equal", "--split", "train"], "'all_equal' is a mixture, not a task"),
        (["examples", "glue/rte", "--split", "tset", "--data-dir", "{suite}"], "has no split 'tset'"),
        (["examples", "glue/rte", "--split", "train"], "--data-dir DIR or T5EVAL_DATA_DIR"),
        (["examples", "glue/rte", "--split", "train", "--data-dir", "nowhere"], "there is no such folder"),
        (["examples", "glue/rte", "--split", "train", "--data-dir", "{empty}"], "RTE/train.tsv: no such file"),
        (["scor"], "Did you mean 'score'"),
        (["tasks", "--jsn"], "--jsn"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    t5eval: Any, suite: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    done = t5eval(*(a.format(suite=suite, empty=tmp_path) for a in arguments))
    assert done.status == 2
    assert done.out == ""
    assert done.err.count("\n") == 1
    assert message in done.err


def test_the_data_directory_may_come_from_the_environment(
    t5eval: Any, suite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T5EVAL_DATA_DIR", str(suite))
    assert t5eval("examples", "glue/rte", "--split", "validation", "--limit", "1").status == 0
