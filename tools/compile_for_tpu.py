"""What a T5 runs on an accelerator: lowered at static shapes, looked through, and compiled for a TPU that is not there.

    python -m tools.compile_for_tpu write FOLDER [PRESET]   # where t5eval is installed
    python tools/compile_for_tpu.py compile FOLDER          # where jax and libtpu are (pip install jax libtpu)

The first writes training step, validation, greedy decoding, sampling, beam search and ranking as XLA's HLO; the second
hands them to TPU's compiler through a compile-only topology, and needs no TPU, no network and no TensorFlow.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROWS, SOURCE, TARGET, BEAMS = 4, 64, 16, 4
TOPOLOGY = "v5e:2x2"

ALLOWED = frozenset(
    "add and bitcast-convert broadcast call compare concatenate constant convert copy divide dot dynamic-slice "
    "dynamic-update-slice exponential gather get-tuple-element iota is-finite log maximum minimum multiply negate not "
    "logistic or pad parameter power reduce reduce-window remainder reshape rng-bit-generator rsqrt scatter select "
    "set-dimension-size shift-left shift-right-logical slice sort sqrt subtract tanh transpose tuple while xor".split()
)
"""Operations of HLO that every accelerator has. Not among them: calls of the host or of a library, and transfers."""
INSTRUCTION = re.compile(r"^\s*(?:ROOT )?[\w.%-]+ = (.*?) ([a-z][a-z0-9-]*)\(", re.MULTILINE)
NOT_STATIC = re.compile(r"<=|\?|token|opaque")


def functions(model: Any, rows: int = ROWS, source: int = SOURCE, target: int = TARGET) -> dict[str, tuple[Any, tuple]]:
    """Everything that a compiled T5 runs on an accelerator, each function with arguments of static shapes."""
    import numpy as np
    import tensorflow as tf

    from keras_model.decoding.generator import Generator

    encoder_ids = np.full((rows, source), 3, np.int32)
    ids = tf.fill((rows, target), 3)
    data = ({"encoder_ids": tf.constant(encoder_ids), "decoder_ids": ids}, ids)
    found: dict[str, tuple[Any, tuple]] = {
        "training step": (tf.function(model.train_step, jit_compile=True, autograph=False), (data,)),
        "validation": (tf.function(model.test_step, jit_compile=True, autograph=False), (data,)),
    }

    class Asked(Exception):
        pass

    class Asking(Generator):
        def _call(self, key: tuple, run: Any, batched: int, *arguments: Any) -> Any:
            function = self._function(key, run, batched, arguments)
            raise Asked(function, tuple(map(tf.convert_to_tensor, arguments)))

    generator = Asking(model, jit_compile=True)
    searches: dict[str, Callable[[], Any]] = {
        "greedy": lambda: generator.greedy(encoder_ids, target),
        "sampling": lambda: generator.sample(encoder_ids, target, top_k=5, top_p=0.9),
        "beam search": lambda: generator.beam(encoder_ids, target, BEAMS),
        "ranking": lambda: generator.rank(encoder_ids, [[3, 1], [4, 5, 1]]),
    }
    for name, search in searches.items():
        try:
            search()
        except Asked as asked:
            found[name] = asked.args[0], asked.args[1]
    return found


def refused(function: Any, arguments: tuple) -> list[str]:
    """What an accelerator would refuse in a function that XLA compiles; nothing if it is fit.

    Returns:
        Operations that are not allowed, shapes that are not static, or why it cannot be lowered at all, as with texts
        and functions of Python.
    """
    try:
        text = function.experimental_get_compiler_ir(*arguments)(stage="hlo")
    except ValueError as error:
        return [f"it cannot be lowered: {str(error).splitlines()[0]}"]
    instructions = INSTRUCTION.findall(text)
    if not instructions:
        return ["no operation was found in it"]
    found = {f"operation {name}" for _, name in instructions if name not in ALLOWED}
    return sorted(found | {f"shape {shape}" for shape, _ in instructions if NOT_STATIC.search(shape)})


def write(folder: Path, preset: str = "t5-small") -> None:
    """Writes the functions of a model of random weights as HLO."""
    from keras_model.config import T5Config
    from keras_model.t5 import T5
    from keras_model.training_run.fit import compile_model
    from keras_model.training_run.fit_settings import TrainSettings

    model = T5(T5Config.preset(preset), dtype="mixed_bfloat16")
    compile_model(model, TrainSettings(steps=1, dtype="mixed_bfloat16"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, (function, arguments) in functions(model, 8, 128, 32).items():
        print(f"{name}: {'; '.join(refused(function, arguments)) or 'fit for an accelerator'}", flush=True)
        module = function.experimental_get_compiler_ir(*arguments)(stage="hlo_serialized")
        (folder / f"{name.replace(' ', '_')}.hlo").write_bytes(module)


def compile_all(folder: Path) -> int:
    """Compiles what a folder holds for a TPU; returns how many were refused."""
    local: Mapping[str, str] = {  # asks nobody which TPU this machine has
        "TPU_SKIP_MDS_QUERY": "1",
        "JAX_PLATFORMS": "cpu",
        "TPU_ACCELERATOR_TYPE": "v5litepod-4",
        "TPU_WORKER_HOSTNAMES": "localhost",
    }
    os.environ |= {name: value for name, value in local.items() if name not in os.environ}
    import numpy as np
    from jax._src import compiler
    from jax._src.interpreters import mlir
    from jax._src.lib import xla_client
    from jax.experimental import topologies
    from jaxlib.mlir import ir

    device, *_ = topologies.get_topology_desc(topology_name=TOPOLOGY, platform="tpu").devices
    options = compiler.get_compile_options(1, 1, device_assignment=np.array([[device.id]]))
    failed = 0
    for path in sorted(folder.glob("*.hlo")):
        started = time.perf_counter()
        with mlir.make_ir_context():
            try:
                module = ir.Module.parse(xla_client._xla.mlir.hlo_to_stablehlo(path.read_bytes()))
                _without_copies(module.operation)
                device.client.compile(module, xla_client.DeviceList((device,)), options)
                verdict = "compiled"
            except Exception as error:
                verdict, failed = f"refused: {str(error)[:500]}", failed + 1
        print(f"{path.stem}: {verdict} ({time.perf_counter() - started:.1f} s)", flush=True)
    return failed


def _without_copies(operation: Any) -> None:
    """Takes copies out, which TensorFlow puts before results, and which are no part of StableHLO."""
    for region in operation.regions:
        for block in region.blocks:
            for inner in list(block.operations):
                if inner.operation.name == "mhlo.copy":
                    inner.operation.results[0].replace_all_uses_with(inner.operation.operands[0])
                    inner.operation.erase()
                else:
                    _without_copies(inner.operation)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), *sys.argv[3:4])
    else:
        sys.exit(min(1, compile_all(Path(sys.argv[2]))))
