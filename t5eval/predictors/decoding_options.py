"""How a user asks for answers to be decoded: options for all tasks, each in place of what a task's row says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from t5eval.predictors.predictor import Answering, Predictor, Rank, Sample
from task_specs import Decode, TaskSpec
from task_specs.support.errors import UserError

METHODS = ("greedy", "beam", "sample", "rank")
GENERATIONS = ("row", "model")
T5_BEAM = Decode("beam", beam_size=4, alpha=0.6)
"""Raffel et al. 2020, section 3.1.4, for tasks with long outputs; what `beam` means where a row is greedy."""
OF_METHOD = {
    "beam_size": "beam", "alpha": "beam",
    "temperature": "sample", "top_k": "sample", "top_p": "sample", "seed": "sample", "samples": "sample",
}  # fmt: skip
"""The options that belong to one method, and ask for it where no method is named."""
TOP_K = 50
"""What transformers draws from where a generation_config.json asks for sampling and says no top_k."""


@dataclass(frozen=True)
class DecodingOptions:
    """What is asked for; None where it is left to the task's row.

    Attributes:
        decode: one of `METHODS`.
        beam_size: hypotheses of a beam search.
        alpha: exponent of its length penalty.
        max_new_tokens: the longest output in tokens, end of sequence included.
        temperature: see `Sample`, as with those that follow.
        top_k: see there.
        top_p: see there.
        seed: see there.
        samples: see there.
        generation: whether the `row` says how answers are decoded, or the `model`'s own generation_config.json.

    Raises:
        UserError: one of them is out of its range, or two contradict each other.
    """

    decode: str | None = None
    beam_size: int | None = None
    alpha: float | None = None
    max_new_tokens: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    seed: int | None = None
    samples: int | None = None
    generation: str = "row"

    def __post_init__(self) -> None:
        for name, methods in (("decode", (None, *METHODS)), ("generation", GENERATIONS)):
            if (value := getattr(self, name)) not in methods:
                raise UserError(f"{name} {value!r}: it is {', '.join(map(str, methods[:-1]))} or {methods[-1]}")
        given = [name for name in OF_METHOD if getattr(self, name) is not None]
        for name in given:
            if OF_METHOD[name] != self.method:
                asked = f"--decode {self.decode}" if self.decode else _option(given[0])
                raise UserError(f"{_option(name)} belongs to --decode {OF_METHOD[name]} and does not go with {asked}")
        for name, least in (("beam_size", 1), ("max_new_tokens", 1), ("alpha", 0)):
            if (number := getattr(self, name)) is not None and not least <= number < math.inf:
                raise UserError(f"{_option(name)} {number}: it is {least} or more")
        if self.beam_size == 1 and self.alpha is not None:
            raise UserError("--beam-size 1 is greedy, without a length penalty: leave out --alpha")
        if self.decode == "rank" and self.max_new_tokens is not None:
            raise UserError("--max-new-tokens says nothing of --decode rank, which generates no text")
        self._sample()  # its ranges

    @property
    def method(self) -> str | None:
        """The method that is named, or that an option implies; None for what each row says."""
        return self.decode or next((m for name, m in OF_METHOD.items() if getattr(self, name) is not None), None)

    def answering(self, spec: TaskSpec) -> Answering | None:
        """Returns how a task is answered, None if its answers are to be ranked and it has no fixed ones."""
        if self.method == "greedy" or (self.method == "beam" and self.beam_size == 1):
            return Decode()
        if self.method == "beam":
            row = spec.decode if spec.decode.method == "beam" else T5_BEAM
            return Decode("beam", self.beam_size or row.beam_size, row.alpha if self.alpha is None else self.alpha)
        if self.method == "sample":
            return self._sample()
        if self.method == "rank":
            return Rank(spec.answer.choices) if spec.answer.choices else None
        return spec.decode

    def _sample(self) -> Sample:
        names = [name for name, method in OF_METHOD.items() if method == "sample"]
        return Sample(**{name: value for name in names if (value := getattr(self, name)) is not None})

    def as_model_says(self, own: Mapping[str, Any]) -> DecodingOptions:
        """Returns the options with the method that a model's generation_config.json asks for, unless one is asked for.

        Args:
            own: what the file says, as `generation_settings` gives it.
        """
        if self.method is not None:
            return self
        if own.get("do_sample"):
            temperature, top_k, top_p = own.get("temperature"), own.get("top_k", TOP_K) or None, own.get("top_p")
            return replace(self, decode="sample", temperature=temperature, top_k=top_k, top_p=top_p)
        if "num_beams" in own:
            return replace(self, decode="beam", beam_size=own["num_beams"], alpha=own.get("length_penalty", 1.0))
        return self

    def unheard_by(self, predictor: Predictor) -> str:
        """Returns the options that a predictor may not follow, empty if there are none.

        One of the user's own says by a `decoding` of its own that it looks at how answers are asked for.
        """
        own = getattr(predictor, "follows_decoding", True)
        given = [name for name in OF_METHOD if getattr(self, name) is not None]
        named = [f"--decode {self.decode}"] if self.decode else list(map(_option, given))
        return "" if own or self.method == "rank" else ", ".join(named)

    def to_config(self) -> dict[str, Any]:
        """Returns the options as a run's config.toml has them; None where nothing was asked."""
        return asdict(self) | {"generation": None if self.generation == "row" else self.generation}


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
