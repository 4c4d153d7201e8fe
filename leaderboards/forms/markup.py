"""XML from anywhere as a small tree with line numbers: no document type, no entities of its own, within bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

MAX_ELEMENTS = 500_000  # the largest test set has some ten thousand
ENCODINGS = ("utf-8", "utf8", "utf-16", "iso-8859-1", "us-ascii")  # those that every XML parser knows by these names
MAX_DEPTH = 20  # of a segment in a WMT file: 6


class MarkupError(Exception):
    """A text that is not XML, or not of the kind that is taken.

    Attributes:
        line: where, from 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True)
class Element:
    """One element.

    Attributes:
        tag: its name.
        attributes: by name.
        line: where it begins, from 1.
        children: the elements in it.
        text: the text directly in it.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def find(self, tag: str) -> Iterator[Element]:
        """Yields the elements of this name at any depth, in order."""
        for child in self.children:
            if child.tag == tag:
                yield child
            else:
                yield from child.find(tag)


def parse_xml(data: bytes) -> Element:
    """Returns the root of an XML document.

    Raises:
        MarkupError: it is not well-formed, declares a document type, or exceeds the bounds.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Element("", {}, 0)
    open_elements = [top]
    texts: list[list[str]] = [[]]
    count = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS:
            raise MarkupError(parser.CurrentLineNumber, f"more than {MAX_ELEMENTS:,} elements; no test set is so large")
        if len(open_elements) > MAX_DEPTH:
            raise MarkupError(parser.CurrentLineNumber, f"elements nested more than {MAX_DEPTH} deep")
        element = Element(tag, attributes, parser.CurrentLineNumber)
        open_elements[-1].children.append(element)
        open_elements.append(element)
        texts.append([])

    def end(tag: str) -> None:
        open_elements.pop().text = "".join(texts.pop())

    def characters(text: str) -> None:
        texts[-1].append(text)

    def doctype(*declared: Any) -> None:
        # Entities, and with them every way to blow up or to read files, can only be declared here.
        raise MarkupError(parser.CurrentLineNumber, "declares a document type (<!DOCTYPE); none is taken")

    def declaration(version: str | None, encoding: str | None, *declared: Any) -> None:
        if encoding is not None and encoding.lower() not in ENCODINGS:
            raise MarkupError(parser.CurrentLineNumber, f"not XML that can be read: its encoding is {encoding[:40]!r}")
        if version is not None and not re.fullmatch(r"1\.[0-9]+", version):  # expat takes any
            raise MarkupError(parser.CurrentLineNumber, f"declares XML version {version!r}; there is 1.0")

    parser.XmlDeclHandler = declaration
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise MarkupError(error.lineno, f"not well-formed XML: {expat.ErrorString(error.code)}") from None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know
        raise MarkupError(parser.CurrentLineNumber, f"not XML that can be read: {error}") from None
    return top.children[0]


def escape(text: str) -> str:
    """Returns a text as it stands between tags."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text: str) -> str:
    """Returns a text as it stands in an attribute, with its quotes."""
    return f'"{escape(text).replace(chr(34), "&quot;")}"'
