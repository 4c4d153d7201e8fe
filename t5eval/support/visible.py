"""Text from files on a terminal: what could move the cursor, colour a line or turn its direction is written out."""

import re
import shutil
import textwrap
from typing import TextIO

LONGEST = 2_000
"""Characters of one line about something that went wrong; a file's first line may have a million."""

# Control characters but tab and line end, marks that turn the direction of writing or have no width, the two other
# separators of lines, and half surrogates. The joiners U+200C and U+200D are letters of some languages.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Returns a text with what cannot be seen as `\x1b` or `\u202e`; tabs and line ends stay."""
    return _INVISIBLE.sub(_escape, text)


def one_line(text: str, longest: int = LONGEST) -> str:
    """Returns a text as one visible line, cut in its middle if it is longer than `longest`."""
    line = " ".join(part for part in text.split("\n") if part)
    if len(line) > longest:
        half = longest // 2
        line = f"{line[:half]}... {len(line) - 2 * half:,} characters ...{line[-half:]}"
    return visible(line)


def for_reader(line: str, stream: TextIO) -> str:
    """Returns a line as it is for a file, and for a terminal in lines that are broken between words only."""
    if not stream.isatty():
        return line
    width = max(40, shutil.get_terminal_size().columns)
    return textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def visible_json(text: str) -> str:
    """Returns the same JSON document with what cannot be seen in JSON's own escapes."""
    return _INVISIBLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
