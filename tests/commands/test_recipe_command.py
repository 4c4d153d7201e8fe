"""recipe: the paper's settings, as a file that train takes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import task_specs
from keras_model.tokenizers.byte_tokenizer import ByteTokenizer
from t5eval.training.config import TrainConfig, read_config, resolve
from t5eval.training.mixture import drawn, drawn_tasks

NAMES = [
    *(spec.name for spec in task_specs.all_tasks() if spec.training_size != 0),
    *task_specs.BENCHMARKS,
    *(mixture.name for mixture in task_specs.all_mixtures()),
]


def written(t5eval: Any, tmp_path: Path, name: str) -> tuple[str, TrainConfig]:
    """Returns a recipe's text, and what train makes of it."""
    path = tmp_path / "recipe.toml"
    done = t5eval("recipe", name, "--out", path)
    assert done.status == 0, done.err
    config = resolve(read_config(path, {}), str(path))
    return path.read_text(encoding="utf-8"), config


@pytest.mark.parametrize("name", NAMES)
def test_train_takes_every_recipe(t5eval: Any, tmp_path: Path, name: str) -> None:
    page, config = written(t5eval, tmp_path, name)
    assert (config.settings.steps, config.settings.learning_rate) == (262144, 0.001)
    assert drawn(config.mixture, with_text=True)
    # A row holds every example of every task.
    assert config.settings.packing is not None
    lengths = [(spec.lengths.inputs, spec.lengths.targets) for spec in drawn_tasks(config.mixture, True)]
    text = [(512, 114)] if "# [train.text]" in page else []
    assert config.settings.packing == tuple(map(max, zip((512, 0), *text, *lengths, strict=True)))
    small = name.startswith(("glue/", "super_glue/"))
    assert (config.settings.batch_size, config.settings.checkpoint_every) == ((8, 1000) if small else (128, 5000))
    sizes = [spec.sizes.get("validation", 0) for spec in task_specs.tasks_of(config.mixture)]
    assert config.validate_limit == (max(sizes) or 1000)


def test_a_benchmark_is_the_papers_mixture(t5eval: Any, tmp_path: Path) -> None:
    _, config = written(t5eval, tmp_path, "glue")
    assert config.mixture == task_specs.find("glue_v002_proportional")


def test_a_recipe_says_where_its_values_are_from(t5eval: Any, tmp_path: Path) -> None:
    text, config = written(t5eval, tmp_path, "leave_one_out_squad_v010_allanswers")
    assert config.task == ("leave_one_out_squad",)
    assert config.mixture_limit == 2**19
    for key in ("steps", "batch_size", "learning_rate", "checkpoint_every", "mixture_limit"):
        (line,) = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
        assert "section 3." in line
    assert "cnn_dailymail, wmt: 512 tokens in, 512 out, end included; beam 4, alpha 0.6" in text
    assert "Dropout is 0.1" in text
    # What is commented out holds too.
    table = text[text.index("# [train.text]") :].replace("# [train", "[train").replace("# files", "files")
    table = table.replace("# objective", "objective").replace("# inputs", "inputs")
    document = tomllib.loads(table)
    assert "text" in drawn(resolve({**read(text), "text": document["train"]["text"]}, "recipe").mixture, True)


def read(text: str) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads(text)["train"]
    return table


def test_it_is_printed_where_no_file_is_named(t5eval: Any, tmp_path: Path) -> None:
    text, _ = written(t5eval, tmp_path, "squad/v1.1")
    assert t5eval("recipe", "squad_v010_allanswers").out == text
    done = t5eval("recipe", "squad/v1.1", "--out", tmp_path / "recipe.toml")
    assert (done.status, done.out) == (2, "")
    assert "recipe.toml is there already; name a new file" in done.err


def test_a_users_own_mixture(t5eval: Any, tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text('name = "mine"\nlimit = 9\nmembers = ["glue/rte", "text"]')
    _, config = written(t5eval, tmp_path, str(own))
    assert (config.task, config.mixture_limit, config.mixture.limit) == ((str(own),), None, 9)
    assert config.settings.packing == (512, 114)


@pytest.mark.parametrize(
    ("name", "message"),
    [("glue/rtee", "Did you mean 'glue/rte'"), ("glue/ax", "nothing to train on, without a training split")],
)
def test_names_without_a_recipe(t5eval: Any, name: str, message: str) -> None:
    done = t5eval("recipe", name)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_pre_training(t5eval: Any, tmp_path: Path) -> None:
    """The baseline's as they stand, and T5 v1.1's where the lines in comments take their places."""
    page, config = written(t5eval, tmp_path, "pretrain")
    settings, text = config.settings, config.text_data
    assert text is not None
    assert (settings.steps, settings.batch_size, settings.packing) == (2**19, 128, (512, 192))
    assert (settings.schedule, settings.learning_rate, settings.warmup_steps) == ("inverse_square_root", 0.01, 10_000)
    assert (text.objective, text.noise_density, text.inputs, config.preset) == ("iid", 0.15, 512, "t5-base")
    places = ("task = ", "vocab = ", "data_dir = ", "out = ", "files = ", "held_out = ", "[", "#")
    for line in filter(None, page.splitlines()):
        assert line.startswith(places) or "; section" in line or "# section" in line, line
    baseline, _, other = page.partition("# T5 v1.1: these instead of the lines above.\n")
    v1_1 = tomllib.loads("".join(line.removeprefix("# ") for line in other.splitlines(keepends=True)))["train"]
    table = read(baseline)
    joined = resolve({**table, **v1_1, "text": {**table["text"], **v1_1["text"]}}, "recipe")
    assert (joined.settings.steps, joined.settings.batch_size, joined.settings.z_loss) == (10**6, 2**11, 1e-4)
    assert (joined.preset, joined.dropout_rate) == ("t5-v1_1-base", 0.0)
    spans, tokenizer = joined.text_data, ByteTokenizer(125)
    assert spans is not None
    for one, row in ((text, settings.packing), (spans, joined.settings.packing)):
        assert row is not None
        one.require_fit(tokenizer, row)
        objective = one.objective_of(tokenizer)
        assert (objective.inputs, objective.targets) == row
    done = t5eval("recipe", "pretrain", "--out", tmp_path / "other.toml")
    assert "fill in vocab, data_dir and out, or give them as flags" in done.out
