"""What a training run draws: shares by the data's own counts, plain text as a member, and every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keras_model.data.batches import Examples
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.data import data_source, open_split
from t5eval.demo.demo import suite_folder
from t5eval.preparation.blocks import learnable_pairs
from t5eval.preparation.record_folder import in_lines
from t5eval.preparation.text_data import TextData
from t5eval.preparation.text_records import text_records
from t5eval.training.config import TrainConfig, resolve
from t5eval.training.fine_tuning import training_splits
from t5eval.training.mixture import draw_rates, drawn, drawn_tasks, ids_of_examples, mixture_of_run
from task_specs import Member, Mixture, get, shares, tasks_of
from task_specs.support.errors import UserError

BASE: dict[str, Any] = {"task": ["glue/rte"], "data_dir": "d", "out": "o", "model": "m"}


def run(*names: str, **changes: Any) -> TrainConfig:
    return resolve({**BASE, "task": list(names), **changes}, "here")


def text_examples(text: TextData) -> list[Examples]:
    tokenizer = ByteTokenizer()
    return [part for _, block in text.blocks(tokenizer, text.objective_of(tokenizer), seed=0) for part in block]


@pytest.mark.parametrize(
    ("names", "changes", "sizes", "expected"),
    [
        # In proportion to the counts at hand, which an epoch of every example is.
        (("glue/rte", "glue/cola"), {}, {"glue/rte": 10, "glue/cola": 30}, None),
        (("glue/rte",), {"temperature": 3.0}, {"glue/rte": 10}, None),
        (("glue",), {"mixture_limit": 30}, {"glue/cola": 30, "glue/rte": 10}, None),
        (("glue_proportional",), {}, {"glue/cola": 8551, "glue/rte": 2490}, None),
        (("glue/rte", "glue/cola"), {"mixture_limit": 10}, {"glue/rte": 10, "glue/cola": 30}, [0.5, 0.5]),
        (("glue/rte", "glue/cola"), {"temperature": 2}, {"glue/rte": 10, "glue/cola": 90}, [0.25, 0.75]),
        (
            ("glue/rte", "glue/cola"),
            {"rates": {"glue/cola": 1, "glue/rte": 4}},
            {"glue/rte": 1, "glue/cola": 9},
            [0.8, 0.2],
        ),
        (("glue_proportional",), {}, {"glue/cola": 9, "glue/rte": 9}, [8551 / 11041, 2490 / 11041]),
        (("all_equal",), {}, {"glue/cola": 9, "squad/v1.1": 1}, [0.5, 0.5]),
        # A part without examples is not drawn.
        (
            ("glue/rte", "dpr", "glue/cola"),
            {"mixture_limit": 1},
            {"glue/rte": 2, "dpr": 0, "glue/cola": 3},
            [0.5, 0, 0.5],
        ),
    ],
)
def test_draw_rates(names: tuple[str, ...], changes: Any, sizes: dict[str, int], expected: list[float] | None) -> None:
    config = run(*names, **changes)
    # Only the tasks whose counts are given.
    everything = config.mixture
    mixture = Mixture("m", tuple(m for m in everything.members if m.name in sizes), everything.rates,
                      everything.limit, everything.temperature)  # fmt: skip
    rates = draw_rates(mixture, sizes)
    assert rates == (None if expected is None else pytest.approx(dict(zip(sizes, expected, strict=True))))


def test_rates_stand_in_the_order_of_the_parts() -> None:
    mixture = run("all_proportional").mixture
    sizes = {spec.name: 100 + i for i, spec in enumerate(reversed(tasks_of(mixture))) if spec.training_size}
    rates = draw_rates(mixture, sizes)
    assert rates is not None
    assert list(rates) == list(sizes)
    assert rates == pytest.approx({name: shares(mixture, sizes)[name] for name in sizes})


def test_tasks_that_are_only_validated_are_not_drawn() -> None:
    mixture = run("glue_v002_proportional").mixture
    trained = {spec.name for spec in drawn_tasks(mixture, with_text=False)}
    assert {spec.name for spec in tasks_of(mixture)} - trained == {
        "glue/mnli_matched", "glue/mnli_mismatched", "glue/ax",
    }  # fmt: skip
    assert "glue/wnli" in {spec.name for spec in tasks_of(run("glue").mixture)}
    with pytest.raises(UserError, match="nothing to train on"):
        drawn(run("glue/ax").mixture, with_text=False)


def test_text_is_a_member(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"{n} bottles of beer\n" for n in range(99)))
    text = {"files": [str(tmp_path / "a.txt")], "inputs": 32}
    config = run("all_equal", text=text)
    assert drawn(config.mixture, with_text=True)[-1] == "text"
    assert drawn_tasks(config.mixture, True) == drawn_tasks(config.mixture, False)
    config = run("text", "glue/rte", text={**text, "size": 30})
    assert config.mixture.members == (Member("text"), Member("glue/rte"))
    assert config.text_data
    [examples] = text_examples(config.text_data)
    assert max(examples.sources.lengths) == 32
    assert draw_rates(config.mixture, {"glue/rte": 10, "text": len(examples)}, config.text_data) == pytest.approx(
        {"glue/rte": 0.25, "text": 0.75}
    )
    assert draw_rates(run("text", text=text).mixture, {"text": len(examples)}, config.text_data) is None
    again = TextData.from_table({**text, "objective": "prefix_lm"})
    assert sum(map(len, text_examples(again))) == 99


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": ["glue/rt"]}, "Did you mean 'glue/rte'"),
        ({"task": ["text"]}, "task names 'text', but there is no [train.text]"),
        ({"text": {"files": ["a.txt"]}}, "glue/rte draws no text; add 'text' to task"),
        ({"text": {"files": "a.txt"}}, "[train.text]: files has the wrong type: 'a.txt'"),
        ({"text": {"files": []}}, "[train.text]: files must name at least one text file, got []"),
        ({"text": {"inputs": 5}}, "files must name at least one text file"),
        ({"text": {"files": ["a"], "fils": 1}}, "[train.text]: unknown key 'fils'; the keys are files,"),
        ({"text": {"files": ["a"], "objective": "berth"}}, "objective is one of spans, iid, bert, mass,"),
        ({"text": {"files": ["a"], "held_out": 1}}, "held_out is a share of the documents, from 0 to below 1, got 1"),
        ({"text": {"files": ["a"], "limit_tokens": 0}}, "limit_tokens must be at least 1, got 0"),
        ({"text": {"files": ["a"], "mean_span": "3"}}, "mean_span has the wrong type: '3'"),
        ({"text": {"files": ["a"], "size": 0}}, "size must be at least 1, got 0"),
        ({"text": {"files": ["a"], "inputs": True}}, "inputs has the wrong type: True"),
        ({"rates": {"glue/cola": 1}}, "only one of them has glue/cola, glue/rte"),
        ({"rates": {"glue/rte": "1"}}, "here: the rate of glue/rte must be a number, got '1'"),
        ({"rates": {"glue/rte": -1}}, "the rate of glue/rte must be a number from 0, got -1"),
        ({"rates": {"glue/rte": 0}}, "nothing to train on"),
        ({"mixture_limit": 0}, "the limit must be at least 1, got 0"),
        ({"temperature": 0}, "the temperature must be positive, got 0"),
        ({"temperature": "2"}, "here: temperature has the wrong type: '2'"),
    ],
)
def test_mistakes(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        drawn(resolve({**BASE, **changes}, "here").mixture, with_text=False)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "table", "message"),
    [
        (None, {}, "a.txt: cannot be read"),
        (b"", {}, "a.txt: empty; there is no text in it"),
        (b"\n \n", {}, "a.txt: no text to learn from"),
        (b"GIF89a\0\1", {}, "a.txt: line 1: not text: it has the byte 0"),
        (b"\xff", {}, "line 1: not UTF-8"),
        (b"text", {"inputs": 2}, "inputs must be at least 3 for objective spans"),
        (b"text", {"inputs": 8192}, "needs 455 sentinels; of bytes there are 256"),
    ],
)
def test_text_that_cannot_be_learned(tmp_path: Path, content: bytes | None, table: Any, message: str) -> None:
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    text = TextData.from_table({"files": [str(path)], **table})
    with pytest.raises(UserError) as caught:
        text_records(text, ByteTokenizer(), 0, in_lines(print)).of_run(tmp_path / "out")
    assert message in str(caught.value)
    assert not (tmp_path / "out" / "records").exists()


def test_a_mixture_of_its_own_settings_is_left_alone() -> None:
    glue = mixture_of_run(("glue_proportional",), None, None, None, None)
    assert (glue.limit, glue.temperature) == (None, 1.0)


@pytest.mark.parametrize("name", ["glue/sst2", "glue/rte", "super_glue/wsc", "super_glue/multirc", "super_glue/cb"])
def test_the_rows_sizes_are_those_of_the_real_files(name: str, shared_data: Path) -> None:
    spec = get(name)
    (split,) = training_splits([spec], data_source(str(shared_data)))
    assert sum(1 for _ in learnable_pairs(split)) == spec.training_size


def test_examples_are_named_by_their_ids() -> None:
    """Numbers count through all parts, and only what is learned counts: WSC's true referents."""
    data = data_source(str(suite_folder()))
    specs = [get("super_glue/wsc"), get("glue/rte")]
    parts = [[pair.id for pair in learnable_pairs(open_split(spec, "train", data))] for spec in specs]
    sizes = {"super_glue/wsc": len(parts[0]), "text": 10, "glue/rte": len(parts[1])}
    last = sum(sizes.values()) - 1
    named = ids_of_examples([last, 1, len(parts[0]) + 3, 1], sizes, specs, data)
    assert named == [f"super_glue/wsc {parts[0][1]}", "text 3", f"glue/rte {parts[1][-1]}"]
