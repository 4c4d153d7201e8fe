"""What a run's numbers rest on besides its settings and the version: Python, and the machine."""

import functools
import os
import platform
import re
from pathlib import Path
from typing import Any

VECTORS = re.compile(r"sse4|avx|amx|fma|f16c|neon|asimd|sve|bf16|i8mm")
"""Features of a processor by which libraries choose how they compute, and so how they round."""
BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""Features of a processor that multiplies bfloat16, of Intel and AMD the first two, of Arm the last."""
CHOOSE_THREADS_OR_KERNELS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA", "NVIDIA_TF32_OVERRIDE", "TF_DETERMINISTIC_OPS",
)  # fmt: skip


@functools.cache
def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, Any]:
    """Returns the processor's name, `processor`, and those of its features that may change how numbers are rounded.

    Args:
        cpuinfo: where Linux tells; elsewhere the name is what Python knows, and no `features` are said.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    found: dict[str, str] = {}
    for line in lines:  # of the first processor: the others are alike
        key, _, value = line.partition(":")
        found.setdefault(key.strip().lower(), value.strip())
    flags = found.get("flags", found.get("features"))
    features = {} if flags is None else {"features": sorted(f for f in set(flags.split()) if VECTORS.search(f))}
    return {"processor": found.get("model name") or platform.processor(), **features}


def multiplies_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool | None:
    """Returns whether the processor has instructions for products of bfloat16; None where it does not say.

    Without them, each product converts its factors, and takes longer than one of float32.
    """
    features = processor(cpuinfo).get("features")
    return None if features is None else not BFLOAT16.isdisjoint(features)


def threads() -> int:
    """Returns on how many processors this process may run, which libraries start as many threads on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Returns the interpreter and the machine.

    Returns:
        `python` (with its implementation), `system`, `machine`; `processor` and its `features`; `threads`, and in
        `environment` the variables that are set of those which change threads or kernels.
    """
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        **processor(),
        "threads": threads(),
        "environment": {name: os.environ[name] for name in CHOOSE_THREADS_OR_KERNELS if name in os.environ},
    }
