"""What must hold of every run of a study before the first step of any: an error in the last one is said at once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import task_specs
from t5eval.api.evaluate import choose_splits
from t5eval.data import data_source
from t5eval.plugins.callbacks import require_callbacks
from t5eval.predictors.checkpoint_name import find_checkpoint
from t5eval.studies.planned_runs import Measure, Plan, PlannedRun
from t5eval.support.strategy import MULTIWORKER, require_known
from t5eval.training.fine_tuning import training_splits
from t5eval.training.first_model import fresh_config
from t5eval.training.mixture import drawn_tasks
from t5eval.training.token_ids import require_prepared, require_prepared_fit
from task_specs.support.errors import UserError

if TYPE_CHECKING:
    from keras_model.tokenizers.tokenizer import Tokenizer

FIRST_DOCUMENTS = 1000
"""So many of each text file are read; the rest is read when it is prepared, which is before that run's first step."""


def require_possible(plan: Plan) -> None:
    """Looks at the data, the text, the vocabulary and the model that each run starts from; of several seeds once.

    Raises:
        UserError: one is missing, damaged, or does not fit the others.
    """
    checks = _Checks()
    seen: set[str] = set()
    for run in plan.runs.values():
        measures = plan.measured[run.folder]
        described = json.dumps([_without_seeds(run), [measure.name for measure in measures]], default=str)
        if described in seen:
            continue
        seen.add(described)
        try:
            if run.table is not None:
                checks.require_training(run)
            _require_data(run, measures)
        except UserError as error:
            raise UserError(f"{run.name}: {error}") from None


def _without_seeds(run: PlannedRun) -> dict[str, Any]:
    """Returns what a run's checks depend on: its seed where text is prepared, which is for one."""
    table = run.table or {}
    own = {key: value for key, value in table.items() if key != "seed" or "prepared" in table.get("text", {})}
    return {**own, "after": [_without_seeds(parent) for parent in run.parents]}


class _Checks:
    """The checks of trainings; what several of them read is read once."""

    def __init__(self) -> None:
        self.vocabulary = cache(_vocabulary)
        self.require_text = cache(_require_text)
        self.prepared: set[tuple[Any, ...]] = set()

    def require_training(self, run: PlannedRun) -> None:
        config = run.config
        require_callbacks(config.callbacks)
        require_known(config.strategy)
        if config.strategy == MULTIWORKER:
            raise UserError(
                "strategy multiworker trains one run in several processes, and those of a study take a run each; "
                "mirrored is for the devices of one process"
            )
        text = config.text_data
        drawn, data = drawn_tasks(config.mixture, with_text=text is not None), data_source(config.data_dir)
        if config.prepared is None:
            training_splits(drawn, data)
        tokenizer = self.tokenizer(run)
        prepared = config.prepared, text, config.settings.seed, data.option, *drawn, tokenizer.fingerprint
        if prepared not in self.prepared:
            require_prepared(config, drawn, data, tokenizer)  # hashes what the records were made of
            self.prepared.add(prepared)
        require_prepared_fit(config, drawn)
        if text:
            if config.settings.packing:
                text.require_fit(tokenizer, config.settings.packing)
            else:
                text.objective_of(tokenizer)
            for file in text.files if text.prepared is None else ():
                self.require_text(Path(file))
        if not config.model:
            fresh_config(config, tokenizer)
        for parent in run.parents:
            if parent.table is not None and parent.config.trained.adaptation is not None:
                raise UserError(
                    f"it starts from {parent.name}, which trains {parent.config.trained.adaptation.name} beside its "
                    "own base: such weights are trained in their own run alone"
                )

    def tokenizer(self, run: PlannedRun) -> Tokenizer:
        """Returns the tokenizer that a run will have: its own, or that of the run that it starts from."""
        if run.parents and not run.config.vocab:
            return self.tokenizer(run.parents[0])
        return self.vocabulary(run.config.vocab, run.config.model if not run.parents else None)


def _vocabulary(vocab: str | None, model: str | None) -> Tokenizer:
    from keras_model.checkpoints import load_tokenizer, open_checkpoint

    try:
        found = find_checkpoint(model).path if model else None
        if found is not None:
            open_checkpoint(found)  # which holds adapters against their base
        return load_tokenizer(found, vocab)
    except ValueError as error:
        raise UserError(str(error)) from None


def _require_text(file: Path) -> None:
    """Reads the beginning of a text file.

    Raises:
        UserError: it is empty, no text, or has a line that is too long for a document.
    """
    from keras_model.data.text_files import read_documents

    try:
        for _ in itertools.islice(read_documents([file]), FIRST_DOCUMENTS):
            pass
    except ValueError as error:
        raise UserError(str(error)) from None


def _require_data(run: PlannedRun, measures: Iterable[Measure]) -> None:
    """Looks whether the validation splits are there that are measured."""
    for measure in measures:
        if measure.tasks:
            specs = [task_specs.get(name) for name in measure.tasks]
            data = data_source(run.trained[0].config.data_dir)
            _, skipped, _ = choose_splits(specs, data, ["validation"], "score")
            if skipped:
                raise UserError(f"{measure.name} cannot be measured: {', '.join(skipped)} is not in {data.option}")
