"""The documents of a translation test set, which a submission in WMT's SGML or XML form keeps."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a document that is translated as one, under its id in the paragraph's document."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        id: its id in the set.
        paragraphs: its segments, by paragraph.
        origlang: the language it was written in, empty where the set does not say.
        genre: its genre (SGML) or domain (XML), empty where the set does not say.
        collection: the part of the set that it belongs to, empty where there are no parts.
        testsuite: the test suite that it belongs to, empty for the news.
    """

    id: str
    paragraphs: tuple[tuple[Segment, ...], ...]
    origlang: str = ""
    genre: str = ""
    collection: str = ""
    testsuite: str = ""

    @property
    def segments(self) -> Iterator[Segment]:
        """The segments in order."""
        return (segment for paragraph in self.paragraphs for segment in paragraph)


@dataclass(frozen=True)
class Frame:
    """A test set in one language.

    Attributes:
        set_id: the set's name.
        documents: its documents, in order.
        srclang: what the set says its source language is, which may be `any`; empty where it does not say.
    """

    set_id: str
    documents: tuple[Document, ...]
    srclang: str = ""

    @property
    def segments(self) -> Iterator[Segment]:
        """All segments in order: line by line the plain form of the set."""
        return (segment for document in self.documents for segment in document.segments)
