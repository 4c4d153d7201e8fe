"""What went wrong with many texts at once, named as the one cause that it has: a step that was left out before or after
the model. The files stay valid; their scores are not what the system could have."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

NAMED = 3  # so many texts stand in a line
SEVERAL = 3  # fewer have no common cause
COPIED_WORDS = 4  # fewer words may rightly stay as they are in the source, or have no capital

UNTRANSLATED = "are the source, word for word: they were not translated"
UNKNOWN = "have `<unk>` or `⁇`, which stand for characters that the model's vocabulary cannot write"
CAUSES = {
    "have HTML entities, such as &amp;: the text was escaped and not unescaped again": re.compile(
        r"&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});"
    ),
    "have `@@`: the pieces of words (BPE) were not put together": re.compile(r"@@(?= |$)"),
    "have `▁`: the pieces of words (SentencePiece) were not put together": re.compile("▁"),
    UNKNOWN: re.compile("<unk>|⁇"),
    "have `<t>`, `</t>` or `<q>`: marks of sentences, which ROUGE takes for words": re.compile("<t>|</t>|<q>"),
}

_APART, _TOGETHER = re.compile(r"\w [.,](?: |$)"), re.compile(r"\w[.,](?: |$)")
SURFACE: dict[str, Callable[[str], bool]] = {
    "have a space before each stop or comma: the words were not put together again (detokenised)": lambda text: (
        bool(_APART.search(text)) and not _TOGETHER.search(text)
    ),
    "have no capital letter: the text was lower-cased": lambda text: (
        text == text.lower() != text.upper() and len(text.split()) >= COPIED_WORDS
    ),
}
SURFACE_SHARE = 0.1  # of the texts: single ones may rightly be so


def causes(
    texts: Mapping[str, str],
    where: str,
    references: Mapping[str, Sequence[str]] | None = None,
    surface: bool = False,
) -> Iterator[str]:
    """Yields a line for each cause that some texts have: how many have it, and which are the first.

    Args:
        texts: by what they are called: a line, or an id.
        where: what that is, such as `line`.
        references: what they should be, where that is known; what a reference has too is no fault.
        surface: whether case and the spaces between words are looked at too.
    """
    true = references or {}
    for cause, mark in CAUSES.items():
        found = [n for n, text in texts.items() if mark.search(text) and not any(map(mark.search, true.get(n, ())))]
        yield from _several(found, len(texts), where, cause)
    for cause, has in SURFACE.items() if surface else ():
        found = [n for n, text in texts.items() if has(text) and not any(map(has, true.get(n, ())))]
        yield from _several(found if len(found) >= SURFACE_SHARE * len(texts) else [], len(texts), where, cause)


def untranslated(texts: Mapping[str, str], where: str, sources: Mapping[str, str]) -> Iterator[str]:
    """Yields a line if several texts are what they are a translation of; the arguments are those of `causes`."""
    copied = [name for name, text in texts.items() if _is_copied(text, sources.get(name, ""))]
    return _several(copied, len(texts), where, UNTRANSLATED)


def _several(found: Sequence[str], texts: int, where: str, cause: str) -> Iterator[str]:
    if found and len(found) >= min(SEVERAL, texts):
        more = ", ..." if len(found) > NAMED else ""
        yield f"{len(found):,} of {texts:,} texts {cause} ({where} {', '.join(found[:NAMED])}{more})"


def _is_copied(text: str, source: str) -> bool:
    words = source.split()
    return len(words) >= COPIED_WORDS and text.split() == words
