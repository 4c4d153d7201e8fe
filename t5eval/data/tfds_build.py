"""Building datasets of TensorFlow Datasets from archives that were downloaded by hand: no network is used."""

import contextlib
import importlib.util
import io
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.data.copies import reason
from t5eval.data.tfds import PIP, TEST_SETS, PreparedDataset, TfdsData
from t5eval.data.tfds_archives import archives, is_wmt
from t5eval.support.errors import DataError, MissingPackage
from t5eval.support.stages import stage
from t5eval.support.tensorflow_import import silent_stderr
from task_specs import TaskSpec
from task_specs.support.errors import UserError

PACKAGES = ("tensorflow", "tensorflow_datasets", "importlib_resources")


@dataclass(frozen=True)
class Built:
    """A dataset that is there now.

    Attributes:
        dataset: what it is.
        sizes: split to rows.
        new: whether it was built just now.
    """

    dataset: PreparedDataset
    sizes: dict[str, int]
    new: bool


def build(
    specs: Sequence[TaskSpec],
    manual_dir: Path,
    data: TfdsData,
    *,
    version: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[Built]:
    """Builds the datasets of tasks that are not there yet, each once however many tasks read it.

    Args:
        manual_dir: the folder of the archives, or of one folder of archives for each benchmark (`glue/`, ...).
        data: where the datasets go.
        version: which version of them; None for the one that TensorFlow Datasets builds.
        say: told what is being built, a line at a time.

    Raises:
        UserError: a package, a task's dataset or an archive is missing, or an archive is not the one that is expected.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingPackage(f"building datasets needs {' and '.join(missing)}: {PIP}")
    if not manual_dir.is_dir():
        raise DataError(f"--manual-dir {manual_dir}: there is no such folder")
    datasets: dict[str, TaskSpec] = {}
    for spec in specs:
        if spec.tfds is None or not archives(spec.tfds):
            raise UserError(f"{spec.name}: it is not known what TensorFlow Datasets would build it from")
        datasets.setdefault(spec.tfds, spec)
    # All that is missing is said before hours of building.
    folders = {name: _archive_folder(name, manual_dir) for name in datasets}
    return [_build(name, spec, folders[name], data, version, say) for name, spec in datasets.items()]


def _archive_folder(dataset: str, manual_dir: Path) -> Path:
    benchmark = dataset.partition("/")[0]
    for folder in (manual_dir / ("wmt" if is_wmt(dataset) else benchmark), manual_dir):
        missing = [file for file in archives(dataset) if not (folder / file).is_file()]
        if not missing:
            return folder
    raise DataError(
        f"--manual-dir {manual_dir}: has no {' and no '.join(missing)}; TensorFlow Datasets builds {dataset} from "
        f"{', '.join(archives(dataset))}"
    )


def _build(
    name: str, spec: TaskSpec, archive_folder: Path, data: TfdsData, version: str | None, say: Callable[[str], None]
) -> Built:
    with stage("importing TensorFlow Datasets"), silent_stderr():
        import tensorflow_datasets as tfds

        tfds.disable_progress_bar()
    builder = _builder(tfds, name, version, data.folder)
    shown = builder.info.full_name
    new = not (Path(builder.data_dir) / "dataset_info.json").is_file()
    if new:
        say(f"building {shown} from {', '.join(archives(name))}")
        data.folder.mkdir(parents=True, exist_ok=True)
        with stage(f"building {shown}"):
            _prepare(tfds, builder, archive_folder, data.folder)
    found = data.find(spec)
    assert found is not None
    sizes = {split: info.num_examples for split, info in builder.info.splits.items()}
    return Built(found, sizes, new)


def _builder(tfds: Any, name: str, version: str | None, folder: Path) -> Any:
    """Returns a dataset's builder; WMT's is of the validation and test sets alone."""
    try:
        with silent_stderr():
            builder = tfds.builder(f"{name}:{version}" if version else name, data_dir=str(folder))
    except (AssertionError, ValueError) as error:
        known = re.search(r"only: (.*?)\.?$", str(error).splitlines()[0] if str(error) else "")
        raise DataError(
            f"{name} has no version {version}" + (f"; TensorFlow Datasets knows {known[1]}" if known else "")
        ) from None
    if builder.version != builder.canonical_version:
        raise DataError(
            f"{name} {version} is too old for tensorflow-datasets {tfds.__version__} to build, though it opens one "
            f"that was prepared before; it builds {builder.canonical_version}"
        )
    if not is_wmt(name):
        return builder
    year, pair = name.split("/")
    config = tfds.translate.wmt.WmtConfig(
        name=year,
        version="0.0.1",
        language_pair=tuple(pair.split("-")),
        subsets={split: sets for split, sets in builder.subsets.items() if split != "train" and sets},
    )
    with silent_stderr():
        return tfds.builder(TEST_SETS, config=config, data_dir=str(folder))


def _prepare(tfds: Any, builder: Any, archive_folder: Path, folder: Path) -> None:
    name = builder.info.full_name
    make_manager = builder._make_download_manager

    def offline(**arguments: Any) -> Any:
        manager = make_manager(**arguments)

        def refuse(resource: Any) -> Any:
            raise DataError(f"{name}: TensorFlow Datasets wants to download {resource.url}, and nothing is downloaded")

        manager._download = refuse
        return manager

    builder._make_download_manager = offline
    config = tfds.download.DownloadConfig(manual_dir=str(archive_folder), try_download_gcs=False)
    try:
        # Archives are unpacked here, and not kept.
        with (
            tempfile.TemporaryDirectory(prefix=".unpacked-", dir=folder) as unpacked,
            contextlib.redirect_stdout(io.StringIO()),
            silent_stderr(),
        ):
            builder.download_and_prepare(download_dir=unpacked, download_config=config)
    except (DataError, MemoryError):
        raise
    except Exception as error:  # whatever the library makes of the archives
        raise _failed(name, archive_folder, error) from None


def _failed(name: str, archive_folder: Path, error: Exception) -> DataError:
    message = " ".join(str(error).split())
    if type(error).__name__ == "NonMatchingChecksumError":
        path = re.search(r"downloaded to (.*?), has wrong checksum", message)
        hashes = re.findall(r"checksum='(\w+)'", message)
        said = f" (SHA-256 {hashes[1][:12]}..., expected {hashes[0][:12]}...)" if len(hashes) == 2 else ""
        return DataError(
            f"{path[1] if path else archive_folder}: not the archive that {name} is built from{said}; the original "
            f"is needed, not one packed again, and GLUE's RTE.zip is not SuperGLUE's. --data-dir FOLDER reads the "
            f"unpacked files themselves"
        )
    return DataError(f"{name}: TensorFlow Datasets could not build it: {reason(error)}")
