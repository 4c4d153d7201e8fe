"""A predictor of the user's own, watched: what breaks its contract is one line that names it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from t5eval.predictors.answering import require_one_each
from t5eval.predictors.halving import is_out_of_memory
from t5eval.predictors.predictor import Generation, Predictor, Prepared
from t5eval.runs.prediction import Ranking
from t5eval.support.guard import Guard

METHODS = ("prepare", "generate", "rank", "device", "decoding", "expect", "begin", "cache_identity")
CHATS = "prepare_chats"
LATER = (CHATS, "count_unwritable")  # what a predictor may lack that was written before they were asked for
GIVES = {"prepare": Prepared, CHATS: Prepared, "generate": Generation, "rank": Ranking}  # one to each input


def require_predictor(predictor: Any, guard: Guard, code: str | None = None) -> Predictor:
    """Returns a predictor that watches what should be one.

    Args:
        predictor: what should be one.
        guard: names it in what goes wrong.
        code: the SHA-256 of the file that it is from, which becomes part of its identity; None where there is none.

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
    watched = _Watched(predictor, guard, code)
    watched.identity  # noqa: B018  (it is looked at when it is asked for)
    return cast(Predictor, watched)


class _Watched:
    """Does what another predictor does, and lets through what says that memory was not enough."""

    def __init__(self, predictor: Any, guard: Guard, code: str | None):
        self._predictor = predictor
        self._guard = guard
        self._code = {} if code is None else {"code": code}
        for name in (*METHODS, *(name for name in LATER if hasattr(predictor, name))):
            method = getattr(predictor, name)
            check = partial(_require, guard, method, GIVES[name]) if name in GIVES else None
            setattr(self, name, guard.watched(method, name, check, passing=is_out_of_memory))

    def count_unwritable(self, texts: Sequence[str]) -> int | None:
        """See `Predictor.count_unwritable`, which a predictor may lack."""
        return None

    @property
    def follows_decoding(self) -> bool:
        """Whether the predictor says itself how its answers come about, by a `decoding` of its own."""
        return getattr(type(self._predictor), "decoding", None) is not Predictor.decoding

    @property
    def identity(self) -> Mapping[str, str]:
        found = self._guard.watched(lambda: self._predictor.identity, "identity", passing=is_out_of_memory)()
        if not isinstance(found, Mapping) or not all(isinstance(text, str) for pair in found.items() for text in pair):
            kind = type(self._predictor).__name__
            raise self._guard.fault(f"the identity of its {kind} must map strings to strings, got {found!r}")
        return {**found, **self._code}


def _require(guard: Guard, method: Callable[..., Any], kind: type, found: Any, inputs: Sequence[Any], *_: Any) -> Any:
    require_one_each(found, inputs, kind, lambda message: guard.fault(message, method))
    other = next((given for given in found if not isinstance(getattr(given, "text", ""), str)), None)
    if other is not None:
        kind = type(other.text)
        raise guard.fault(f"the text of a Generation must be a text, got {kind.__name__}", method)
    return found
