"""The random numbers by which texts are drawn, the same for every library that decodes. Imports no TensorFlow."""

from collections.abc import Sequence

import numpy as np


def row_noise(seed: int, rows: Sequence[int], steps: int) -> np.ndarray:
    """What each row draws its tokens by: float32 [rows, steps] in [0, 1), which follow from seed and row number alone.

    The generator is Philox4x64-10 (Salmon et al. 2011) with the seed as key and the row number in the counter's
    second word; the upper 24 bits of its numbers are the fraction. It runs on the CPU, outside compiled code: XLA's
    generators and TensorFlow's draw different numbers from one seed.
    """
    word = 2**64
    streams = [np.random.Philox(key=int(seed) % word**2, counter=int(row) * word) for row in rows]
    drawn = np.array([stream.random_raw(steps) for stream in streams], np.uint64).reshape(len(streams), steps)
    return (drawn >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
