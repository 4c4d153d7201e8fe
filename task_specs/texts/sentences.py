"""Where a summary's sentences end: ROUGE-L of a summary compares sentences, and is given one a line."""

import re

# T5 never writes a newline, so that its summaries stand on one line.
_SENTENCE_END = re.compile(r"([.!?][\"'’”)\]]*)[^\S\n]+")

_UNICODE_END = re.compile(r"((?:[.!?؟۔][\"'’”)\]]*(?=[^\S\n])|[。！？।॥][\"'’”」』）)\]]*))[^\S\n]*")


def split_sentences(text: str) -> str:
    """Returns a text with a sentence a line: broken at newlines, and after `.`, `!` or `?` before whitespace.

    Quotes and brackets that follow the mark close the sentence. Abbreviations break it too, in both texts alike.
    """
    return _SENTENCE_END.sub(r"\1\n", text)


def split_sentences_unicode(text: str) -> str:
    """Returns a text as `split_sentences` does, broken also at the marks of other scripts, with a space or without."""
    return _UNICODE_END.sub(r"\1\n", text)


def split_sentences_t5(text: str) -> str:
    """Returns a text with a sentence a line as T5 makes them: broken at newlines, and after a stop between spaces."""
    return text.replace(" . ", " .\n")
