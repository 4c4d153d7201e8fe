"""Mutations of valid files: of their bytes, of their structure, and of the types of what they hold."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from random import Random
from typing import Any

import tomli_w

PIECES = [
    b"", b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xff\xfe", b"\xef\xbb\xbf",
    b"\x1b[2J", b"\x85",
    b"\r",
    b"\r\n", b"\n", b"\n\n", b"\t", b"\t\t", b" ", b'"', b"'", b"\\", b"\\ud800",
    b"\\u0000", b",", b":", b"{", b"}", b"[", b"]",
    b"<", b">", b"</", b"<!--", b"&", b"&#0;", b"&amp;", b"<doc>", b"<seg id=", b"-", b"-1", b"0", b"1e999", b"NaN",
    b"null", b"true", b"1_0", b"=", b"#", b"[[a]]", b"(" * 60, b"a" * 3_000, b"[" * 2_000, b'{"a":' * 1_500,
    b"9" * 4_301, "\u2028\u202e\ufeff".encode(), "２".encode(), "e\u0301".encode(),
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 10**30, 10**4_200, 1.5, -0.0, 1e300, "", "0", "x", "a" * 300, "\0\x1b[2J\u202e",
    "../../etc/passwd", [], {}, [[]], [None], [0, 1], {"": None}, {"a": {"a": 1}}, ["x", 1],
]  # fmt: skip


def mutated(raw: bytes, chance: Random, name: str) -> bytes:
    """Returns a file's bytes with one to three mutations; `name` is the file's, whose ending says what it holds."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        raw = chance.choice((_bytes, _lines, _structure, _structure))(raw, chance, name)
    return raw


def _bytes(raw: bytes, chance: Random, name: str) -> bytes:
    at = chance.randrange(len(raw) + 1)
    end = min(len(raw), at + chance.choice((0, 1, 1, 3, 20, 200)))
    kind = chance.randrange(5)
    if kind == 0:
        return raw[:at]
    if kind == 1:
        return raw[:at] + raw[end:]
    if kind == 2:
        return raw[:end] + raw[at:end] + raw[end:]
    if kind == 3:
        return raw[:at] + chance.randbytes(end - at) + raw[end:]
    return raw[:at] + chance.choice(PIECES) + raw[end:]


def _lines(raw: bytes, chance: Random, name: str) -> bytes:
    lines = raw.split(b"\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(4)
    if kind == 0:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 1:
        lines.insert(other, lines[at])
    elif kind == 2:
        del lines[at]
    else:
        cells = lines[at].split(b"\t")
        cells[chance.randrange(len(cells))] = chance.choice(PIECES)
        lines[at] = b"\t".join(cells)
    return b"\n".join(lines)


def _structure(raw: bytes, chance: Random, name: str) -> bytes:
    """Mutates the tree of a JSON or TOML file, or of one line of JSON lines; other files byte by byte."""
    try:
        if name.endswith(".toml"):
            return tomli_w.dumps(_tree(tomllib.loads(raw.decode()), chance)).encode()
        if name.endswith(".jsonl"):
            lines = raw.split(b"\n")
            at = chance.randrange(len(lines))
            lines[at] = _dumped(_tree(json.loads(lines[at]), chance), chance)
            return b"\n".join(lines)
        if name.endswith(".json"):
            return _dumped(_tree(json.loads(raw), chance), chance)
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass  # it is no longer of this kind, or TOML cannot say it
    return _bytes(raw, chance, name)


def _dumped(value: Any, chance: Random) -> bytes:
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.05:
        text = text.replace(":", ': {"a": ' * 3, 1)
    if chance.random() < 0.1 and text.startswith("{") and len(text) > 2:
        text = text[:-1] + "," + text[1:]  # every name twice
    return text.encode(errors="surrogatepass")


def _tree(value: Any, chance: Random) -> Any:
    """Returns a tree with one node replaced, removed, renamed, repeated or wrapped."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key, part in list(node.items() if isinstance(node, dict) else enumerate(node)):
            places.append((node, key))
            if isinstance(part, dict | list):
                walk(part)

    if not isinstance(value, dict | list):
        return chance.choice(VALUES)
    walk(value)
    if not places:
        return chance.choice(VALUES)
    holder, key = chance.choice(places)
    change: Callable[[], Any] = chance.choice(
        (
            lambda: holder.__setitem__(key, chance.choice(VALUES)),
            lambda: holder.__setitem__(key, chance.choice(VALUES)),
            lambda: holder.__delitem__(key),
            lambda: holder.__setitem__(key, [holder[key]]),
            lambda: holder.__setitem__(key, {"a": holder[key]}),
            lambda: holder.__setitem__(key, _other_type(holder[key])),
            lambda: holder.__setitem__(key, _nested(chance.choice((30, 100, 900)))),
            lambda: holder.update({f"{key}x": holder.pop(key)}) if isinstance(holder, dict) else holder.append(key),
            lambda: holder.update({"new": 1}) if isinstance(holder, dict) else holder.append(holder[key]),
        )
    )
    change()
    return value


def _other_type(value: Any) -> Any:
    if isinstance(value, str):
        return int(value) if value.isdecimal() and value.isascii() else len(value)
    if isinstance(value, bool | int | float):
        return str(value)
    return list(value) if isinstance(value, dict) else dict.fromkeys(map(str, value))


def _nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value
