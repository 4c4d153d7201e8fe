"""Apache Beam, where it is installed: its runners by the names of `--runner`, and pipelines on them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from t5eval.support.errors import MissingPackage
from t5eval.support.tensorflow_import import silent_stderr
from task_specs.support.errors import UserError

RUNNERS = {
    "direct": "",
    "dask": "apache_beam.runners.dask.dask_runner.DaskRunner",  # by its short name Beam does not find it
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "dataflow": "DataflowRunner",
}
"""What `--runner` says, and Beam's name of it. The direct one runs in this process, all of it in memory."""


def require_one_engine(runner: str | None, runner_options: Sequence[str], workers: int | None) -> None:
    """Raises UserError if a command is given what only Beam takes and what only processes of this machine take."""
    if runner and workers:
        raise UserError("--workers counts processes of this machine; on Beam it is the runner's option that does")
    if runner_options and not runner:
        raise UserError("--runner-option needs --runner")


def require_beam(options: Sequence[str]) -> Any:
    """Returns the module `apache_beam`.

    Args:
        options: `KEY=VALUE` each, what `--KEY=VALUE` is for Beam and the runner; `KEY` alone for a flag.

    Raises:
        MissingPackage: Beam is not installed.
        UserError: an option is none.
    """
    try:
        with silent_stderr():  # it warns of optional packages that it lacks
            import apache_beam as beam
    except ModuleNotFoundError as error:
        raise MissingPackage(f"--runner needs {error.name}: pip install 't5eval[beam]'") from None
    if any(option.startswith("-") or not option for option in options):
        raise UserError(f"--runner-option takes KEY=VALUE without dashes, got {', '.join(options)}")
    return beam


def _dask_options(options: Sequence[str]) -> list[str]:
    """Returns what is said to Dask's runner besides what a user says: that each first element is work for a worker.

    Raises:
        MissingPackage: Dask is not installed.
    """
    try:
        import distributed  # noqa: F401  (it sets its logger's level, which says each connection)
    except ModuleNotFoundError as error:
        raise MissingPackage(f"--runner dask needs {error.name}: pip install 't5eval[dask]'") from None
    logging.getLogger("distributed").setLevel(logging.WARNING)
    given = {option.partition("=")[0] for option in options}
    return [] if given & {"dask_npartitions", "dask_partition_size"} else ["dask_partition_size=1"]


def run_pipeline(runner: str, options: Sequence[str], build: Callable[[Any, Any], None]) -> None:
    """Runs a pipeline to its end.

    Args:
        runner: a key of `RUNNERS`.
        options: as in `require_beam`.
        build: puts the steps into a pipeline; gets the module `apache_beam` and the pipeline.

    Raises:
        MissingPackage: Beam is not installed.
        UserError: an option is none, or the pipeline failed.
    """
    beam = require_beam(options)
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    # `direct` is named as an object: by its name Beam would look for a program of its own to download.
    chosen = FnApiRunner() if runner == "direct" else RUNNERS[runner]
    if runner == "dask":
        options = [*options, *_dask_options(options)]
    pipeline = beam.Pipeline(runner=chosen, options=PipelineOptions([f"--{option}" for option in options]))
    build(beam, pipeline)
    running: Any = None
    try:
        running = pipeline.run()
        running.wait_until_finish()
    except Exception as error:  # whatever the runner makes of a worker's error, or of its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(f"Beam's {runner} runner: {lines[-1]}") from error
    finally:
        if (client := getattr(running, "client", None)) is not None:
            client.close()  # which Dask's runner leaves open
