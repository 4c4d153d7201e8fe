"""Memory that a step has freed is there for the next one, without the system's clearing it again."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator, on Linux")

TWICE = """
import ctypes, resource
from keras_model.training.freed_memory import keep_freed_memory

keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
size = 256 << 20
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    buffer = libc.malloc(size)
    ctypes.memset(buffer, 1, size)
    libc.free(buffer)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(**variables: str) -> list[int]:
    """The pages that the system handed out for a buffer of 256 MB, and for the same buffer again."""
    ours = ("MALLOC_", "GLIBC_TUNABLES")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-c", TWICE], env=environment | variables, capture_output=True, text=True, check=True
    )
    return [int(line) for line in done.stdout.split()]


def test_a_freed_buffer_is_used_again() -> None:
    first, again = faults()
    assert again < 0.05 * first


@pytest.mark.parametrize(
    "variables", [{"MALLOC_TRIM_THRESHOLD_": "131072"}, {"GLIBC_TUNABLES": "glibc.malloc.trim_threshold=131072"}]
)
def test_a_users_own_choice_stands(variables: dict[str, str]) -> None:
    first, again = faults(**variables)
    assert again > 0.5 * first
