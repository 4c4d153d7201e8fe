"""Filters: what is done to a generated text, in the order declared, before a task's answer parser reads it.

Without filters a text is read as T5's own postprocessors read it. A filter that finds nothing makes the text
unreadable; it never makes a class of it.
"""

import re
import string
from collections.abc import Callable, Sequence
from functools import lru_cache

from task_specs.support.errors import SpecError, did_you_mean, quoted

REGEX = "regex:"
MAX_STEPS = 10**8
"""Steps that a search for a pattern may take at the worst; the more open repeats it has, the less text it sees."""

_NUMBER = re.compile(r"[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)")
_LETTER_FIRST = re.compile(r"\W*([A-Z])(?![\w'’])(?! [a-z])")
_LETTER_NAMED = re.compile(r"(?i:answer|option|choice)(?: is)?\W{0,4}([A-Z])(?!\w)")
_PUNCTUATION = string.punctuation + "“”‘’…。！？，"
_OPEN_REPEAT = re.compile(r"(?<!\\)(?:[*+]|\{\d*,\d*\}|\{\d{2,}\})")
_REPEATED_GROUP = re.compile(r"(?<!\\)\)(?:[*+]|\{)")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=|\(\?\(")


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")


def _last_number(text: str) -> str | None:
    found = _NUMBER.findall(text)
    return found[-1].replace(",", "") if found else None


def _choice_letter(text: str) -> str | None:
    """Returns the capital letter that a text begins with or names as its answer; None if it names none or several."""
    if found := _LETTER_FIRST.match(text):
        return found[1]
    named = set(_LETTER_NAMED.findall(text))
    return named.pop() if len(named) == 1 else None


# What makes two writings of one text the same; applied to the possible answers too.
EVEN: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "casefold": str.casefold,
    "strip_punctuation": lambda text: text.strip(_PUNCTUATION + string.whitespace),
}
FILTERS: dict[str, Callable[[str], str | None]] = {
    **EVEN,
    "first_line": _first_line,
    "last_number": _last_number,
    "choice_letter": _choice_letter,
}


@lru_cache(maxsize=64)
def _regex(pattern: str) -> Callable[[str], str | None]:
    """Returns the filter of a pattern: its first group, else the whole match.

    Raises:
        SpecError: it is no pattern, or could take very long on some text.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise SpecError(f"filter {quoted(REGEX + pattern)}: not a regular expression ({error})") from None
    if _REPEATED_GROUP.search(pattern) or _BACK_REFERENCE.search(pattern):
        raise SpecError(
            f"filter {quoted(REGEX + pattern)}: a repeated group and a reference to a group can search without end; "
            f"repeat single characters or [sets] instead"
        )
    seen = int(MAX_STEPS ** (1 / (1 + len(_OPEN_REPEAT.findall(pattern)))))

    def first(text: str) -> str | None:
        found = compiled.search(text[:seen])
        return None if found is None else found[1] if compiled.groups else found[0]

    return first


def require_filters(names: Sequence[str]) -> None:
    """Raises an error if one of the names is no filter.

    Raises:
        SpecError: as said.
    """
    for name in names:
        if name.startswith(REGEX):
            _regex(name.removeprefix(REGEX))
        elif name not in FILTERS:
            known = [*FILTERS, f"{REGEX}PATTERN"]
            raise SpecError(f"unknown filter {name!r}.{did_you_mean(name, known)} The filters are {', '.join(known)}")


def filtered(text: str, names: Sequence[str], wordings: Sequence[str] = ()) -> tuple[str, str]:
    """Returns what filters make of a text.

    A text that is one of the possible answers but for what `strip`, `casefold` and `strip_punctuation` do away with is
    that answer.

    Args:
        text: a generated text.
        names: the filters, in order.
        wordings: the answers that are possible as texts, none where they are free.

    Returns:
        The text to read and an empty string; or an empty text, and which filter found nothing.
    """
    found: str | None = text
    for name in names:
        assert found is not None
        found = (_regex(name.removeprefix(REGEX)) if name.startswith(REGEX) else FILTERS[name])(found)
        if found is None:
            return "", f"filter {name} finds nothing in {quoted(text)}"
    assert found is not None
    same = [word for word in wordings if _evened(word, names) == found]
    return (same[0] if len(same) == 1 else found), ""


def _evened(word: str, names: Sequence[str]) -> str:
    for name in names:
        word = EVEN[name](word) if name in EVEN else word
    return word
