"""JSON from anywhere: no NaN, no number that a float cannot hold, no name twice in an object, no endless nesting."""

import json
import math
from collections.abc import Callable
from typing import Any

from keras_model.files.strict_json import each_once


def line_fault(error: Exception) -> str:
    """Returns what is wrong with a line of JSON; the place is a column, since the parser counts its lines from here."""
    return f"{error.msg}: column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)


def parse_json(text: str | bytes, pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """Parses strict JSON: no NaN or infinity, also not as a number like 1e999.

    Args:
        text: the text, or its bytes in UTF-8.
        pairs_hook: what makes a value of an object's names and values; if None, a dict, in which no name stands twice.

    Raises:
        ValueError: the text is not such JSON, or nested too deeply.
    """
    try:
        return json.loads(
            text if isinstance(text, str) else text.decode("utf-8"),
            object_pairs_hook=pairs_hook or each_once,
            parse_constant=_refuse,
            parse_float=_finite,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def strict_decoder() -> json.JSONDecoder:
    """Returns a decoder for values within a longer text, which refuses a name that stands twice in an object."""
    return json.JSONDecoder(object_pairs_hook=each_once)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is larger than any number")
    return number
