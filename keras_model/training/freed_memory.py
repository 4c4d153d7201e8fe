"""Keeps freed memory with the process, so that a training step finds the buffers of the one before."""

import ctypes
import functools
import os
import platform

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Parameters of glibc's `mallopt`, by their numbers in malloc.h."""


@functools.cache
def keep_freed_memory() -> None:
    """Has glibc hold what is freed, where Linux runs on it and no variable says otherwise.

    A step takes and frees hundreds of megabytes in large buffers. glibc gets each from the system, which clears every
    page anew when it is first written, and gives it back at once: up to half of a step's processor time. The price is
    the memory between buffers that no other one fits into. It lasts for the process.
    """
    chosen = any(name.startswith("MALLOC_") for name in os.environ) or "glibc.malloc" in os.environ.get(
        "GLIBC_TUNABLES", ""
    )
    if chosen or platform.libc_ver()[0] != "glibc":
        return
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(MMAP_MAX, 0)
    mallopt(TRIM_THRESHOLD, -1)  # never
