"""Which validation examples a training run takes, and what a checkpoint is selected by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from t5eval.data import OfficialFiles, open_split
from t5eval.demo.demo import suite_folder
from t5eval.training.validation import group_of, sample, validated, validation_examples
from task_specs import Example, get
from task_specs.support.errors import UserError
from tests.t5eval.glue_files import RTE

SUITE = OfficialFiles(suite_folder())


def test_groups_stay_whole() -> None:
    examples = [Example(f"{p}/{q}/{10 * p + a}", {}) for p in range(20) for q in range(3) for a in range(2 + q)]
    drawn = sample(examples, 50)
    assert 46 <= len(drawn) <= 50
    assert drawn == [e for e in examples if e in drawn]  # in their order
    taken = {group_of(e.id) for e in drawn}
    assert drawn == [e for e in examples if group_of(e.id) in taken]
    assert len({e.id.split("/")[0] for e in drawn}) > 10  # from everywhere, not from the start
    assert drawn == sample(examples, 50)


def test_parts_and_directions_are_no_groups() -> None:
    examples = [Example(f"{part}/{i}", {}) for part in ("matched", "mismatched") for i in range(500)]
    drawn = sample(examples, 100)
    assert len(drawn) == 100
    assert 25 < sum(e.id.startswith("matched/") for e in drawn) < 75


@pytest.mark.parametrize("limit", [None, 4, 5])
def test_a_whole_split_is_no_sample(limit: int | None) -> None:
    examples = [Example(str(i), {}) for i in range(4)]
    assert sample(examples, limit) == examples


def test_which_examples_were_taken_is_recorded() -> None:
    multirc = get("super_glue/multirc")
    held, again, other = (validation_examples([multirc], SUITE, n)[multirc] for n in (8, 8, 12))
    assert held.to_json() == again.to_json() != other.to_json()
    assert held.to_json()["examples"] <= 8 < held.to_json()["of"]
    assert held.to_json()["sample_seed"] == 0
    everything = validation_examples([multirc], SUITE, None)[multirc].to_json()
    assert everything["examples"] == everything["of"]
    assert "sample_seed" not in everything


def test_a_damaged_file_is_an_error_and_an_absent_one_is_said(tmp_path: Path) -> None:
    (tmp_path / "glue/RTE").mkdir(parents=True)
    (tmp_path / "glue/RTE/train.tsv").write_bytes(RTE + b"0\tA.\tB.\tentailment\n")
    said: list[str] = []
    assert validation_examples([get("glue/rte")], OfficialFiles(tmp_path), 10, said.append) == {}
    assert len(said) == 1
    assert "glue/rte is not validated: " in said[0]
    assert "dev.tsv" in said[0]
    (tmp_path / "glue/RTE/dev.tsv").write_bytes(RTE + b"0\tA.\tB\xff.\tentailment\n")
    with pytest.raises(UserError, match=r"dev\.tsv: line 2: not UTF-8"):
        validation_examples([get("glue/rte")], OfficialFiles(tmp_path), 10)


def test_one_unreadable_number_leaves_a_score_to_select_by() -> None:
    stsb = get("glue/stsb")
    examples = list(open_split(stsb, "validation", SUITE))
    gold = np.array([float(e.features["label"]) for e in examples])
    texts = {e.id: f"{g:.1f}" for e, g in zip(examples, gold, strict=True)}
    whole = validated(stsb, examples, texts)
    assert whole.score is not None
    assert whole.text == f"glue/stsb {whole.score:.2f}"
    texts[examples[0].id] = "very"
    found = validated(stsb, examples, texts)
    said = np.array([-1.0, *(float(texts[e.id]) for e in examples[1:])])  # as T5 reads what is no number
    expected = 50 * (scipy.stats.pearsonr(said, gold)[0] + scipy.stats.spearmanr(said, gold)[0])
    assert found.score == pytest.approx(expected, abs=0.5)  # T5 rounds the true values to fifths
    assert found.score < whole.score
    assert found.text == f"glue/stsb undefined: 1 unreadable (selected by {found.score:.2f}, T5's count of it)"


def test_what_no_rule_defines_stays_undefined() -> None:
    stsb = get("glue/stsb")
    examples = list(open_split(stsb, "validation", SUITE))
    found = validated(stsb, examples, {e.id: "3.0" for e in examples})
    assert (found.score, found.text) == (None, "glue/stsb undefined")


def test_a_score_of_which_less_is_better_selects_no_checkpoint(tmp_path: Path) -> None:
    row = replace(get("wmt14/en-de"), metrics=("ter",), task_score=("ter",))
    with pytest.raises(UserError, match="the best checkpoint has the highest score; of ter less is better"):
        validation_examples([row], OfficialFiles(tmp_path), 10)
