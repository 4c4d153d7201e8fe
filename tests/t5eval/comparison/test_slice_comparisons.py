"""Comparisons by slice and mistakes in common, against SciPy, scikit-learn and counting by hand."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, permutation_test
from sklearn.metrics import accuracy_score, cohen_kappa_score, matthews_corrcoef

import t5eval
import task_specs
from t5eval.cli.comparison_text import comparison_lines
from t5eval.comparison.compare import compare_all
from t5eval.comparison.sides import Side
from t5eval.comparison.splits import compare_split
from t5eval.data import data_source, open_split
from t5eval.scoring.score import evaluation_pair, judge
from task_specs import Example
from task_specs.support.errors import UserError
from tests.t5eval.data.test_files_of_pairs import ROW
from tests.t5eval.data.test_files_of_pairs import task as write_task

SUITE = t5eval.suite_folder()
ASK: Any = {"data": SUITE, "splits": "validation"}


def truth(task: str, split: str, data: Path = SUITE) -> list[tuple[Example, str]]:
    """Returns a split's examples with the texts that are right."""
    spec = task_specs.get(task)
    found = open_split(spec, split, data_source(str(data)), with_labels=True)
    return [(example, evaluation_pair(spec, example).targets) for example in found]


def answers(task: str, split: str, seed: int, *others: str) -> list[str]:
    """Returns right answers, but for about a third, which are of the others."""
    draw = random.Random(seed)
    return [draw.choice(others) if draw.random() < 0.35 else text for _, text in truth(task, split)]


def side(folder: Path, name: str, texts: list[str]) -> Path:
    path = folder / f"{name}.txt"
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def holm_by_closure(p_values: list[float]) -> list[float]:
    """Returns Holm's p-values by their meaning: the worst Bonferroni of any set of hypotheses that holds each."""
    places = range(len(p_values))
    sets = [chosen for size in range(1, len(p_values) + 1) for chosen in itertools.combinations(places, size)]
    worst = {chosen: min(1.0, len(chosen) * min(p_values[i] for i in chosen)) for chosen in sets}
    return [max(p for chosen, p in worst.items() if place in chosen) for place in places]


def test_accuracy_by_slice(tmp_path: Path) -> None:
    examples = truth("glue/rte", "validation")
    labels = ("entailment", "not_entailment", "neither")
    said = [answers("glue/rte", "validation", seed, *labels) for seed in (1, 2)]
    files = [side(tmp_path, name, texts) for name, texts in zip("ab", said, strict=True)]
    found: Any = t5eval.compare(*files, tasks="glue/rte", by=["label", "overlap", "input_length"], **ASK)
    document = found.to_json()
    slices = document["results"]["glue/rte"]["validation"]["slices"]
    assert list(slices) == ["label", "overlap", "input_length"]
    assert set(slices["label"]) == {"entailment", "not_entailment"}
    p_values, corrected = [], []
    for values in slices.values():
        for one in values.values():
            p_values.append(one["scores"]["accuracy"]["p"])
            corrected.append(one["scores"]["accuracy"]["p_holm"])
    assert corrected == pytest.approx(holm_by_closure(p_values))
    assert document["methods"]["corrected_slices"] == len(p_values)
    assert document["methods"]["correction_of_slices"].startswith("Holm, ")
    whole = document["results"]["glue/rte"]["validation"]["scores"]["accuracy"]
    assert (whole["p_holm"], document["methods"]["corrected"]) == (whole["p"], 1)  # slices are a family of their own
    for label, one in slices["label"].items():
        mine = [i for i, (_, text) in enumerate(examples) if text == label]
        a, b = ([texts[i] == label for i in mine] for texts in said)
        contrast = one["scores"]["accuracy"]
        assert one["n"] == contrast["rows"] == len(mine)
        for name, texts in zip("ab", said, strict=True):
            assert contrast[name] == pytest.approx(100 * accuracy_score([label] * len(mine), [texts[i] for i in mine]))
        gained, lost = (sum(x and not y for x, y in zip(*pair, strict=True)) for pair in ((b, a), (a, b)))
        assert contrast["p"] == pytest.approx(binomtest(gained, gained + lost).pvalue)
        expected = bootstrap(
            (np.array(a, float), np.array(b, float)), lambda x, y, axis: 100 * (y.mean(axis) - x.mean(axis)),
            paired=True, method="percentile", n_resamples=5000, rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        assert contrast["ci95"] == pytest.approx(tuple(expected), abs=2.6)  # one example of 40 is 2.5
        assert one["mistakes"] == {
            "both_right": sum(x and y for x, y in zip(a, b, strict=True)),
            "a_only": lost,
            "b_only": gained,
            "both_wrong": sum(not x and not y for x, y in zip(a, b, strict=True)),
            "kappa": pytest.approx(kappa_by_hand(*([texts[i] for i in mine] for texts in said))),
            "kappa_n": sum(all(texts[i] != "neither" for texts in said) for i in mine),
        }


def kappa_by_hand(a: list[str], b: list[str]) -> float:
    """Returns Cohen's kappa of readable answers, from its definition."""
    pairs = [pair for pair in zip(a, b, strict=True) if "neither" not in pair]
    seen = sum(x == y for x, y in pairs) / len(pairs)
    chance = sum(
        sum(x == label for x, _ in pairs) * sum(y == label for _, y in pairs) / len(pairs) ** 2
        for label in {label for pair in pairs for label in pair}
    )
    return (seen - chance) / (1 - chance)


def test_ax_by_category_is_scikit_learns_and_scipys(shared_data: Path, tmp_path: Path) -> None:
    if not (shared_data / "glue" / "diagnostic" / "diagnostic-full.tsv").is_file():
        pytest.skip("AX's official file is not here")
    examples = truth("glue/ax", "test", shared_data)
    classes = task_specs.get("glue/ax").answer.classes  # type: ignore[attr-defined]
    draw, clumsy = random.Random(3), random.Random(4)
    texts = [[text if r.random() < share else r.choice(classes) for _, text in examples]
             for r, share in ((draw, 0.4), (clumsy, 0.36))]  # fmt: skip
    files = [side(tmp_path, name, said) for name, said in zip("ab", texts, strict=True)]
    found: Any = t5eval.compare(*files, tasks="glue/ax", splits="test", data=shared_data, by="domain")
    slices = found.splits[0].slices["domain"]
    assert set(slices) == {e.slices["domain"] for e, _ in examples} - {""}
    for value, one in slices.items():
        mine = [i for i, (e, _) in enumerate(examples) if e.slices["domain"] == value]
        true, a, b = (
            np.array([classes.index(said[i]) for i in mine]) for said in ([text for _, text in examples], *texts)
        )
        contrast = one.scores["matthews"]
        assert (one.n, one.few) == (len(mine), len(mine) < 30)
        assert contrast.a == pytest.approx(100 * matthews_corrcoef(true, a))
        assert contrast.b == pytest.approx(100 * matthews_corrcoef(true, b))
        assert one.mistakes.kappa == pytest.approx(cohen_kappa_score(a, b))
        if one.n == max(part.n for part in slices.values()):
            done = permutation_test(
                (a, b), lambda x, y, true=true: matthews_corrcoef(true, y) - matthews_corrcoef(true, x),
                permutation_type="samples", vectorized=False, n_resamples=299, rng=np.random.default_rng(0),
            )  # fmt: skip
            assert contrast.p == pytest.approx(done.pvalue, abs=0.08)


def test_a_slice_is_the_comparison_of_its_examples_and_swapping_turns_it(tmp_path: Path) -> None:
    """Of a metric that is no share, and of groups that are judged together."""
    task = "super_glue/multirc"
    said = [answers(task, "validation", seed, "True", "False") for seed in (5, 6)]
    a, b = (Side(x, side(tmp_path, x, texts)) for x, texts in zip("AB", said, strict=True))
    spec = task_specs.get(task)
    (one,) = compare_all(a, b, [(spec, "validation")], data_source(str(SUITE)), [], by=["group_size"])
    (back,) = compare_all(b, a, [(spec, "validation")], data_source(str(SUITE)), [], by=["group_size"])
    examples = [example for example, _ in truth(task, "validation")]
    siblings: dict[str, int] = {}
    for example in examples:
        siblings[example.id.rpartition("/")[0]] = siblings.get(example.id.rpartition("/")[0], 0) + 1
    assert one.slices["group_size"]
    assert sum(part.n for part in one.slices["group_size"].values()) == len(examples)
    for value, part in one.slices["group_size"].items():
        sizes = range(int(value.split("-")[0].rstrip("+")), int(value.split("-")[-1].rstrip("+")) + 1)
        mine = [i for i, e in enumerate(examples) if siblings[e.id.rpartition("/")[0]] in sizes]
        judged = [judge(spec, [examples[i] for i in mine], {examples[i].id: texts[i] for i in mine}) for texts in said]
        assert part == compare_split(spec, "validation", *judged)
        for name, contrast in part.scores.items():
            other = back.slices["group_size"][value].scores[name]
            assert (contrast.difference, contrast.p) == (pytest.approx(-(other.difference or 0)), other.p)


def test_mistakes_where_answers_are_texts_and_where_nothing_is_right_or_wrong(tmp_path: Path) -> None:
    said = [answers("squad/v1.1", "validation", seed, "no such text") for seed in (7, 8)]
    files = [side(tmp_path, name, texts) for name, texts in zip("ab", said, strict=True)]
    found: Any = t5eval.compare(*files, tasks="squad/v1.1", by="question_word", **ASK)
    mistakes = found.splits[0].mistakes
    right = [[x != "no such text" for x in texts] for texts in said]
    assert mistakes.to_json() == {
        "both_right": sum(x and y for x, y in zip(*right, strict=True)),
        "a_only": sum(x and not y for x, y in zip(*right, strict=True)),
        "b_only": sum(y and not x for x, y in zip(*right, strict=True)),
        "both_wrong": sum(not x and not y for x, y in zip(*right, strict=True)),
        "kappa": None,
        "kappa_n": 0,
    }
    parts = found.splits[0].slices["question_word"].values()
    assert sum(part.mistakes.both_wrong for part in parts) == mistakes.both_wrong
    numbers = [text for _, text in truth("glue/stsb", "validation")]
    same = side(tmp_path, "numbers", numbers)
    none: Any = t5eval.compare(same, same, tasks="glue/stsb", **ASK)
    assert none.to_json()["results"]["glue/stsb"]["validation"]["mistakes"] is None


@pytest.mark.parametrize(
    ("a", "b", "kappa_n"),
    [(["entailment"] * 80, ["entailment"] * 80, 80), (["perhaps"] * 80, ["entailment"] * 80, 0)],
)
def test_kappa_is_undefined_of_one_class_and_of_no_answers(
    tmp_path: Path, a: list[str], b: list[str], kappa_n: int
) -> None:
    found: Any = t5eval.compare(side(tmp_path, "a", a), side(tmp_path, "b", b), tasks="glue/rte", **ASK)
    assert (found.splits[0].mistakes.kappa, found.splits[0].mistakes.kappa_n) == (None, kappa_n)


def test_the_table_says_what_it_shows(tmp_path: Path) -> None:
    said = [answers("glue/rte", "validation", seed, "entailment", "not_entailment") for seed in (1, 2)]
    files = [side(tmp_path, name, texts) for name, texts in zip("ab", said, strict=True)]
    found: Any = t5eval.compare(*files, tasks="glue/rte", by=["label", "overlap"], **ASK)
    lines = comparison_lines(found.splits, [], t5=False)
    assert max(map(len, lines)) <= 80
    kappa = cohen_kappa_score(*said)
    assert any(line.startswith("  right: both ") and line.endswith(f"; kappa {kappa:.2f}") for line in lines)
    assert "glue/rte validation by label" in lines
    assert " entailment, 40 examples" in lines
    counts = [part.n for part in found.splits[0].slices["overlap"].values()]
    assert sum(line.endswith(" examples (few)") for line in lines) == sum(n < 30 for n in counts)
    assert f"Holm's correction of slices is over the {2 + len(counts)} headline scores of all" in lines
    bare: Any = t5eval.compare(*files, tasks="glue/rte", **ASK)
    assert not any("slices" in line or " by " in line for line in comparison_lines(bare.splits, [], t5=False))
    assert "slices" not in bare.to_json()["results"]["glue/rte"]["validation"]
    assert "corrected_slices" not in bare.to_json()["methods"]


def test_a_value_is_one_line_of_the_table(tmp_path: Path) -> None:
    row = ROW.replace('test = "test-FILE"}', 'test = "test-FILE"}, slices = {genre = "Genre"}')
    rows = [{"inputs": "a", "targets": "x", "Genre": "far\n  off"}, {"inputs": "b", "targets": "y", "Genre": "near"}]
    write_task(tmp_path, "json_lines", "\n".join(map(json.dumps, rows)), row=row)
    files = [side(tmp_path, name, texts) for name, texts in (("a", ["x", "?"]), ("b", ["x", "y"]))]
    found: Any = t5eval.compare(*files, tasks=[tmp_path / "task.toml"], splits="validation", data=tmp_path, by="genre")
    assert [line for line in comparison_lines(found.splits, [], t5=False) if line.endswith("(few)")] == [
        " far off, 1 example (few)",
        " near, 1 example (few)",
    ]


def test_names_that_are_not_there(tmp_path: Path) -> None:
    for task in ("glue/rte", "glue/stsb"):
        path = tmp_path / "predictions" / task / "validation.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{text}\n" for _, text in truth(task, "validation")), encoding="utf-8")
    found: Any = t5eval.compare(tmp_path, tmp_path, by="label", **ASK)
    assert [bool(one.slices) for one in found.splits] == [True, False]
    assert any("glue/stsb validation has no 'label' to slice by" in line for line in found.left_out)
    with pytest.raises(UserError, match=r"has no 'lable' to slice by.*'label'\?"):
        t5eval.compare(tmp_path, tmp_path, by=["label", "lable"], **ASK)
    with pytest.raises(UserError, match="--by is for two runs"):
        t5eval.compare(tmp_path, published="t5-base", by="label", **ASK)
