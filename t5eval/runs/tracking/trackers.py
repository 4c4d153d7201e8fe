"""All the trackers that a command was given, as one."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.runs.tracking.log import Log
from t5eval.runs.tracking.mlflow_run import mlflow_run
from t5eval.runs.tracking.tensorboard_file import tensorboard_file
from t5eval.runs.tracking.wandb_run import wandb_run


@dataclass(frozen=True)
class Trackers:
    """Where numbers go besides the run's folder.

    Attributes:
        tensorboard: the folder of TensorBoard's files.
        wandb: a project at Weights & Biases.
        mlflow: an experiment at MLflow.
    """

    tensorboard: Path | None = None
    wandb: str | None = None
    mlflow: str | None = None

    @contextmanager
    def open(self, run: Path, config: Mapping[str, Any]) -> Iterator[Log]:
        """Opens them for the length of the block.

        Args:
            run: the run's folder, held by this process.
            config: the settings to show beside the numbers.

        Raises:
            MissingPackage: a tracker's package is not installed.
            UserError: a tracker does not begin.
        """
        with ExitStack() as stack:
            logs: list[Log] = []
            if self.tensorboard is not None:
                logs.append(stack.enter_context(tensorboard_file(self.tensorboard)))
            if self.wandb:
                logs.append(stack.enter_context(wandb_run(self.wandb, run, config)))
            if self.mlflow:
                logs.append(stack.enter_context(mlflow_run(self.mlflow, run, config)))

            def log(step: int, numbers: Mapping[str, float]) -> None:
                for told in logs if numbers else ():
                    told(step, numbers)

            yield log
