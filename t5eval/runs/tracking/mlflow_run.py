"""A run at MLflow, where MLflow's own settings say that is: `MLFLOW_TRACKING_URI`."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from t5eval.runs.tracking.known_runs import KnownRuns
from t5eval.runs.tracking.log import Log
from t5eval.support.errors import MissingPackage
from task_specs.support.errors import UserError

FILE = "mlflow.json"  # in a run's folder: which run it is there
LONGEST = 500  # characters of a setting, which every store takes
AT_ONCE = 100  # settings that one request may hold

_FORBIDDEN = re.compile(r"[^\w./ -]", re.ASCII)


@contextmanager
def mlflow_run(experiment: str, run: Path, config: Mapping[str, Any]) -> Iterator[Log]:
    """Opens the run that a folder has at MLflow, or begins it, for the length of the block.

    Args:
        experiment: its experiment there, which is made if there is none. In another one than before, a run of its own
            begins.
        run: the run's folder, held by this process.
        config: the settings to show beside it. MLflow keeps the first value that it was told of each.

    Raises:
        MissingPackage: MLflow is not installed.
        UserError: MLflow cannot be reached, or refuses.
    """
    try:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as error:
        raise MissingPackage(f"--mlflow needs {error.name}: pip install 't5eval[mlflow]'") from None

    @contextmanager
    def explained() -> Iterator[None]:
        try:
            yield
        except MlflowException as error:
            reason = " ".join(str(error).split())[:300]
            raise UserError(f"--mlflow {experiment}: {reason}. MLFLOW_TRACKING_URI says where MLflow is.") from None

    known = KnownRuns(run / FILE, "MLflow")
    with explained():
        client = MlflowClient()
        opened = _opened(client, experiment, run.resolve().name, known)
        told = client.get_run(opened).data.params
        fresh = [Param(key, value) for key, value in _params(config).items() if key not in told]
        for begin in range(0, len(fresh), AT_ONCE):
            client.log_batch(opened, params=fresh[begin : begin + AT_ONCE])

    def log(step: int, numbers: Mapping[str, float]) -> None:
        now = int(1000 * time.time())
        metrics = [Metric(_FORBIDDEN.sub("_", name), float(number), now, step) for name, number in numbers.items()]
        with explained():
            client.log_batch(opened, metrics=metrics)

    try:
        yield log
    except BaseException:
        with explained():
            client.set_terminated(opened, "FAILED")
        raise
    with explained():
        client.set_terminated(opened, "FINISHED")


def _opened(client: Any, experiment: str, name: str, known: KnownRuns) -> str:
    """Returns the id of the folder's run in an experiment; a new one is stored."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(experiment)
    place = found.experiment_id if found else client.create_experiment(experiment)
    before = known.get(experiment)
    if before is not None:
        try:
            client.update_run(before, status="RUNNING")
            return before
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # as in another store than the last time
                raise
    opened: str = client.create_run(place, run_name=name).info.run_id
    known.put(experiment, opened)
    return opened


def _params(config: Mapping[str, Any]) -> dict[str, str]:
    """Returns settings as MLflow takes them: texts that are not too long; what is not set is left out."""
    said = {_FORBIDDEN.sub("_", key): value for key, value in config.items() if value is not None}
    texts = {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in said.items()}
    return {key: text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for key, text in texts.items()}
