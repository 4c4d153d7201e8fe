"""Text files of submissions as lines, with the faults that they have before anything is read into them."""

import codecs
import re

from leaderboards.verdict import FileFaults

# A row number as every reader takes it: no sign, no spaces, no leading zeros, no digits of other scripts.
WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


def text_lines(data: bytes, rows: int, faults: FileFaults) -> list[str] | None:
    """Returns a file's lines without their ends (LF or CRLF, the last one's optional); None if there are none to read.

    A file that is empty, is not UTF-8, begins with a byte order mark, or has many times the expected `rows` is at
    fault.
    """
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        faults.add(None, "is empty")
        return None
    count = data.count(b"\n")
    if count > 4 * rows + 1000:
        # Ten million faulty lines would take half a minute and tell no more.
        faults.add(None, f"has {count:,} lines where {rows:,} rows are expected; its lines were not looked at")
        return None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        faults.add(1, "not UTF-8 but UTF-16; save the file as UTF-8")
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.add(data.count(b"\n", 0, error.start) + 1, f"not UTF-8 (byte {data[error.start]:#04x})")
        return None
    if text.startswith("\ufeff"):
        faults.add(1, "begins with a byte order mark; save the file as UTF-8 without one")
        text = text[1:]
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    found = text.split("\n")
    if found[-1] == "":
        found.pop()
    return found
