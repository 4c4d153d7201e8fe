"""`t5eval doctor` on sound and broken installations; what is broken is made so, in metadata or in a fake package."""

from __future__ import annotations

import sys
from collections import namedtuple
from pathlib import Path

import pytest

from t5eval import __version__
from t5eval.api.doctor import machine as doctor
from t5eval.api.doctor.data_folders import check_caches, check_data
from tests.commands.conftest import Command


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, before all others: for Python here, and in child processes."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def install(folder: Path, name: str, version: str, *lines: str) -> None:
    """Writes a package's metadata, and nothing else of it."""
    about = folder / f"{name}-{version}.dist-info"
    about.mkdir()
    text = "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines])
    (about / "METADATA").write_text(text + "\n")


def states(found: list[doctor.Finding]) -> dict[str, str]:
    return {finding.name: finding.state for finding in found}


def test_a_sound_installation(packages: Path) -> None:
    install(packages, "reader", "2.1")
    install(
        packages, "harness", __version__, "Requires-Python: >=3.11", "Requires-Dist: reader<3,>=2",
        "Provides-Extra: fast", "Provides-Extra: all", "Requires-Dist: reader>=2; extra == 'fast'",
        "Requires-Dist: reader>=9; extra == 'all'",
    )  # fmt: skip
    found = doctor.check_installation("harness")
    assert states(found) == {"Python": "ok", "harness": "ok", "core": "ok", "extra fast": "ok"}
    assert found[2].found == "reader 2.1"


def test_packages_missing_or_of_wrong_versions(packages: Path) -> None:
    install(packages, "reader", "1.9")
    install(
        packages, "harness", "0.0.1", "Requires-Python: >=99", "Requires-Dist: reader>=2",
        "Requires-Dist: elsewhere; python_version < '3'", "Provides-Extra: fast",
        "Requires-Dist: no-such-thing>=1; extra == 'fast'",
    )  # fmt: skip
    python, harness, core, fast = doctor.check_installation("harness")
    assert (python.state, harness.state, core.state, fast.state) == ("fault", "warning", "fault", "warning")
    assert core.found == "reader is 1.9, not >=2"
    assert fast.found == "no-such-thing is missing"
    assert fast.advice == "pip install --upgrade 'harness[fast]'"


def test_not_installed_at_all() -> None:
    assert states(doctor.check_installation("no-such-harness")) == {"Python": "ok", "no-such-harness": "warning"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("raise ImportError('libcudart.so.12: no such file')", "status 1: ImportError: libcudart.so.12: no such file"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed by signal 9"),
        ("import time\ntime.sleep(60)", "longer than 0.5 s"),
        ("raise ModuleNotFoundError(\"No module named 'tensorflow'\")", "not installed"),
    ],
)
def test_a_tensorflow_that_cannot_be_imported_is_a_warning(packages: Path, source: str, found: str) -> None:
    (packages / "tensorflow.py").write_text(source)
    finding = doctor.check_tensorflow(0.5 if "sleep" in source else 60)
    assert finding.state == "warning"
    assert found in finding.found
    assert "t5eval[keras]" in finding.advice


def test_the_devices_of_tensorflow_are_counted(packages: Path) -> None:
    (packages / "tensorflow.py").write_text(
        "from types import SimpleNamespace as N\n__version__ = '2.20.1'\nprint('some greeting')\n"
        "devices = [N(device_type=kind) for kind in ('CPU', 'GPU', 'GPU')]\n"
        "config = N(list_physical_devices=lambda: devices)\n"
    )
    assert doctor.check_tensorflow(60) == doctor.Finding("TensorFlow", "ok", "2.20.1, devices: 1 CPU, 2 GPU")


def test_memory_and_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: {16 * 2**20} kB\nMemFree: 0 kB\nMemAvailable: {2**20} kB\nHugePages_Total: 0\n")
    assert doctor.check_memory(meminfo).state == "warning"
    assert doctor.check_memory(meminfo).found == "1.0 GiB of 16.0 GiB are free"
    monkeypatch.setattr("shutil.disk_usage", lambda _: namedtuple("Usage", "free")(2**30))
    assert doctor.check_disk(tmp_path).state == "warning"


def test_a_locale_that_is_not_utf8_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda _: "ANSI_X3.4-1968")
    monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "utf-8")
    assert doctor.check_locale().state == "warning"


def test_data_at_hand_by_benchmark(official: Path, tmp_path: Path) -> None:
    whole = {finding.name: finding for finding in check_data(str(official))}
    assert whole["data super_glue"].state == "ok"
    (tmp_path / "glue").mkdir()
    (tmp_path / "glue" / "RTE").mkdir()
    source = official / "glue" / "RTE"
    (tmp_path / "glue" / "RTE" / "dev.tsv").write_bytes((source / "dev.tsv").read_bytes())
    glue, rest = check_data(str(tmp_path))
    assert glue.state == "warning"
    assert glue.found.startswith("1 of 13 tasks in")
    assert "glue/cola (train, validation, test)" in glue.found
    assert rest.state == "ok"
    assert "squad" in rest.found


def test_caches_that_cannot_be_written_are_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home" / "hub" / "models--a").mkdir(parents=True)
    (tmp_path / "file").touch()
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "file" / "datasets"))
    hub, tfds = check_caches()
    assert (hub.state, hub.found) == ("ok", f"{tmp_path / 'home' / 'hub'}, 1 folders")
    assert tfds.state == "warning"


def test_the_command_prints_a_line_each_and_faults_are_its_status(
    t5eval: Command, official: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = doctor.Finding("TensorFlow", "ok", "2.21.0, devices: 1 CPU")
    monkeypatch.setattr(doctor, "check_tensorflow", lambda: sound)
    done = t5eval("doctor", "--data-dir", official)
    assert (done.status, done.err) == (0, "")
    assert all(line[:9].strip() in ("ok", "warning", "") for line in done.out.splitlines())
    assert f"ok       TensorFlow         {sound.found}\n" in done.out
    faulty = t5eval("doctor", "--json", "--data-dir", official / "nowhere")
    assert (faulty.status, faulty.json["faults"], faulty.err) == (2, 1, "")
    assert [f["name"] for f in faulty.json["findings"] if f["state"] == "fault"] == ["data"]


def test_another_backend_of_keras_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    found = doctor.check_keras_backend()
    assert (found.state, found.found) == ("ok", "tensorflow, by Keras' default")
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    found = doctor.check_keras_backend()
    expected = f"jax, by the file {tmp_path / 'keras.json'}; the Keras T5 needs tensorflow"
    assert (found.name, found.state, found.found) == ("Keras backend", "warning", expected)
    assert found.advice == "export KERAS_BACKEND=tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")  # the variable goes before the file, as in Keras
    assert doctor.check_keras_backend().state == "ok"
