"""Gradual unfreezing: which weights are trained in which steps of a run."""

from __future__ import annotations

from typing import Any

from keras_model.t5 import T5
from keras_model.training_run.fit_settings import TrainSettings


class Unfreezing:
    """The episodes of a run in which encoder and decoder thaw in parallel, each from its top block down.

    There are as many episodes as the deeper stack has blocks, of equal parts of the steps. In the n-th, the n topmost
    blocks of each stack are trained. Embedding, output head and the norm after the last block are trained throughout;
    a position bias that all blocks share is of the lowest block, where checkpoints keep it. Weights that the user froze
    stay frozen. Without gradual unfreezing there is one episode, of everything.

    Source: Raffel et al. 2020, section 3.5.1. It says blocks and embedding; norm and position bias are our reading.

    Args:
        model: the model to be trained.
        settings: how.
    """

    def __init__(self, model: T5, settings: TrainSettings) -> None:
        depth, self._steps = 1, settings.steps
        stacks = tuple(model.stacks.values()) if settings.gradual_unfreezing else ()
        if stacks:
            depth = max(len(stack.blocks) for stack in stacks)
        whole = settings.steps // settings.steps_per_execution  # nothing changes inside an execution
        self.starts = [whole * episode // depth * settings.steps_per_execution for episode in range(depth)]
        """The steps before each episode, rising from 0."""
        first = {id(variable): 0 for variable in model.trainable_variables}
        for stack in stacks:
            for place, block in enumerate(reversed(stack.blocks)):
                biases = stack.position_biases if len(stack.position_biases) > 1 else []
                below = [] if place + 1 < len(stack.blocks) else stack.position_biases[:1]
                for layer in (block, *(biases[::-1][place : place + 1] or below)):
                    first |= {id(weight): self.starts[place] for weight in layer.trainable_weights}
        self._first: list[tuple[Any, int]] = [(weight, first[id(weight)]) for weight in model.trainable_variables]

    def end(self, step: int) -> int:
        """The last step of the episode that the step after `step` belongs to."""
        return next((start for start in self.starts if start > step), self._steps)

    def enter(self, step: int) -> None:
        """Freezes and unfreezes weights as the step after `step` has it."""
        for weight, first in self._first:
            weight.trainable = first <= step

    def leave(self) -> None:
        """Unfreezes all that the run trains."""
        self.enter(self._steps)

    def began(self) -> list[int]:
        """For each weight that is trained now, the steps that the run took before."""
        return [first for weight, first in self._first if weight.trainable]
