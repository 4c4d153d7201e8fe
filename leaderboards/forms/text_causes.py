"""What went wrong with many texts at once, named as the one cause that it has: a step that was left out before or after
the model. The files stay valid; their scores are not what the system could have."""

import re
from collections.abc import Iterator, Mapping, Sequence

NAMED = 3  # so many texts stand in a line
SEVERAL = 3  # fewer have no common cause
COPIED_WORDS = 4  # names and numbers of fewer words may rightly stay as they are

CAUSES = {
    "have HTML entities, such as &amp;: the text was escaped and not unescaped again": re.compile(
        r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});"
    ),
    "have `@@`: the pieces of words (BPE) were not put together": re.compile(r"@@(?= |$)"),
    "have `▁`: the pieces of words (SentencePiece) were not put together": re.compile("▁"),
    "have `<t>`, `</t>` or `<q>`: marks of sentences, which ROUGE takes for words": re.compile("<t>|</t>|<q>"),
}


def causes(
    texts: Mapping[str, str],
    where: str,
    sources: Mapping[str, str] | None = None,
    references: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[str]:
    """Yields a line for each cause that some texts have: how many have it, and which are the first.

    Args:
        texts: by what they are called: a line, or an id.
        where: what that is, such as `line`.
        sources: what they are translations of, where that is known.
        references: what they should be, where that is known; what a reference has too is no fault.
    """
    true = references or {}
    found = {
        cause: [n for n, text in texts.items() if mark.search(text) and not any(map(mark.search, true.get(n, ())))]
        for cause, mark in CAUSES.items()
    }
    if sources is not None:
        copied = [name for name, text in texts.items() if _is_copied(text, sources.get(name, ""))]
        found["are the source, word for word: they were not translated"] = copied
    for cause, names in found.items():
        if names and len(names) >= min(SEVERAL, len(texts)):
            more = ", ..." if len(names) > NAMED else ""
            shown = f"{where} {', '.join(names[:NAMED])}{more}"
            yield f"{len(names):,} of {len(texts):,} texts {cause} ({shown})"


def _is_copied(text: str, source: str) -> bool:
    words = source.split()
    return len(words) >= COPIED_WORDS and text.split() == words
