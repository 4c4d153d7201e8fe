"""`t5eval compare` as a user runs it: on runs, on prediction files, against the paper, on real systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import task_specs
from t5eval.data import open_split
from t5eval.metrics.paired import holm
from t5eval.scoring.score import evaluation_pair
from tests.commands.conftest import write_predictions

TASKS = ("glue/rte", "glue/cola", "super_glue/multirc")


def answers(task: str, suite: Path, every: int) -> list[tuple[str, str]]:
    """Returns true answers, but for one example in `every` the first answer that the task has."""
    spec = task_specs.get(task)
    pairs = [evaluation_pair(spec, example) for example in open_split(spec, "validation", suite)]
    return [(p.id, spec.answer.choices[0] if i % every == 0 else p.targets) for i, p in enumerate(pairs)]


def by_hand(folder: Path, suite: Path, every: int) -> Path:
    for task in TASKS:
        write_predictions(folder / "predictions" / task / "validation.jsonl", answers(task, suite, every))
    return folder


@pytest.fixture
def hands(tmp_path: Path, suite: Path) -> tuple[Path, Path]:
    """Two folders of predictions made by hand."""
    return by_hand(tmp_path / "hand a", suite, 3), by_hand(tmp_path / "hand b", suite, 5)


@pytest.fixture
def runs(t5eval: Any, tmp_path: Path, suite: Path, hands: tuple[Path, Path]) -> tuple[Path, Path]:
    """Two runs of `evaluate`, which say what they were made with."""
    for name, hand in zip("ab", hands, strict=True):
        done = t5eval(
            "evaluate", "--model", f"predictions:{hand}", "--task", *TASKS, "--split", "validation",
            "--data-dir", suite, "--out", tmp_path / name,
        )  # fmt: skip
        assert done.status == 0, done.err
    return tmp_path / "a", tmp_path / "b"


def test_two_runs(t5eval: Any, runs: tuple[Path, Path], suite: Path, tmp_path: Path) -> None:
    """The data is what the first run was made with; values are those in its results."""
    document = t5eval("compare", *runs, "--changes", tmp_path / "changes.jsonl", "--json").json
    assert (document["sound"], document["data_dir"], document["methods"]["corrected"]) == (True, str(suite), 4)
    assert list(document["results"]) == sorted(TASKS)
    results = [json.loads((run / "results.json").read_text())["results"] for run in runs]
    changed = [json.loads(line) for line in (tmp_path / "changes.jsonl").read_text().splitlines()]
    for task, splits in document["results"].items():
        for name, contrast in splits["validation"]["scores"].items():
            values = [r[task]["validation"]["scores"][name]["value"] for r in results]
            assert [contrast["a"], contrast["b"]] == values
            assert contrast["difference"] == values[1] - values[0]
        mine = [record for record in changed if record["task"] == task]
        changes = splits["validation"]["changes"]
        assert len(mine) == changes["texts"] > 0
        assert sum(record["change"] == "better" for record in mine) == changes["wrong_to_right"]
        assert sum(record["change"] == "worse" for record in mine) == changes["right_to_wrong"]
        assert {d["setting"] for d in splits["validation"]["settings"]} == {"model", "predictions hash"}
    back = t5eval("compare", *runs[::-1], "--json").json["results"]
    for task, splits in document["results"].items():
        for name, contrast in splits["validation"]["scores"].items():
            other = back[task]["validation"]["scores"][name]
            assert (contrast["difference"], contrast["p"]) == (-other["difference"], other["p"])


def test_a_run_and_itself(t5eval: Any, runs: tuple[Path, Path]) -> None:
    same = t5eval("compare", runs[0], runs[0], "--json").json["results"]
    contrasts = [c for splits in same.values() for c in splits["validation"]["scores"].values()]
    assert {(c["difference"], c["p"], *c["ci95"]) for c in contrasts} == {(0, 1, 0, 0)}
    assert {splits["validation"]["changes"]["texts"] for splits in same.values()} == {0}


def test_more_than_two_runs(t5eval: Any, hands: tuple[Path, Path], suite: Path, tmp_path: Path) -> None:
    """Each is compared with the first as by itself, p-values are corrected over all, and mistakes counted over all."""
    third = by_hand(tmp_path / "hand c", suite, 7)
    which = ("--task", "glue/rte", "glue/cola", "--data-dir", suite)
    found = t5eval("compare", *hands, third, *which, "--json").json
    alone = [t5eval("compare", hands[0], other, *which, "--json").json for other in (hands[1], third)]
    p_values = []
    for pair, one in zip(found["pairs"], alone, strict=True):
        assert pair["b"] == one["b"]
        for task, splits in one["results"].items():
            for name, contrast in splits["validation"]["scores"].items():
                together = pair["results"][task]["validation"]["scores"][name]
                assert {**together, "p_holm": None} == {**contrast, "p_holm": None}
                p_values += [(contrast["p"], together["p_holm"])] if contrast["p_holm"] is not None else []
    assert [corrected for _, corrected in p_values] == pytest.approx(holm([p for p, _ in p_values]))
    spec = task_specs.get("glue/rte")
    true = [evaluation_pair(spec, example).targets for example in open_split(spec, "validation", suite)]
    said = [[text for _, text in answers("glue/rte", suite, every)] for every in (3, 5, 7)]
    wrong = [sum(one[i] != text for one in said) for i, text in enumerate(true)]
    counted = found["mistakes"]["glue/rte"]["validation"]["wrong_in"]
    assert counted == [wrong.count(number) for number in range(4)]
    done = t5eval("compare", *hands, third, *which)
    assert "mistakes of all 3 in common: glue/rte validation, 80 examples" in done.out
    assert f"wrong: {counted[0]} by none, {counted[1]} by 1" in done.out
    refused = t5eval("compare", *hands, third, *which, "--changes", tmp_path / "x")
    assert (refused.status, refused.out) == (2, "")
    assert "name A and B alone" in refused.err


def test_the_table_fits_a_terminal(t5eval: Any, runs: tuple[Path, Path]) -> None:
    done = t5eval("compare", *runs, "--task", "glue/cola", "super_glue/multirc", "--t5")
    assert done.status == 0
    lines = done.out.splitlines()
    table = lines[2 : lines.index("")]
    assert max(map(len, table)) <= 80
    assert "\x1b" not in done.out
    assert table[1].startswith("glue/cola validation, 90 examples") or table[0].startswith("glue/cola")
    assert sum(line.strip().startswith("matthews_t5") for line in table) == 1
    assert "right to wrong" in done.out
    assert done.out.splitlines()[-1].startswith("sound: ")
    plain = t5eval("compare", *runs, "--task", "glue/cola").out
    assert "matthews_t5" not in plain


def test_prediction_files_and_what_is_missing(t5eval: Any, suite: Path, tmp_path: Path) -> None:
    told = answers("glue/rte", suite, 4)
    a = write_predictions(tmp_path / "a.jsonl", told[1:])
    (tmp_path / "b.txt").write_text("".join(f"{text}\n" for _, text in told))
    arguments = ("--task", "glue/rte", "--split", "validation", "--data-dir", suite)
    done = t5eval("compare", a, tmp_path / "b.txt", *arguments, "--json")
    result = done.json["results"]["glue/rte"]["validation"]
    assert (result["missing"], result["changes"]["texts"], result["sound"]) == ({"A": 1, "B": 0}, 1, True)
    assert f"A has no prediction for 1 of {len(told)} examples" in done.err
    score = t5eval("score", "glue/rte", *arguments[2:], "--predictions", a, "--json").json["scores"]["accuracy"]
    assert result["scores"]["accuracy"]["a"] == score["value"]
    assert "is not recorded" in t5eval("compare", a, tmp_path / "b.txt", *arguments).out


def test_a_run_and_a_file(t5eval: Any, runs: tuple[Path, Path], suite: Path, tmp_path: Path) -> None:
    file = write_predictions(tmp_path / "b.jsonl", answers("glue/rte", suite, 5))
    done = t5eval("compare", runs[1], file, "--task", "glue/rte", "--json")
    assert done.json["results"]["glue/rte"]["validation"]["scores"]["accuracy"]["difference"] == 0
    several = t5eval("compare", runs[1], file)
    assert (several.status, several.out) == (2, "")
    assert "answers one split, and 3 are asked for" in several.err


def test_other_data_and_other_limits_are_not_sound(
    t5eval: Any, runs: tuple[Path, Path], hands: tuple[Path, Path], suite: Path, tmp_path: Path
) -> None:
    rte = ("--task", "glue/rte", "--split", "validation")
    few = t5eval(
        "evaluate", "--model", f"predictions:{hands[0]}", *rte, "--data-dir", suite, "--limit", 30,
        "--out", tmp_path / "few",
    )  # fmt: skip
    assert few.status == 0, few.err
    done = t5eval("compare", tmp_path / "few", runs[1], "--task", "glue/rte")
    assert (done.status, "NOT SOUND:" in done.out) == (0, True)
    assert "A has 30 and B 80 of 80 examples (--limit): compared on the first 30" in " ".join(done.out.split())
    assert t5eval("compare", tmp_path / "few", tmp_path / "few", "--json").json["sound"] is True

    other = tmp_path / "data" / "glue" / "RTE"
    other.mkdir(parents=True)
    text = (suite / "glue" / "RTE" / "dev.tsv").read_text(encoding="utf-8")
    (other / "dev.tsv").write_text(text.replace("\tnot_entailment\n", "\tentailment\n", 1), encoding="utf-8")
    document = t5eval("compare", *runs, "--task", "glue/rte", "--data-dir", tmp_path / "data", "--json").json
    assert document["sound"] is False
    assert len(document["results"]["glue/rte"]["validation"]["faults"]) == 2


def test_an_unfinished_run_is_said_to_be_one(t5eval: Any, runs: tuple[Path, Path]) -> None:
    path = runs[1] / "predictions" / "glue/rte" / "validation.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-5]))
    done = t5eval("compare", *runs, "--task", "glue/rte", "--json")
    assert done.json["results"]["glue/rte"]["validation"]["faults"] == [
        "B is unfinished: 5 examples have no prediction and count as wrong"
    ]


def test_what_only_one_has_is_named(t5eval: Any, hands: tuple[Path, Path], suite: Path) -> None:
    (hands[1] / "predictions" / "glue/cola" / "validation.jsonl").unlink()
    write_predictions(hands[0] / "predictions" / "glue/rte" / "test.jsonl", [("0", "entailment")])
    write_predictions(hands[1] / "predictions" / "glue/rte" / "test.jsonl", [("0", "entailment")])
    left_out = t5eval("compare", *hands, "--data-dir", suite, "--json").json["left_out"]
    assert left_out == ["glue/cola validation: B has no predictions for it", "glue/rte test: it has no labels here"]


def test_a_task_that_is_not_registered_is_left_out_unless_it_is_named(
    t5eval: Any, hands: tuple[Path, Path], suite: Path
) -> None:
    for hand in hands:
        write_predictions(hand / "predictions" / "mine/polite" / "validation.jsonl", [("0", "polite")])
    left_out = t5eval("compare", *hands, "--data-dir", suite, "--json").json["left_out"]
    assert left_out == ["mine/polite validation: no such task is registered; name its TOML file with --task"]


@pytest.mark.parametrize("damaged", ["[]", "{", '{"limit": "ten"}'])
def test_a_record_that_is_damaged_is_named(t5eval: Any, runs: tuple[Path, Path], damaged: str) -> None:
    record = runs[1] / "predictions" / "glue/rte" / "validation.meta.json"
    record.write_text(damaged)
    done = t5eval("compare", *runs)
    assert (done.status, done.out) == (2, "")
    assert f"{record}: damaged" in done.err


def test_settings_have_names_that_say_what_they_are(t5eval: Any, runs: tuple[Path, Path]) -> None:
    record = runs[1] / "predictions" / "glue/rte" / "validation.meta.json"
    record.write_text(
        json.dumps({**json.loads(record.read_text()), "library": "torch 2", "decode": {"method": "beam"}})
    )
    document = t5eval("compare", *runs, "--json").json
    found = {d["setting"]: d for d in document["results"]["glue/rte"]["validation"]["settings"]}
    assert set(found) == {"model", "predictions hash", "library", "decode"}
    assert (found["library"]["a"], found["library"]["b"]) == (None, "torch 2")
    assert found["decode"]["effect"] == "may matter"
    text = t5eval("compare", *runs).out
    assert "  library: none | torch 2 in glue/rte validation  (may move scores)" in text
    assert "  decode: file | beam in glue/rte validation  (may move scores)" in text
    assert "settings besides the model differ, and may be the reason" in " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a"], "a second run or prediction file, or --published MODEL"),
        (["a", "b", "--published", "t5-base"], "with one thing"),
        (["a", "c"], "no such file or folder"),
        (["a", "."], "holds no predictions/TASK/SPLIT.jsonl"),
        (["f", "f"], "name one --task and one --split"),
        (["f", "f", "--task", "glue", "--split", "validation"], "name one --task and one --split"),
        (["a", "b", "--task", "glue/sst2"], "nothing to compare"),
        (["a", "f", "--task", "glue/rte"], "line 1: unknown id '80'"),
        (["a", "--published", "t5-bse"], "Did you mean 't5-base'"),
        (["a", "--published", "t5-base", "--changes", "x"], "no predictions are published"),
    ],
)
def test_what_cannot_be_compared(
    t5eval: Any, hands: tuple[Path, Path], suite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    write_predictions(tmp_path / "f", [(80, "entailment")])
    for name, hand in zip("ab", hands, strict=True):
        hand.rename(tmp_path / name)
    done = t5eval("compare", *arguments, "--data-dir", suite)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err
    assert not (tmp_path / "x").exists()


def test_against_published_scores(t5eval: Any, runs: tuple[Path, Path]) -> None:
    document = t5eval("compare", runs[0], "--published", "t5-base", "--json").json
    assert {(s["task"], s["score"], s["published"]) for s in document["scores"]} == {
        ("glue/cola", "matthews", 51.1), ("glue/rte", "accuracy", 80.1),
        ("super_glue/multirc", "f1a", 79.7), ("super_glue/multirc", "em", 43.1),
    }  # fmt: skip
    assert not any(s["comparable"] for s in document["scores"])
    text = t5eval("compare", runs[0], "--published", "t5-base", "--task", "glue/rte").out
    assert "glue/rte, ours validation, t5-base test" in text
    assert "NOT COMPARABLE: ours is of validation, the published one of test" in text
    assert "Raffel et al. 2020, table 14" in text
    assert max(map(len, text.splitlines())) <= 80


def test_real_systems_on_squad(t5eval: Any, shared_data: Path) -> None:
    """BERT against R-Net+: the scores that both are known for, and a difference that nobody doubts."""
    systems = [
        shared_data / "predictions" / "squad" / f"{name}.json" for name in ("rnet_plus_ensemble", "bert_ensemble")
    ]
    which = ("--task", "squad/v1.1", "--split", "validation", "--data-dir", shared_data)
    result = t5eval("compare", *systems, *which, "--json").json["results"]["squad/v1.1"]["validation"]
    em, f1 = result["scores"]["em"], result["scores"]["f1"]
    assert [round(v, 3) for v in (em["a"], em["b"], f1["a"], f1["b"])] == [82.469, 86.206, 88.478, 92.196]
    assert em["p"] < 1e-20
    assert f1["p"] == 1 / 10_001  # no trial came near
    assert em["ci95"][0] < em["difference"] < em["ci95"][1]
    assert result["changes"]["wrong_to_right"] - result["changes"]["right_to_wrong"] == round(
        em["difference"] * 10570 / 100
    )
    scores = t5eval("compare", systems[1], *which, "--published", "t5-base", "--json").json["scores"]
    assert [(s["score"], s["published"], s["comparable"]) for s in scores] == [
        ("em_t5", 85.44, True), ("f1_t5", 92.08, True),
    ]  # fmt: skip
