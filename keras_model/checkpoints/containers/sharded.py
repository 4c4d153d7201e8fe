"""Checkpoints of several files, with an index that says which file holds which tensor.

The index's total size is not compared with anything: files are in use whose index counts tied tensors twice or was made
before a conversion to another type. A shard that was cut short shows by itself, and one that is absent by its tensors.
"""

from collections.abc import Callable
from pathlib import Path

from keras_model.checkpoints.tensors import Origin, RenamedTensors, Tensors
from keras_model.files.model_folder import CheckpointError, read_json


def shard_paths(index: Path) -> dict[str, Path]:
    """The files that an index names, by tensor.

    Raises:
        CheckpointError: the index is damaged, or a shard's name is no plain file name.
    """
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CheckpointError(f"{index}: expected an object weight_map with the file of each tensor.")
    for tensor, name in places.items():
        # A link is followed, as in the Hugging Face cache, where every file is one.
        plain = isinstance(name, str) and name not in ("", "..") and Path(name).name == name
        if not plain or "\\" in name or "\0" in name:
            raise CheckpointError(f"{index}: tensor {tensor}: expected the name of a file beside it, got {name!r}.")
    return {tensor: index.with_name(name) for tensor, name in places.items()}


def sharded_tensors(index: Path, open_shard: Callable[[Path], Tensors]) -> Tensors:
    """The tensors of all shards together.

    Raises:
        CheckpointError: a shard cannot be read, or index and shards name different tensors.
    """
    paths = shard_paths(index)
    opened = {path: open_shard(path) for path in sorted(set(paths.values()))}
    for path, shard in opened.items():
        expected, found = {name for name in paths if paths[name] == path}, set(shard.names())
        for name in sorted(expected - found):
            raise CheckpointError(f"{path}: tensor {name} is missing; {index.name} says that it is here.")
        for name in sorted(found - expected):
            raise CheckpointError(f"{path}: tensor {name} is here, but {index.name} does not say so.")
    return RenamedTensors(str(index), {name: Origin(opened[path], name) for name, path in paths.items()})
