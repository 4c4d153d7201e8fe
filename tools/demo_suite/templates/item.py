"""What a template makes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One example before it is laid out in its task's columns."""

    texts: tuple[str, ...]
    """The sentences, in the order of the task's text columns."""

    label: str
    """As the task's file writes it: `0`, `entailment`, `3.800`."""

    note: str = ""
    """What else the file says of it: MNLI's genre, the diagnostic set's category."""


def sentence(text: str) -> str:
    """Returns the text with a capital first letter."""
    return text[0].upper() + text[1:]
