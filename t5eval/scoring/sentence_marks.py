"""Summaries whose sentences are marked, `<t> One . </t> <t> Two . </t>` or `One .<q>Two .`, as some systems' files."""

import re

_MARK = re.compile("<t>|</t>|<q>")


def split_at_marks(text: str) -> str:
    """Returns a text with a sentence a line instead of between marks; one without marks stays as it is."""
    if not _MARK.search(text):
        return text
    return "\n".join(part.strip() for part in _MARK.split(text) if part.strip())
