"""What names a checkpoint: paths, models at the hub, and what is said of any other name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import t5eval
from keras_model.checkpoints import hub_names
from keras_model.files.model_folder import CheckpointError
from t5eval.predictors.checkpoint_name import find_checkpoint
from t5eval.predictors.of_transformers import open_transformers
from task_specs.support.errors import UserError

COMMIT = "c" * 40


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models" / "t5-tiny").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def asked(here: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the hub is asked for; it has one model."""
    calls: list[tuple[Any, ...]] = []

    def resolve(name: str, weights: Any = hub_names.WEIGHTS_FILES, of_t5: bool = True) -> tuple[Path, str]:
        calls.append((name, tuple(weights), of_t5))
        if not name.startswith("hf://owner/model"):
            raise CheckpointError(f"{name}: the hub cannot be reached.")
        (here / "cache").mkdir(exist_ok=True)
        (here / "cache" / "config.json").write_text("{}")
        return here / "cache", f"hf://owner/model@{COMMIT}"

    monkeypatch.setattr(hub_names, "resolve", resolve)
    return calls


def test_a_path_is_taken_as_it_is(here: Path) -> None:
    (here / "model.ckpt-5.index").touch()
    for name in ("models/t5-tiny", "./models", str(here / "models"), "model.ckpt-5"):
        assert find_checkpoint(name) == (Path(name), name)


@pytest.mark.parametrize("name", ["owner/model", "owner/model@main", "hf://owner/model", f"hf://owner/model@{COMMIT}"])
def test_a_name_at_the_hub_is_pinned(name: str, here: Path, asked: list[tuple[Any, ...]]) -> None:
    assert find_checkpoint(name) == (here / "cache", f"hf://owner/model@{COMMIT}")
    assert find_checkpoint(name, tokenizer_alone=True).path == here / "cache"
    full = name if name.startswith("hf://") else f"hf://{name}"
    assert asked == [(full, hub_names.WEIGHTS_FILES, True), (full, (), True)]


def test_transformers_fetches_safetensors_of_any_model(here: Path, asked: list[tuple[Any, ...]]) -> None:
    found = open_transformers("owner/model@main", t5eval.predictors.ModelOptions())
    assert found.name == f"hf:owner/model@{COMMIT}"
    assert asked == [("hf://owner/model@main", hub_names.SAFETENSORS, False)]
    assert all("safetensors" in name for name in hub_names.SAFETENSORS)
    with pytest.raises(UserError, match=r"hf:other/model: no such folder, and at the hub: .*cannot be reached"):
        open_transformers("other/model", t5eval.predictors.ModelOptions())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t5-small", "no such file or folder; google-t5/t5-small is the trained model, train --preset t5-small starts"),
        ("flan-t5-base", "google/flan-t5-base is the trained model, train --preset flan-t5-base"),
        ("models/t5-tinny", "no such file or folder; did you mean models/t5-tiny?"),
        ("models/elsewhere", "no such file or folder; a model at the hub is OWNER/NAME, such as google-t5/t5-small"),
        ("a/b/c", "no such file or folder; a model at the hub"),
        ("keras_hub:t5_small", "a model of another engine; here a T5's folder is named, or OWNER/NAME at the hub"),
        ("other/model", "no such folder, and at the hub: hf://other/model: the hub cannot be reached."),
    ],
)
def test_any_other_name_gets_one_short_line_in_every_command(
    name: str, message: str, here: Path, asked: list[tuple[Any, ...]]
) -> None:
    data = t5eval.suite_folder()
    for call in (
        lambda: find_checkpoint(name),
        lambda: t5eval.train(task="glue/rte", data_dir=str(data), out="run", model=name),
        lambda: t5eval.prepare("glue/rte", vocab=name, data=data, out="records"),
    ):
        with pytest.raises(UserError) as raised:
            call()
        assert message in str(raised.value)
        assert str(raised.value).startswith(f"{name}: ")
        assert len(str(raised.value)) < 160
    if not name.startswith("keras_hub:"):
        with pytest.raises(UserError) as raised:
            t5eval.evaluate(name, "glue/rte", data=data, out="run")
        assert message in str(raised.value)
    assert not Path("run").exists()


def test_a_model_that_is_no_t5_names_the_way_out(here: Path) -> None:
    folder = here / "models" / "t5-tiny"
    (folder / "model.safetensors").touch()
    for kind in ("longt5", "switch_transformers", "t5gemma", "gpt2"):
        (folder / "config.json").write_text(f'{{"model_type": "{kind}"}}')
        with pytest.raises(UserError, match=f"{kind}', a model that is not built here; hf:FOLDER runs it"):
            t5eval.evaluate(str(folder), "glue/rte", data=t5eval.suite_folder(), out="run")
