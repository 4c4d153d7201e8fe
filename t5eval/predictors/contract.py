"""A predictor of the user's own, watched: what breaks its contract is one line that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t5eval.data import Split
from t5eval.predictors.answering import require_one_each
from t5eval.predictors.halving import is_out_of_memory
from t5eval.predictors.predictor import Answering, Generation, Predictor, Prepared
from t5eval.runs.prediction import Ranking
from t5eval.support.guard import Guard
from task_specs import Decode
from task_specs.errors import UserError

METHODS = ("prepare", "generate", "rank", "device", "decoding", "expect", "begin")


def require_predictor(predictor: Any, guard: Guard) -> Predictor:
    """Returns a predictor that watches what should be one.

    Raises:
        UserError: it is none that the harness can predict with.
    """
    missing = [name for name in METHODS if not callable(getattr(predictor, name, None))]
    if not hasattr(type(predictor), "identity") and not hasattr(predictor, "identity"):
        missing.append("identity")
    if missing:
        raise guard.fault(
            f"it returns a {type(predictor).__name__}, which has no {', '.join(missing)}; a predictor derives from "
            f"{Predictor.__module__}.{Predictor.__name__} and has prepare, generate and identity"
        )
    guarded = GuardedPredictor(predictor, guard)
    guarded.identity  # noqa: B018  (it is looked at when it is asked for)
    return guarded


class GuardedPredictor(Predictor):
    """Does what another predictor does, and lets through what says that memory was not enough.

    Args:
        predictor: the other one.
        guard: names it.
    """

    def __init__(self, predictor: Predictor, guard: Guard):
        self._predictor = predictor
        self._guard = guard

    @property
    def identity(self) -> Mapping[str, str]:
        found: Mapping[str, str] = self._call("identity", lambda: self._predictor.identity)
        if not isinstance(found, Mapping) or not all(isinstance(text, str) for pair in found.items() for text in pair):
            kind = type(self._predictor).__name__
            raise self._guard.fault(f"the identity of its {kind} must map strings to strings, got {found!r}")
        return found

    def prepare(self, texts: Sequence[str], max_tokens: int) -> list[Prepared]:
        found: list[Prepared] = self._call("prepare", self._predictor.prepare, texts, max_tokens)
        self._require(found, texts, Prepared, self._predictor.prepare)
        return found

    def generate(self, batch: Sequence[Prepared], max_new_tokens: int, decode: Decode) -> list[Generation]:
        found: list[Generation] = self._call("generate", self._predictor.generate, batch, max_new_tokens, decode)
        self._require(found, batch, Generation, self._predictor.generate)
        other = next((given for given in found if not isinstance(given.text, str)), None)
        if other is not None:
            kind = type(other.text).__name__
            raise self._guard.fault(f"the text of a Generation must be a text, got {kind}", self._predictor.generate)
        return found

    def rank(self, batch: Sequence[Prepared], answers: Sequence[str]) -> list[Ranking]:
        found: list[Ranking] = self._call("rank", self._predictor.rank, batch, answers)
        self._require(found, batch, Ranking, self._predictor.rank)
        return found

    def device(self) -> str | None:
        found: str | None = self._call("device", self._predictor.device)
        return found

    def decoding(self, answering: Answering) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._call("decoding", self._predictor.decoding, answering)
        return found

    def expect(self, splits: Sequence[Split]) -> None:
        self._call("expect", self._predictor.expect, splits)

    def begin(self, split: Split) -> None:
        self._call("begin", self._predictor.begin, split)

    def _require(self, found: Any, inputs: Sequence[object], kind: type, function: Callable[..., Any]) -> None:
        require_one_each(found, inputs, kind, lambda message: self._guard.fault(message, function))

    def _call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(error, Exception) and is_out_of_memory(error):
                raise
            raise self._guard.raised(name, error) from error
