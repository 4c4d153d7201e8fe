"""T5's padding of punctuation in SQuAD, and the way back from a padded text to the words of the passage.

T5 puts a space on both sides of every ASCII punctuation mark and makes every run of whitespace one space: `$3.50`
becomes ` $ 3 . 50`, and a model trained on that writes the same. Whitespace is that of RE2's `\\s`: space, tab,
newline, form feed and carriage return, but neither vertical tab nor no-break space.
"""

import string
from functools import lru_cache

WHITESPACE = " \t\n\f\r"
# The passages whose work is kept: the questions to one passage follow each other in every file.
KEPT = 64

# Marks are replaced one kind after the other: most texts have few kinds, and `in` and `replace` run at memory speed.
# str.translate, which goes through a text character by character, takes ten times as long, a regular expression four.
_REPLACED = tuple((mark, f" {mark} ") for mark in string.punctuation) + tuple((c, " ") for c in WHITESPACE[1:])


def pad_punctuation(text: str) -> str:
    """Returns `text` as T5 writes SQuAD's texts; one space may remain at either end."""
    for found, padded in _REPLACED:
        if found in text:
            text = text.replace(found, padded)
    while "  " in text:
        text = text.replace("  ", " ")
    return text


@lru_cache(maxsize=KEPT)
def pad_passage(context: str) -> str:
    """Returns `pad_punctuation(context)`, worked out once for the questions that share a passage."""
    return pad_punctuation(context)


@lru_cache(maxsize=KEPT)
def _squeezed(context: str) -> tuple[str, list[int]]:
    """Returns a passage without its whitespace, and where each of the remaining characters stood."""
    places = [place for place, character in enumerate(context) if not character.isspace()]
    return "".join(context.split()), places


def find_span(text: str, context: str) -> str | None:
    """Finds the piece of a passage that a text with padded punctuation stands for.

    Args:
        text: the text, such as `$ 3 . 50`.
        context: the passage as it is, such as `It cost $3.50.`

    Returns:
        The text itself if it stands in the passage, else the first piece whose words, or whose words with padded
        punctuation, are those of the text (`$3.50`). None if there is none, and for a text of whitespace: `heat ora
        spark` is no way to write `heat or a spark`.
    """
    text = text.strip()
    if not text:
        return None
    if text in context:
        return text
    squeezed, places = _squeezed(context)
    words = text.split()
    wanted = "".join(words)
    at = squeezed.find(wanted)
    while at >= 0:
        piece = context[places[at] : places[at + len(wanted) - 1] + 1]
        if words in (piece.split(), pad_punctuation(piece).split()):
            return piece
        at = squeezed.find(wanted, at + 1)
    return None
