"""Pages out of files: plain text, JSON lines, and Common Crawl's WET and WARC."""

from __future__ import annotations

import html.parser
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5eval.support.errors import MissingPackage
from task_specs.support.errors import UserError

ARCHIVES = (".wet", ".warc")
# What the original takes for a record's header, wherever in a page it stands.
HEADERS = ("WARC", "CONTENT-", "Content-")
# Of a record; a longer page is one that the rule of long pages takes away, whatever comes after.
MOST_BYTES = 4 << 20
# HTML elements whose text is none, and those that do not end a line.
SILENT = {"script", "style", "noscript", "template", "head"}
INLINE = set("a abbr b bdi bdo cite code dfn em i kbd mark q s samp small span strong sub sup time u var".split())


@dataclass(frozen=True)
class Page:
    """A page as it was found.

    Attributes:
        text: its lines.
        url: where it is from; empty where a file does not say.
        timestamp: when it was fetched, in a form that sorts; empty where a file does not say.
    """

    text: str
    url: str = ""
    timestamp: str = ""


def read_pages(file: Path) -> Iterator[Page]:
    """Yields a file's pages, one after the other, in constant memory.

    A line of plain text is a page; in JSON lines `text`, `url` and `timestamp` make one. A name that ends in `.wet` or
    `.warc`, with `.gz` after it or without, is of an archive.

    Raises:
        UserError: the file cannot be read, ends within a page, or has none.
        MissingPackage: it is an archive, and warcio is not installed.
    """
    from keras_model.data.text_files import is_json, read_lines, read_objects

    if any(suffix in ARCHIVES for suffix in file.suffixes[-2:]):
        yield from _archived(file)
        return
    try:
        if is_json(file):
            for _, found in read_objects(file):
                yield Page(found["text"], _text(found.get("url")), _text(found.get("timestamp")))
        else:
            yield from (Page(line) for _, line in read_lines(file))
    except ValueError as error:
        raise UserError(str(error)) from None


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _archived(file: Path) -> Iterator[Page]:
    try:
        from warcio.archiveiterator import ArchiveIterator
        from warcio.exceptions import ArchiveLoadFailed
    except ModuleNotFoundError:
        raise MissingPackage(f"{file}: WET and WARC files need warcio: pip install 't5eval[text]'") from None
    pages, record = 0, None
    try:
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream):
                if (page := _page_of(record)) is not None:
                    pages += 1
                    yield page
    except ArchiveLoadFailed as error:
        raise UserError(f"{file}: not a WET or WARC file: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from None
    if record is not None and _is_cut(record):
        raise UserError(f"{file}: not a complete archive: it ends within its last record")
    if not pages:
        raise UserError(f"{file}: no page in it")


def _is_cut(record: Any) -> bool:
    """Returns whether a file ended before a record did: in its header, or with bytes lacking that this promises."""
    return record.rec_headers.get_header("Content-Length") is None or record.raw_stream.limit > 0


def _page_of(record: Any) -> Page | None:
    """Returns the page of a WET file's conversion, or of a WARC file's response that is HTML or text; else None."""
    url, date = (record.rec_headers.get_header(name) or "" for name in ("WARC-Target-URI", "WARC-Date"))
    if not url or not date or record.rec_type not in ("conversion", "response"):
        return None
    kind = record.http_headers.get_header("Content-Type") or "" if record.http_headers else "text/plain"
    if not kind.startswith(("text/html", "application/xhtml", "text/plain")):
        return None
    content = record.content_stream().read(MOST_BYTES).decode("utf-8", "replace")
    if "html" in kind:
        content = text_of_html(content)
    stripped = (line.strip() for line in io.StringIO(content, newline=None))
    text = "\n".join(line for line in stripped if line and not line.startswith(HEADERS))
    return Page(text, url, date) if text else None


class _TextOfHtml(html.parser.HTMLParser):
    """Collects what a reader would see, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.silent += tag in SILENT
        if tag not in INLINE:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(0, self.silent - (tag in SILENT))
        if tag not in INLINE:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(" ".join(data.split("\n")))


def text_of_html(document: str) -> str:
    """Returns what a reader of an HTML document would see, a line for each block."""
    parser = _TextOfHtml()
    parser.feed(document)
    parser.close()
    return "".join(parser.parts)
