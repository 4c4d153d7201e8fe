"""What large models need to answer: `python -m benchmarks.large_models DATA [--sizes t5-large t5-3b]`.

DATA is a data directory with `t5_vocab/spiece.model`. A model of each size is written, random weights in float32 (3 and
11 GB on disk, in shards, in a temporary folder: TMPDIR says where), and `t5eval evaluate --dtype bfloat16` answers
examples of the embedded suite with it, as a whole process. The table has the peak of its memory, as the kernel counts
it, its seconds and its processor seconds, hashing the weights included.

    --sizes ...   names of presets
    --dtype D     the precision
    --limit N     examples of RTE
    --tokens N    the longest text
"""

import json
import tempfile
from pathlib import Path

from benchmarks.frame import arguments, print_table, used
from benchmarks.models import SEED

SHARD = 1 << 30
"""Bytes of a shard, about."""


def write_model(size: str, folder: Path) -> int:
    """Writes a model with random weights, one shard at a time; returns the bytes of the weights."""
    import numpy as np

    from keras_model import T5Config
    from keras_model.checkpoints.containers.safetensors_file import write_tensors
    from keras_model.checkpoints.weights import places
    from keras_model.files.model_folder import CONFIG_FILE, WEIGHTS_FILE, write_json

    config = T5Config.preset(size)
    random = np.random.default_rng(SEED)
    shard: dict[str, np.ndarray] = {}
    files: dict[str, str] = {}
    written = 0

    def flush() -> None:
        name = f"model-{len(set(files.values())) + 1:05}.safetensors"
        write_tensors(folder / name, shard)
        files.update(dict.fromkeys(shard, name))
        shard.clear()

    for place in places(config):
        value = random.standard_normal(place.shape, np.float32)
        shard[place.name] = value if len(place.shape) == 1 else value * np.float32(place.shape[-1] ** -0.5)
        written += value.nbytes
        if sum(one.nbytes for one in shard.values()) >= SHARD:
            flush()
    flush()
    index = {"metadata": {"total_size": written}, "weight_map": files}
    (folder / f"{WEIGHTS_FILE}.index.json").write_text(json.dumps(index))
    write_json(folder / CONFIG_FILE, config.to_dict())
    return written


def main() -> None:
    """Prints the table."""
    given = arguments(__doc__, "+", sizes=["t5-large", "t5-3b"], dtype="bfloat16", limit=8, tokens=8)
    rows = []
    for size in given.sizes:
        with tempfile.TemporaryDirectory() as temporary:
            model = Path(temporary) / "model"
            model.mkdir()
            written = write_model(size, model)
            from t5eval.demo import suite_folder

            options = {
                "--model": model,
                "--vocab": given.data / "t5_vocab" / "spiece.model",
                "--task": "glue/rte",
                "--split": "validation",
                "--data-dir": suite_folder(),
                "--out": Path(temporary) / "run",
                "--dtype": given.dtype,
                "--limit": given.limit,
                "--max-new-tokens": given.tokens,
            }
            flags = [str(part) for pair in options.items() for part in pair]
            took = used("-m", "t5eval", "evaluate", *flags)
        figures = f"{took.megabytes / 1000:.2f}", f"{took.seconds:.0f}", f"{took.processor:.0f}"
        rows.append([size, f"{written / 1e9:.1f}", *figures])
    heads = ["model", "GB on disk", "peak GB", "seconds", "processor s"]
    print_table(f"evaluate --dtype {given.dtype}, {given.limit} examples, at most {given.tokens} tokens", heads, rows)


if __name__ == "__main__":
    main()
