"""A run at Weights & Biases."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from t5eval.runs.tracking.known_runs import KnownRuns
from t5eval.runs.tracking.log import Log
from t5eval.support.errors import MissingPackage
from task_specs.support.errors import UserError

FILE = "wandb.json"  # in a run's folder: which run it is there


@contextmanager
def wandb_run(project: str, run: Path, config: Mapping[str, Any]) -> Iterator[Log]:
    """Opens the run that a folder has at Weights & Biases, or begins it, for the length of the block.

    A step that a resumed run takes again is logged again, with the same numbers; the curves are drawn over `step`.

    Args:
        project: its project there. In another one than before, a run of its own begins.
        run: the run's folder, held by this process.
        config: the settings to show beside it.

    Raises:
        MissingPackage: wandb is not installed.
        UserError: wandb does not begin, as where nobody is logged in.
    """
    try:
        import wandb
    except ModuleNotFoundError as error:
        raise MissingPackage(f"--wandb needs {error.name}: pip install 't5eval[wandb]'") from None
    try:
        opened = wandb.init(
            project=project,
            id=_id(project, run / FILE),
            name=run.resolve().name,
            resume="allow",
            dir=str(run),
            config=dict(config),
            allow_val_change=True,  # a run goes on with more steps
            settings=wandb.Settings(console="off"),
        )
        # Not its own count: that goes on from the last number sent, and would drop the steps that are taken again.
        opened.define_metric("*", step_metric="step")
    except wandb.Error as error:
        raise UserError(
            f"--wandb {project}: {error} WANDB_MODE=offline logs without a network and an account."
        ) from None
    try:
        yield lambda step, numbers: opened.log({**numbers, "step": step})
    except BaseException:
        opened.finish(exit_code=1)
        raise
    opened.finish(exit_code=0)


def _id(project: str, path: Path) -> str:
    """Returns the id of the folder's run in a project; a new one is stored."""
    known = KnownRuns(path, "Weights & Biases")
    if known.get(project) is None:
        known.put(project, secrets.token_hex(4))
    found = known.get(project)
    assert found is not None
    return found
