"""`t5eval.merge`: the shards of several jobs become what one process would have made."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from t5eval.api.arguments import Data, PathName, names_of, text_of
from t5eval.api.evaluate import Evaluation
from t5eval.api.prepare import Preparation
from t5eval.data import data_source
from t5eval.evaluation.merging import merge_parts, parts_of, require_whole
from t5eval.preparation.merging import merge_records
from t5eval.runs.folder import locked, read_config, recorded
from t5eval.runs.shard_record import ShardRecord, read_shard
from t5eval.support.errors import RunError


def merge(
    shards: PathName | Sequence[PathName], *, out: PathName, data: Data = None, command: str | None = None
) -> Evaluation | Preparation:
    """Joins the shards of an evaluation, or of a preparation, into what one process would have made.

    Args:
        shards: the folders of all of them.
        out: the folder of the whole.
        data: where the examples of an evaluation are; where the shards record them if None.
        command: what results.json says made it; this call if None.

    Raises:
        UserError: a shard is missing, not finished, damaged or there twice, or they were made with different settings
            or of other data; or the folder has something else.

    >>> import pathlib, tempfile
    >>> import t5eval
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for shard in ("1/2", "2/2"):
    ...     asked = {"vocab": "bytes", "data": t5eval.suite_folder(), "out": folder / shard[0], "shard": shard}
    ...     _ = t5eval.prepare("glue/rte", **asked)
    >>> len(t5eval.merge([folder / "1", folder / "2"], out=folder / "whole").sets["glue/rte/train"])
    660
    """
    from keras_model.data.records import SHARD_MANIFEST_FILE

    folders = [Path(name) for name in names_of(shards)]
    if any((folder / SHARD_MANIFEST_FILE).is_file() for folder in folders):
        return Preparation(os.fspath(out), True, merge_records(folders, Path(out)))
    records = list(map(_record, folders))
    require_whole(records)
    run = Path(out)
    if any(record.run.resolve() == run.resolve() for record in records):
        raise RunError(f"{run}: is one of the shards; name another --out")
    settings = read_config(records[0].run).get("evaluate", {})
    source = data_source(text_of(data) or settings.get("data_dir"))
    parts = parts_of(records, source)
    line = command or f"t5eval.merge({[str(folder) for folder in folders]!r}, out={os.fspath(out)!r})"
    whole = {name: value for name, value in settings.items() if name != "shard"}
    with locked(run), recorded(run, "evaluate", whole):
        found, document = merge_parts(parts, run, line)
    return Evaluation(run, tuple(found), (), document)


def _record(folder: Path) -> ShardRecord:
    record = read_shard(folder)
    if record is None:
        raise RunError(
            f"{folder}: holds no shard: `t5eval evaluate --shard I/N` has a shard.json there once it has finished a "
            "split, and `t5eval prepare --shard I/N` a shard-manifest.json"
        )
    return record
