"""Files that are replaced in one step, and run folders that one process holds."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from keras_model.files.atomic import replacing
from t5eval.runs.folder import locked, predictions_path, read_config, write_config
from t5eval.support.errors import RunError
from t5eval.support.files import write_json, write_text


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    with replacing(path) as temporary:
        temporary.write_bytes(b"first")
        assert not path.exists()
    assert path.read_bytes() == b"first"
    with replacing(path) as temporary:
        temporary.write_bytes(b"second")
        assert path.read_bytes() == b"first"
    assert path.read_bytes() == b"second"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half of the ne")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_a_process_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old", encoding="utf-8")
    program = (
        "import os, signal, sys; from pathlib import Path; from keras_model.files.atomic import replacing\n"
        "with replacing(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert done.returncode == -9
    assert path.read_text(encoding="utf-8") == "old"


def test_text_and_json(tmp_path: Path) -> None:
    write_text(tmp_path / "t", "né \u2028\n")
    assert (tmp_path / "t").read_bytes() == "né \u2028\n".encode()
    document = {"a": [1, None, "né"], "b": {"c": 0.1}}
    write_json(tmp_path / "j", document)
    text = (tmp_path / "j").read_text(encoding="utf-8")
    assert json.loads(text) == document
    assert "né" in text
    assert text.endswith("}\n")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "j", {"a": math.nan})
    assert json.loads((tmp_path / "j").read_text(encoding="utf-8")) == document


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """A command line may name a file whose bytes are not UTF-8; Python gives these as half surrogates."""
    name = os.fsdecode(b"caf\xe9")
    write_json(tmp_path / "j", {"command": name})
    assert json.loads((tmp_path / "j").read_text(encoding="utf-8")) == {"command": name}
    write_config(tmp_path, "evaluate", {"data_dir": name})
    assert 'data_dir = "bytes:caf%E9"' in (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert read_config(tmp_path)["evaluate"]["data_dir"] == name


def test_config_keeps_a_table_for_each_command(tmp_path: Path) -> None:
    write_config(tmp_path, "train", {"steps": 3, "warm": None, "nested": {"a": None, "b": 1}})
    write_config(tmp_path, "evaluate", {"task": ["glue/rte"]})
    write_config(tmp_path, "train", {"steps": 4})
    config = tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))
    assert config == {"train": {"steps": 4}, "evaluate": {"task": ["glue/rte"]}}
    (tmp_path / "config.toml").write_text("steps = ", encoding="utf-8")
    with pytest.raises(RunError, match=r"config\.toml: not a TOML file"):
        write_config(tmp_path, "train", {"steps": 4})


def test_predictions_lie_under_the_tasks_name() -> None:
    assert predictions_path(Path("run"), "glue/rte", "test") == Path("run/predictions/glue/rte/test.jsonl")


HOLDER = """
import sys, time
from pathlib import Path
from t5eval.runs.folder import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_on_one_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(run)], stdout=subprocess.PIPE, text=True) as first:
        try:
            assert first.stdout is not None
            assert first.stdout.readline() == "held\n"
            with pytest.raises(RunError) as caught, locked(run):
                pass
            assert str(caught.value) == f"{run}: process {first.pid} is working in this run folder"
        finally:
            first.kill()
    with locked(run):  # the lock went with the process
        assert (run / ".lock").read_text(encoding="utf-8").strip() == str(os.getpid())


def test_the_lock_is_given_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x"), locked(tmp_path):
        raise ValueError("x")
    with locked(tmp_path), pytest.raises(RunError, match=f"process {os.getpid()} is working"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_what_cannot_be_a_run_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="file: cannot be used as a run folder: File exists"), locked(tmp_path / "file"):
        pass
    with (
        pytest.raises(RunError, match="cannot be used as a run folder: Not a directory"),
        locked(tmp_path / "file/run"),
    ):
        pass
