"""What of an installation works here: Python, packages, TensorFlow, and the machine; data is in `data_folders`."""

from __future__ import annotations

import json
import locale
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from t5eval.support.version import __version__

if TYPE_CHECKING:
    from packaging.requirements import Requirement

TENSORFLOW_SECONDS = 180.0
GIB = 2**30
LOW_MEMORY = 2 * GIB  # t5-base in float32 and a batch
LOW_DISK = 5 * GIB  # a few of t5-base's checkpoints with the optimiser's state
NO_USER_NEEDS = ("all", "dev")  # extras: the sum of the others, and what the tests need

_IMPORT_TENSORFLOW = """
import json, tensorflow
kinds = [device.device_type for device in tensorflow.config.list_physical_devices()]
print(json.dumps([tensorflow.__version__, kinds]))
"""


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        name: what was looked at.
        state: whether it is well, limits what can be done here, or stops the core: scores and submissions.
        found: what is there.
        advice: what to do about it; empty where nothing is to be done.
    """

    name: str
    state: Literal["ok", "warning", "fault"]
    found: str
    advice: str = ""


def ok_if(well: bool, name: str, found: str, advice: str) -> Finding:
    """Returns that all is well, or a warning with what to do."""
    return Finding(name, "ok", found) if well else Finding(name, "warning", found, advice)


def check_installation(name: str = "t5eval") -> list[Finding]:
    """Returns whether Python and the packages are as the installed metadata asks: the core's, then each extra's."""
    python = platform.python_version()
    try:
        installed = metadata.distribution(name)
        from packaging.requirements import Requirement
        from packaging.specifiers import SpecifierSet
    except ModuleNotFoundError as error:  # PackageNotFoundError is one, too
        missing = name if isinstance(error, metadata.PackageNotFoundError) else str(error.name)
        return [
            Finding("Python", "ok", python),
            Finding(name, "warning", f"requirements unknown: {missing} is not installed", f"pip install {missing}"),
        ]
    wanted = installed.metadata["Requires-Python"] or ""
    found = [Finding("Python", "ok", python)]
    if not SpecifierSet(wanted).contains(python, prereleases=True):
        found = [Finding("Python", "fault", f"{python}, not {wanted}", f"make an environment with Python {wanted}")]
    same = installed.version == __version__
    text = __version__ if same else f"{__version__}, but {installed.version} is what is installed"
    found.append(ok_if(same, name, text, f"install it again: pip install --force-reinstall {name}"))
    requirements = [Requirement(line) for line in installed.requires or []]
    core = [r for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    found.append(_packages("core", core, "fault", f"pip install --upgrade {name}"))
    passed = {*NO_USER_NEEDS, _other_build()}
    for extra in sorted(set(installed.metadata.get_all("Provides-Extra") or ()) - passed):
        own = [r for r in requirements if r not in core and r.marker and r.marker.evaluate({"extra": extra})]
        found.append(_packages(f"extra {extra}", own, "warning", f"pip install --upgrade '{name}[{extra}]'"))
    return found


def _other_build() -> str:
    """Returns the extra whose TensorFlow must not be installed beside the one that is here."""
    try:
        metadata.version("tensorflow-tpu")
    except metadata.PackageNotFoundError:
        return "tpu"
    return "keras"


def _packages(name: str, requirements: Iterable[Requirement], bad: Literal["warning", "fault"], do: str) -> Finding:
    right, wrong = [], []
    for requirement in requirements:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if requirement.specifier.contains(version, prereleases=True):
            right.append(f"{requirement.name} {version}")
        else:
            wrong.append(f"{requirement.name} is {version}, not {requirement.specifier}")
    return Finding(name, bad, ", ".join(wrong), do) if wrong else Finding(name, "ok", ", ".join(right))


def check_plugins() -> list[Finding]:
    """Returns whether each installed plugin can be loaded; this runs them."""
    from t5eval.support.plugin_record import LOADED
    from task_specs.plugins import load_installed

    remedy = "correct it, or uninstall its package"
    broken = [Finding("plugin", "warning", line.removeprefix("plugin "), remedy) for line in load_installed()]
    return [*(Finding("plugin", "ok", name) for name in LOADED), *broken]


def check_tensorflow(seconds: float = TENSORFLOW_SECONDS) -> Finding:
    """Returns whether TensorFlow can be imported, and its devices; asked in a process that may die or hang."""
    again = "pip install --force-reinstall 't5eval[keras]'"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _IMPORT_TENSORFLOW],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return Finding("TensorFlow", "warning", f"its import took longer than {seconds:g} s", again)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        reason = lines[-1] if lines else "no message"
        if reason == "ModuleNotFoundError: No module named 'tensorflow'":
            return Finding("TensorFlow", "warning", "not installed", "pip install 't5eval[keras]' to run a Keras T5")
        killed = done.returncode < 0
        ended = f"was killed by signal {-done.returncode}" if killed else f"ended with status {done.returncode}"
        return Finding("TensorFlow", "warning", f"its import {ended}: {reason}", again)
    version, kinds = json.loads(done.stdout.splitlines()[-1])
    devices = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    return Finding("TensorFlow", "ok", f"{version}, devices: {devices}")


def check_keras_backend() -> Finding:
    """Returns whether Keras will run on TensorFlow; Keras is not imported."""
    from keras_model.backend_choice import BACKEND, chosen_backend

    backend, named_by = chosen_backend()
    right = backend == BACKEND
    found = f"{backend}, by {named_by}" + ("" if right else f"; the Keras T5 needs {BACKEND}")
    return ok_if(right, "Keras backend", found, f"export KERAS_BACKEND={BACKEND}")


def check_memory(meminfo: Path = Path("/proc/meminfo")) -> Finding:
    """Returns how much memory is free, as Linux says, else how much there is, if the system says that."""
    if meminfo.is_file():
        fields = dict(line.split(":", 1) for line in meminfo.read_text(encoding="utf-8").splitlines() if ":" in line)
        total, free = (int(fields[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    elif hasattr(os, "sysconf"):
        total = free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    else:
        return Finding("memory", "ok", "this system does not say how much is free")
    found = f"{free / GIB:.1f} GiB of {total / GIB:.1f} GiB are free"
    return ok_if(free >= LOW_MEMORY, "memory", found, "end other programs, or take small models and --batch-tokens")


def check_disk(folder: Path) -> Finding:
    """Returns how much room there is for runs in a folder."""
    usage = shutil.disk_usage(folder)
    found = f"{usage.free / GIB:.1f} GiB are free in {folder}"
    return ok_if(usage.free >= LOW_DISK, "disk", found, "make room, or give --out a folder of another disk")


def check_locale() -> Finding:
    """Returns whether names of files and other programs' texts are read as UTF-8."""
    encodings = {locale.getpreferredencoding(False), sys.getfilesystemencoding()}
    well = {name.lower().replace("-", "") for name in encodings} == {"utf8"}
    found = "UTF-8" if well else " and ".join(sorted(name.upper() for name in encodings))
    return ok_if(well, "locale", found, "export LC_ALL=C.UTF-8, or PYTHONUTF8=1")
