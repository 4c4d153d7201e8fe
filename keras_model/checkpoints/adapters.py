"""Folders of what was trained beside a checkpoint, its base: LoRA in the files of the library PEFT, or adapter layers.

`adapter_config.json` says what they are and names the base, `adapter_model.safetensors` has the weights, `base.json`
the hash of the base's weight files, which is compared whenever the folder is read; PEFT knows nothing of that one.
LoRA is read into the matrices that it belongs to, so that the model is one like any other; adapter layers are added.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_model.adaptation import Adapters, LoRA, from_dict
from keras_model.checkpoints.checkpoint import Checkpoint, Format
from keras_model.checkpoints.containers.safetensors_file import SafetensorsFile, write_tensors
from keras_model.checkpoints.containers.torch_file import TorchFile
from keras_model.checkpoints.hub_names import PREFIX, resolve
from keras_model.checkpoints.tensors import Tensors
from keras_model.checkpoints.weights import Place, Weight, places, require_finite, variable_at
from keras_model.files.digest import digest_of
from keras_model.files.model_folder import CheckpointError, read_json, write_json
from keras_model.tokenizers.tokenizer import Tokenizer

if TYPE_CHECKING:
    from keras_model.t5 import T5

CONFIG_FILE = "adapter_config.json"
BASE_FILE = "base.json"
WEIGHTS_FILE = "adapter_model.safetensors"
_READERS: dict[str, Callable[[Path], Tensors]] = {WEIGHTS_FILE: SafetensorsFile, "adapter_model.bin": TorchFile}
_KEY = "adaptation"
"""Where the configuration describes what PEFT does not have."""
_LORA = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
_STARTS = (True, False, "gaussian", "eva", "orthogonal", None)
"""PEFT's `init_lora_weights`, those of them that leave the base's weights as they are."""
_OTHER = re.compile(r"(use_|alora_).+|.+_(config|pattern|replication)|fan_in_fan_out")
_PLAIN = {"use_rslora", "eva_config", "rank_pattern", "layers_pattern"}
"""What PEFT's configuration calls the variants of LoRA, and those that are read here."""


@dataclasses.dataclass(frozen=True)
class Base:
    """The checkpoint that weights were trained beside."""

    name: str
    """Its path, or `hf://OWNER/NAME@COMMIT`."""
    weights_sha256: str
    """`digest_of` its weight files."""


def trained_weights(model: T5) -> Iterator[Weight]:
    """What a folder holds of a model: its LoRA under PEFT's names, or its adapter layers and its norms."""
    if isinstance(model.adaptation, LoRA):
        for place in places(model.config):
            owner, variable = variable_at(model, place.path)
            if lora := owner.lora.get(variable.name):
                module = f"base_model.model.{place.name.removesuffix('.weight')}"
                yield Weight(f"{module}.lora_A.weight", lora.a, True)
                yield Weight(f"{module}.lora_B.weight", lora.b, True)
        return
    for stack, layer in model.stacks.items():
        for number, block in enumerate(layer.blocks):
            for name, adapter in block.adapters.items():
                for part in ("down", "up"):
                    yield Weight(f"{stack}.block.{number}.{name}_adapter.{part}.weight", getattr(adapter, part), True)
    for place in places(model.config):
        if place.path.endswith("norm.scale"):
            yield Weight(place.name, variable_at(model, place.path)[1], False)


def save_adapters(model: T5, folder: str | os.PathLike[str], tokenizer: Tokenizer | None = None) -> None:
    """Writes what was trained beside a model's base; LoRA so that the library PEFT loads it.

    Each file appears under its name only when it is complete. adapter_config.json comes last: where it is, the rest is.

    Args:
        model: has an `adaptation` and a `base`.
        folder: made if absent; files of the same names are replaced.
        tokenizer: written beside the weights if given.

    Raises:
        ValueError: the model has no adaptation, or no base.
        CheckpointError: the weights cannot be written, for instance to a full disk.
    """
    if model.adaptation is None or model.base is None:
        raise ValueError("a folder of adapters needs a model with LoRA or adapter layers, and with its base.")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if tokenizer is not None:
        tokenizer.save(folder)
    write_tensors(folder / WEIGHTS_FILE, {weight.name: weight.to_stored() for weight in trained_weights(model)})
    write_json(folder / BASE_FILE, {"weights_sha256": model.base.weights_sha256})
    write_json(folder / CONFIG_FILE, {**_described(model.adaptation), **_named(model.base.name)})


def assign_adapters(model: T5, tensors: Tensors) -> None:
    """Fills the weights that were trained beside the base.

    Raises:
        CheckpointError: a tensor is missing, unused, of another shape, or holds NaN or infinity.
    """
    expected = {weight.name: weight for weight in trained_weights(model)}
    for name in sorted({*expected, *tensors.names()}):
        if name not in expected:
            raise CheckpointError(f"{tensors.source}: this model has no place for tensor {name}.")
        if name not in tensors.names():
            raise CheckpointError(f"{tensors.source}: tensor {name} is missing.")
        weight, shape = expected[name], tuple(expected[name].variable.shape)
        shape = shape[::-1] if weight.transposed else shape
        if tensors.shape(name) != shape:
            raise CheckpointError(
                f"{tensors.source}: tensor {name}: the model asks for shape {shape}, got {tensors.shape(name)}."
            )
        value = tensors.read(name)
        require_finite(tensors, name, value)
        weight.variable.assign(value.T if weight.transposed else value)


def adapters_format(format_of_base: Callable[[Path], Format]) -> Format:
    """The format of such folders, as a checkpoint of the whole model.

    Args:
        format_of_base: the format of a checkpoint that may be a base.
    """

    def files(folder: Path) -> list[Path]:
        base = find_base(folder)
        return [folder / CONFIG_FILE, _weights_file(folder), *format_of_base(base).files(base)]

    def config_file(folder: Path) -> Path | None:
        base = find_base(folder)
        return format_of_base(base).config_file(base)

    def opened(folder: Path) -> Checkpoint:
        base = find_base(folder)
        found = format_of_base(base)
        _require_same(folder, base, found)
        checkpoint = found.open(base)
        file = _weights_file(folder)
        tensors = _READERS[file.name](file)
        values = read_json(folder / CONFIG_FILE)
        if _KEY not in values:
            return dataclasses.replace(checkpoint, format="LoRA", tensors=_merged(checkpoint, tensors, folder, values))
        try:
            adapters = from_dict(values[_KEY])
        except (ValueError, AttributeError) as error:
            raise CheckpointError(f"{folder / CONFIG_FILE}: {_KEY}: {error}") from None

        def adapt(model: T5) -> None:
            sizes = {tensors.shape(name)[0] for name in tensors.names() if name.endswith("_adapter.down.weight")}
            if isinstance(adapters, Adapters) and adapters.size not in sizes:  # before memory is taken for it
                raise CheckpointError(
                    f"{folder / CONFIG_FILE}: size={adapters.size}, but {file.name} has no such layer."
                )
            model.adapt(adapters)
            assign_adapters(model, tensors)

        return dataclasses.replace(checkpoint, format="adapter layers", adapt=adapt)

    return Format("LoRA or adapters", lambda path: (path / CONFIG_FILE).is_file(), config_file, files, opened)


def find_base(folder: Path) -> Path:
    """The base that a folder of adapters names: a path, else the folder of that name beside it, else one at the hub.

    Raises:
        CheckpointError: it names none, it is not there, or it is adapters itself.
    """
    values = read_json(folder / CONFIG_FILE)
    name, revision = values.get("base_model_name_or_path"), values.get("revision")
    if not isinstance(name, str) or not name:
        raise CheckpointError(f"{folder / CONFIG_FILE}: base_model_name_or_path names no base.")
    beside = folder.absolute().parent / Path(name).name
    found = next((path for path in (Path(name), beside) if path.exists() or Path(f"{path}.index").exists()), None)
    if found is None:
        if not re.fullmatch(r"[\w-][\w.-]*/[\w.-]+", name, re.ASCII):
            raise CheckpointError(
                f"{folder}: its base {name} is not there; say where it is as base_model_name_or_path in {CONFIG_FILE}."
            )
        found, _ = resolve(f"{PREFIX}{name}" + (f"@{revision}" if isinstance(revision, str) else ""))
    if (found / CONFIG_FILE).is_file():
        raise CheckpointError(
            f"{folder}: its base {found} is adapters itself; `t5eval convert {found} NEW` makes a model of those."
        )
    return found


def _weights_file(folder: Path) -> Path:
    found = next((folder / name for name in _READERS if (folder / name).is_file()), None)
    if found is None:
        raise CheckpointError(f"{folder}: {CONFIG_FILE} is there, but no {WEIGHTS_FILE}.")
    return found


def _require_same(folder: Path, base: Path, base_format: Format) -> None:
    """Raises CheckpointError if the base's weights are not those that the adapters were trained beside."""
    if not (folder / BASE_FILE).is_file():
        return  # PEFT wrote them
    trained = read_json(folder / BASE_FILE).get("weights_sha256")
    found = digest_of(base_format.files(base))
    if trained != found:
        raise CheckpointError(
            f"{folder}: adapters for another base: they were trained beside weights with the hash {str(trained)[:12]}, "
            f"those of {base} have {found[:12]}."
        )


def _described(adaptation: LoRA | Adapters) -> dict[str, Any]:
    """What the configuration says of weights; of LoRA what PEFT's `LoraConfig` reads."""
    if isinstance(adaptation, Adapters):
        return {_KEY: adaptation.to_dict()}
    return {
        "peft_type": "LORA",
        "task_type": "SEQ_2_SEQ_LM",
        "r": adaptation.rank,
        "lora_alpha": adaptation.alpha,
        "target_modules": list(adaptation.matrices),
        "lora_dropout": 0.0,
        "bias": "none",
        "inference_mode": True,
    }


def _named(base: str) -> dict[str, str]:
    """The base's name as PEFT says it."""
    name, _, revision = base.removeprefix(PREFIX).partition("@") if base.startswith(PREFIX) else (base, "", "")
    return {"base_model_name_or_path": name, **({"revision": revision} if revision else {})}


class _Merged:
    """A base's tensors with LoRA's products added to some."""

    def __init__(self, base: Tensors, lora: Tensors, pairs: dict[str, tuple[str, str]], scale: Callable[[int], float]):
        self.source = base.source
        self._base, self._lora, self._pairs, self._scale = base, lora, pairs, scale

    def names(self) -> list[str]:
        return self._base.names()

    def shape(self, name: str) -> tuple[int, ...]:
        return self._base.shape(name)

    def read(self, name: str) -> np.ndarray:
        value = self._base.read(name)
        if name not in self._pairs:
            return value
        # [rank, inputs] and [outputs, rank]
        a, b = (self._lora.read(part).astype("float32") for part in self._pairs[name])
        for part, matrix in zip(self._pairs[name], (a, b), strict=True):
            require_finite(self._lora, part, matrix)
        return value.astype("float32") + np.float32(self._scale(len(a))) * (b @ a)


def _merged(base: Checkpoint, lora: Tensors, folder: Path, values: dict[str, Any]) -> Tensors:
    """The tensors of a base with a LoRA merged into them; read one at a time."""
    others = {key for key, value in values.items() if value and _OTHER.fullmatch(key)} - _PLAIN
    others |= {"init_lora_weights"} if values.get("init_lora_weights") not in _STARTS else set()
    others |= {"peft_type"} if values.get("peft_type") != "LORA" else set()
    for key in sorted(others):
        raise CheckpointError(f"{folder / CONFIG_FILE}: {key}={values.get(key)!r} is not read here, plain LoRA is.")
    alpha, rank = values.get("lora_alpha", 8), values.get("r", 8)
    if not all(type(number) in (int, float) and 0 < number < math.inf for number in (alpha, rank)):
        raise CheckpointError(f"{folder / CONFIG_FILE}: r and lora_alpha must be positive, got {rank!r} and {alpha!r}.")
    matrices = {place.name: place for place in places(base.config) if place.transposed}
    parts: dict[str, dict[str, str]] = {}
    for name in lora.names():
        match = _LORA.fullmatch(name)
        if match is None or f"{match[1]}.weight" not in matrices:
            raise CheckpointError(f"{lora.source}: a T5 like {base.tensors.source} has no place for tensor {name}.")
        parts.setdefault(f"{match[1]}.weight", {})[match[2]] = name
    pairs = {name: _pair(lora, found, matrices[name]) for name, found in parts.items()}
    root = values.get("use_rslora") is True
    return _Merged(base.tensors, lora, pairs, lambda rank: alpha / (math.sqrt(rank) if root else rank))


def _pair(lora: Tensors, parts: dict[str, str], place: Place) -> tuple[str, str]:
    """The names of A and B of a matrix, whose shapes fit it."""
    if len(parts) < 2:
        raise CheckpointError(f"{lora.source}: of {place.name} there is {next(iter(parts.values()))} alone.")
    a, b = lora.shape(parts["A"]), lora.shape(parts["B"])
    outputs, inputs = place.shape
    if len(a) != 2 or a[0] < 1 or a != (a[0], inputs) or b != (outputs, a[0]):
        raise CheckpointError(
            f"{lora.source}: tensors {parts['A']} and {parts['B']} have shapes {a} and {b}, which a matrix of shape "
            f"{place.shape} cannot have added."
        )
    return parts["A"], parts["B"]
