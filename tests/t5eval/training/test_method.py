"""`method` of a training run: how it is named, and that evaluation and conversion take what it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import t5eval
from keras_model.adaptation import Adapters, LoRA
from t5eval.demo.demo import suite_folder
from t5eval.training.config import resolve
from t5eval.training.method import Method, method_of
from task_specs.support.errors import UserError
from tests.t5eval.tiny_t5 import write_tiny_t5

NAMED: list[tuple[Any, Method]] = [
    ("all", Method()),
    ("gradual_unfreezing", Method(gradual_unfreezing=True)),
    ("lora", Method(adaptation=LoRA(8, 8, ("q", "v")))),
    ("lora:4", Method(adaptation=LoRA(4, 4, ("q", "v")))),
    ("adapters:2048", Method(adaptation=Adapters(2048, ("attention", "feed_forward")))),
    ({"name": "lora", "rank": 2, "alpha": 3.5, "matrices": ["q", "wo"]}, Method(adaptation=LoRA(2, 3.5, ("q", "wo")))),
    ({"name": "adapters:64", "after": ["feed_forward"]}, Method(adaptation=Adapters(64, ("feed_forward",)))),
]


@pytest.mark.parametrize(("given", "method"), NAMED)
def test_names_and_tables(given: Any, method: Method) -> None:
    assert method_of(given) == method


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("prefix", "method 'prefix': it is all, gradual_unfreezing, adapters"),
        ("all:3", "method 'all:3': it is"),
        ("lora:", "rank is one whole number"),
        ("lora:-1", "rank is one whole number"),
        ("lora:0", "method lora: rank must be an integer of at least 1"),
        ({}, r"\[train\.method\] needs a name"),
        ({"name": "lora", "size": 3}, r"\[train\.method\].*size"),
        ({"name": "lora:3", "rank": 3}, "rank is one whole number"),
        ({"name": "lora", "rank": 2.5}, r"rank must be an integer of at least 1\. Received: rank=2\.5"),
        ({"name": "lora", "matrices": "q"}, r"matrices is a list of names, got .*q"),
        ({"name": "adapters", "after": ["norm"]}, "after must be among attention, feed_forward"),
    ],
)
def test_what_is_none_is_refused(given: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        method_of(given)
    assert "\n" not in str(error.value)


def test_in_the_configuration_of_a_run() -> None:
    table = {"task": ["glue/rte"], "data_dir": "d", "out": "o", "model": "m"}
    assert not resolve(table, "t").settings.gradual_unfreezing
    thawing = resolve({**table, "method": "gradual_unfreezing"}, "t")
    assert thawing.settings.gradual_unfreezing
    assert thawing.to_table()["method"] == "gradual_unfreezing"
    assert "gradual_unfreezing" not in thawing.to_table()
    given = {"name": "lora", "rank": 2}
    assert resolve({**table, "method": given}, "t").to_table()["method"] == given
    fresh = {key: value for key, value in table.items() if key != "model"}
    with pytest.raises(UserError, match="method lora trains beside a model: name its folder"):
        resolve({**fresh, "preset": "t5-small", "vocab": "bytes", "method": "lora"}, "t")
    with pytest.raises(UserError, match="method has the wrong type: 3"):
        resolve({**table, "method": 3}, "t")


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.parametrize("method", ["lora:2", "adapters:3"])
def test_what_a_run_leaves_is_evaluated_and_converted(tmp_path: Path, method: str) -> None:
    base, run = write_tiny_t5(tmp_path / "base"), tmp_path / "run"
    numbers: dict[str, Any] = {"task": "glue/rte", "data_dir": suite_folder(), "steps": 2, "batch_size": 4}
    numbers |= {"validate_limit": 2, "optimizer": "adamw", "learning_rate": 0.01}
    for wrong, message in (("lora:9", r"matrix q has shape \(16, 8\); a rank above 8"), ("x", "method 'x'")):
        with pytest.raises(UserError, match=message):
            t5eval.train(model=base, out=run, method=wrong, **numbers)
    assert not (run / "checkpoints").exists()

    done = t5eval.train(model=base, out=run, method=method, **numbers)
    names = {path.name for path in done.model.iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "base.json", "spiece.model"} <= names
    assert "model.safetensors" not in names
    said = {}
    for name, model in (("base", base), ("trained", done.model)):
        out = tmp_path / f"evaluated-{name}"
        t5eval.evaluate(model, "glue/rte", data=suite_folder(), splits="validation", limit=8, out=out)
        said[name] = (out / "results.json").read_text()
    assert said["base"] != said["trained"]
    if method == "lora:2":
        assert t5eval.convert(done.model, tmp_path / "merged").source_format == "LoRA"
        with pytest.raises(UserError, match="LoRA or adapters, beside which nothing is trained"):
            t5eval.train(model=done.model, out=tmp_path / "next", method="lora", **numbers)
    else:
        with pytest.raises(UserError, match="adapter layers cannot be merged"):
            t5eval.convert(done.model, tmp_path / "merged")
        with pytest.raises(UserError, match="adapter layers, which are trained in their own run alone"):
            t5eval.train(model=done.model, out=tmp_path / "next", **numbers)
    with (base / "model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\1")
    with pytest.raises(UserError, match="adapters for another base"):
        t5eval.evaluate(done.model, "glue/rte", data=suite_folder(), splits="validation", limit=8, out=tmp_path / "e")
