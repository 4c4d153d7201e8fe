"""The error of everything that reads or writes a checkpoint."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be read as a T5; the message names the file and, where there is one, the tensor."""
