"""Files that hold arrays, whatever model they belong to: safetensors, MessagePack, PyTorch, zarr, shards.

In: a path. Out: arrays by name, read lazily where the form allows it.
May import: files.
"""
