"""Where a process of an evaluation writes: into the run; of several workers that answer together only the chief."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t5eval.runs.folder import locked
from t5eval.support.strategy import MULTIWORKER, is_chief, meet, open_strategy
from task_specs.support.errors import UserError


@contextmanager
def working_folder(run: Path, strategy: str | None, asked: str) -> Iterator[Path]:
    """Yields the folder that this process evaluates into.

    Of several workers the chief holds the run. Each of the others has a copy of its predictions, so that all of them
    leave out the same batches, and it is gone afterwards.

    Args:
        run: the run's folder, which all workers see.
        strategy: as `--strategy` names it.
        asked: what this process was asked for, which must be the same for all workers.

    Raises:
        UserError: another process holds the run, or workers were asked for different things or see different runs.
    """
    if strategy != MULTIWORKER:
        with locked(run):
            yield run
        return
    opened = open_strategy(strategy)
    if is_chief(opened):
        with locked(run):
            meet(opened)
            _require_alike(opened, run, asked)
            yield run
        return
    with tempfile.TemporaryDirectory(prefix="t5eval-") as own:
        copy = Path(own)
        meet(opened)  # the chief holds the run
        for name in ("predictions", "results.json"):
            if (run / name).is_dir():
                shutil.copytree(run / name, copy / name)
            elif (run / name).exists():
                shutil.copyfile(run / name, copy / name)
        _require_alike(opened, copy, asked)
        yield copy


def _require_alike(strategy: object, run: Path, asked: str) -> None:
    digest = hashlib.sha256(asked.encode(errors="surrogateescape"))
    for path in sorted((run / "predictions").rglob("*.json*")):
        digest.update(f"{path.relative_to(run).as_posix()}\n".encode(errors="surrogateescape"))
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    if not meet(strategy, digest.hexdigest()):
        raise UserError(
            "strategy multiworker: the workers were asked for different things, or see other predictions in the run: "
            "give all of them the same command, data and --out"
        )
