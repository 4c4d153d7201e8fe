"""Texts of any kind in files that are UTF-8: names of files may be bytes that are none."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

_MARK = "bytes:"


def encodable(value: Any) -> Any:
    """Returns plain data in which a text that UTF-8 cannot say is `bytes:` and its bytes, those not ASCII as `%FF`.

    Args:
        value: tables, lists and texts, in which Python has such bytes as half surrogates.
    """
    return _each(value, _encodable)


def decoded(value: Any) -> Any:
    """Returns the data from which `encodable` made this."""
    return _each(value, _decoded)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {change(key): _each(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_each(part, change) for part in value]
    return change(value) if isinstance(value, str) else value


def _encodable(text: str) -> str:
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text  # no file can have such a name
    is_utf8 = raw == text.encode("utf-8", "replace")
    return text if is_utf8 and not text.startswith(_MARK) else _MARK + quote(raw, safe="/:")


def _decoded(text: str) -> str:
    return unquote_to_bytes(text[len(_MARK) :]).decode("utf-8", "surrogateescape") if text.startswith(_MARK) else text
