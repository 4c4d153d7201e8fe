"""Generated texts as segments of a file: one line each, never empty."""

import re
from collections.abc import Mapping
from typing import Any

from task_specs.support.errors import UserError, quoted

# What WMT's own tools write where a translation is missing.
NO_TRANSLATION = "NO TRANSLATION AVAILABLE"

# Control characters (tabs, line breaks of all kinds), line and paragraph separators, byte order marks, and what XML
# cannot hold: each is a line break, a column break or a fault to one reader or another.
BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def one_line(text: str) -> str:
    """Returns a text as one line: what could break it is a space, and the ends have none."""
    return BREAKING.sub(" ", text).strip()


def as_segments(task: str, answers: Mapping[str, Any]) -> tuple[dict[str, str], int]:
    """Returns texts as lines, and how many of them were empty, for which `NO_TRANSLATION` stands in.

    Raises:
        UserError: a value is no text, or no Unicode text; names the task and the id.
    """
    segments: dict[str, str] = {}
    empty = 0
    for example_id, text in answers.items():
        check_text(task, example_id, text)
        line = one_line(text)
        empty += not line
        segments[example_id] = line or NO_TRANSLATION
    return segments, empty


def check_text(task: str, example_id: str, text: Any) -> None:
    """Raises a UserError if a value is no text that a file can hold."""
    if not isinstance(text, str):
        raise UserError(f"{task}, id {example_id!r}: expected a text, got {quoted(repr(text))}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UserError(f"{task}, id {example_id!r}: not Unicode text (half a surrogate pair)") from None


def segment_fault(text: str) -> str:
    """Returns why a line of somebody's file cannot be a segment, empty if it can."""
    if not text.strip():
        return f"an empty segment; write {NO_TRANSLATION!r} where there is no translation"
    found = BREAKING.search(text)
    if not found:
        return ""
    if found.group() == "\t":
        return "a tab, after which sacrebleu reads a second system; write a space"
    return f"the character U+{ord(found.group()):04X}, at which some readers break the line; write a space"


def read_segment(text: str) -> str:
    """Returns what a segment says: nothing where `NO_TRANSLATION` stands in."""
    return "" if text == NO_TRANSLATION else text
