"""For all tests: the real benchmark files, if they are here; `pytest --quick`; several processes at once."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import keras_model  # noqa: F401  (before TensorFlow, whose kernels it chooses)
from tests.forked import COMMANDS, LIBRARIES, Forks
from tests.quick import keep_tensorflow_out

SHARED_DATA_VARIABLE = "T5EVAL_TEST_DATA"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only the tests that need no TensorFlow")


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Each of the processes, and what it starts, has one core to compute with.
        for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
            os.environ.setdefault(variable, "1")
    if config.getoption("quick"):
        folder = tempfile.TemporaryDirectory()
        config.add_cleanup(folder.cleanup)
        keep_tensorflow_out(Path(folder.name))
        config.option.markexpr = " and ".join(filter(None, [config.option.markexpr, "not tensorflow"]))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names bytes by their parameter: those of an archive hold its time, and all processes must name a test alike."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts modules with slow tests first: begun last, one would keep a process busy while the others have no more."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Takes all that was imported out of the garbage collector's rounds, a tenth of what tracing a model costs."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real benchmark files; a test that asks for it is skipped where it is absent."""
    named = os.environ.get(SHARED_DATA_VARIABLE)
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real benchmark files are not here ({folder}); set {SHARED_DATA_VARIABLE} to their folder")
    return folder


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Starts processes that have NumPy and the like, and import all of ours themselves."""
    started = Forks(LIBRARIES)
    yield started
    started.close()


@pytest.fixture(scope="session")
def ready_forks() -> Iterator[Forks]:
    """Starts processes that have our commands, too, for tests of what a process does and not of what it imports."""
    started = Forks((*LIBRARIES, *COMMANDS))
    yield started
    started.close()


@pytest.fixture(scope="session")
def tensorflow_forks() -> Iterator[Forks]:
    """Starts processes that have TensorFlow and Keras, four seconds of work, and import all of ours themselves.

    Importing TensorFlow runs nothing yet: each fork makes its own devices and threads.
    """
    import tensorflow  # noqa: F401  (`--quick` must see it)

    started = Forks((*LIBRARIES, "tensorflow", "keras"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with every benchmark in a few rows."""
    from tests.t5eval.official_miniatures import write_official

    return write_official(tmp_path_factory.mktemp("official") / "data")


@pytest.fixture(scope="session")
def archives(official: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archives that the miniature benchmarks would be distributed in."""
    from tests.t5eval.official_miniatures import write_archives

    return write_archives(official, tmp_path_factory.mktemp("archives"))


@pytest.fixture(scope="module")
def any_archive_will_do() -> Iterator[None]:
    """Lets TensorFlow Datasets take archives that are not the ones whose hashes it knows."""
    import tensorflow  # noqa: F401  (`--quick` must see it; the builders import it in a thread of theirs)
    from tensorflow_datasets.core.download import download_manager

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(download_manager.DownloadManager, "_register_or_validate_checksums", lambda *_, **__: None)
        yield


@pytest.fixture(autouse=True)
def _no_data_dir_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests name their data: a developer's own setting must not leak in."""
    monkeypatch.delenv("T5EVAL_DATA_DIR", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", os.devnull)
