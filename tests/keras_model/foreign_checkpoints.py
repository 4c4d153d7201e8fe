"""Writes the tensors of a T5, given under Hugging Face's names, as T5X and as T5 on Mesh TensorFlow write them.

The writers are the original ones, tensorstore, msgpack and TensorFlow; the names are written out again here. Optimizer
states lie beside the parameters, as they do in checkpoints of training runs.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

PARTS = {"q": "query", "k": "key", "v": "value", "o": "out"}


def cuts(size: int, count: int = 20) -> list[int]:
    """Lengths to cut a file to, from nothing to all but one byte."""
    return sorted({0, 1, size - 1, *(size * i // count for i in range(1, count))})


# T5X.


def t5x_parameters(tensors: dict[str, np.ndarray], heads: int | None = None) -> dict[str, np.ndarray]:
    """Parameters by path. With `heads`, the attention's kernels have an axis of heads, as in early checkpoints."""
    found = {}
    for name, value in tensors.items():
        path = _t5x_path(name)
        value = value if value.ndim == 1 or (path.endswith("embedding") and "rel" not in path) else value.T
        if heads and path.endswith("/out/kernel"):
            value = value.reshape(heads, -1, value.shape[1])
        elif heads and "attention/" in path:
            value = value.reshape(value.shape[0], heads, -1)
        found[path] = np.ascontiguousarray(value)
    return found


def _t5x_path(name: str) -> str:
    if name == "shared.weight":
        return "token_embedder/embedding"
    if name == "lm_head.weight":
        return "decoder/logits_dense/kernel"
    stack = name.partition(".")[0]
    if name.endswith("final_layer_norm.weight"):
        return f"{stack}/{stack}_norm/scale"
    layer, number, kind, last = re.fullmatch(
        r"\w+\.block\.(\d+)\.layer\.(\d)\.(\w+)\.(?:(\w+)\.)?weight", name
    ).groups()
    if last == "relative_attention_bias":
        return f"{stack}/relpos_bias/rel_embedding"
    sublayers = ["attention", "mlp"] if stack == "encoder" else ["self_attention", "cross_attention", "mlp"]
    if kind == "layer_norm":
        return f"{stack}/layers_{layer}/pre_{sublayers[int(number)]}_layer_norm/scale"
    if kind == "DenseReluDense":
        return f"{stack}/layers_{layer}/mlp/{last}/kernel"
    attention = "attention" if stack == "encoder" else "self_attention"
    return f"{stack}/layers_{layer}/{'encoder_decoder_attention' if kind[0] == 'E' else attention}/{PARTS[last]}/kernel"


def nested(values: dict[str, object]) -> dict:
    tree: dict = {}
    for path, value in values.items():
        *above, last = path.split("/")
        node = tree
        for key in above:
            node = node.setdefault(key, {})
        node[last] = value
    return tree


def flax_bytes(tree: object) -> bytes:
    """What flax.serialization.to_bytes makes."""
    import msgpack

    def extension(value):
        kind = 1 if isinstance(value, np.ndarray) else 3
        return msgpack.ExtType(kind, msgpack.packb((value.shape, value.dtype.name, value.tobytes())))

    return msgpack.packb(tree, default=extension, strict_types=True)


def with_optimizer(parameters: dict[str, object]) -> dict:
    """The tree of a checkpoint of a training run."""
    slots = {f"{path}/{slot}": np.ones(3, np.float32) for path in parameters for slot in ("m", "v_row", "v_col")}
    state = {"step": np.int32(7), "param_states": nested(slots)}
    return {"version": 3, "optimizer": {"target": nested(parameters), "state": state}}


def write_t5x_file(path: Path, parameters: dict[str, np.ndarray]) -> Path:
    """The legacy form: everything in one file."""
    path.write_bytes(flax_bytes(with_optimizer(parameters)))
    return path


def write_t5x_folder(folder: Path, parameters: dict[str, np.ndarray], compressor: str | None = "gzip") -> Path:
    """One zarr array for each matrix, in two parts where it is long; vectors stay in the tree."""
    import tensorstore

    folder.mkdir()
    tree: dict[str, object] = {}
    for path, value in parameters.items():
        if value.ndim == 1:
            tree[path] = value
            continue
        arrays = {f"target.{path}": value, f"state.param_states.{path}.v_row": np.ones(3, np.float32)}
        for name, content in ((name.replace("/", "."), content) for name, content in arrays.items()):
            spec = {
                "driver": "zarr",
                "kvstore": {"driver": "file", "path": f"{folder}/{name}"},
                "metadata": {
                    "chunks": [-(-content.shape[0] // 2), *content.shape[1:]],
                    "compressor": {"id": compressor} if compressor else None,
                },
            }
            array = tensorstore.open(
                spec, create=True, dtype=tensorstore.dtype(content.dtype.name), shape=content.shape
            ).result()
            array.write(content).result()
            if name.startswith("target."):
                tree[path] = {**spec, "kvstore": {"driver": "gfile", "path": f"/elsewhere/{name}"}}
    (folder / "checkpoint").write_bytes(flax_bytes(with_optimizer(tree)))
    return folder


# T5 on Mesh TensorFlow.


def mesh_variables(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = {}
    for name, value in tensors.items():
        path = _mesh_name(name)
        found[path] = value if value.ndim == 1 or name == "shared.weight" else value.T
    return found


def _mesh_name(name: str) -> str:
    if name in ("shared.weight", "lm_head.weight"):
        return {"shared.weight": "shared/embedding", "lm_head.weight": "decoder/logits/kernel"}[name]
    stack = name.partition(".")[0]
    if name.endswith("final_layer_norm.weight"):
        return f"{stack}/rms_norm/scale"
    block, layer, rest = re.fullmatch(r"\w+\.block\.(\d+)\.layer\.(\d)\.(.+)\.weight", name).groups()
    rest = "layer_norm/scale" if rest == "layer_norm" else rest.replace(".", "/")
    kernel = "/kernel" if "Dense" in rest else ""
    return f"{stack}/block_{int(block):03}/layer_{int(layer):03}/{rest}{kernel}"


def write_mesh_checkpoint(folder: Path, variables: dict[str, np.ndarray], step: int = 1000) -> Path:
    """`model.ckpt-STEP` and the file that names it, with Adafactor's slots and the step; gives the prefix."""
    import tensorflow as tf

    folder.mkdir(exist_ok=True)
    slots = {f"{name}_slot_{slot}": np.ones(3, np.float32) for name in variables for slot in ("v", "vr", "vc", "m")}
    values = {**variables, **slots, "global_step": np.int64(step)}
    prefix = folder / f"model.ckpt-{step}"
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=[tf.constant(value) for value in values.values()],
    )
    tf.compat.v1.train.update_checkpoint_state(str(folder), f"/elsewhere/{prefix.name}")
    return prefix
