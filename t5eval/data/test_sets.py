"""WMT's test sets as documents: the SGML up to 2020, which is not XML, and the XML since."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leaderboards.forms.documents import Document, Frame, Segment
from leaderboards.forms.markup import Element, MarkupError, parse_xml
from t5eval.support.errors import DataError
from task_specs.support.errors import quoted

MAX_BYTES = 64 << 20  # the largest test set has about 2 MB

_TAG = re.compile(r"<(/?)(srcset|refset|tstset|doc|p|hl|seg)\b([^<>]*)>", re.IGNORECASE)
# A name without a value is found too: searching on from within it would take quadratic time.
_ATTRIBUTE = re.compile(r"""([A-Za-z_:][\w:.-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?""")
_SPACE = re.compile(r"\s+")


def _on_one_line(text: str) -> str:
    """Returns a text with a space in place of each line break and the whitespace around it."""
    return _SPACE.sub(lambda space: " " if "\n" in space[0] else space[0], text) if "\n" in text else text


def read_bounded(path: Path) -> tuple[bytes, str]:
    """Returns a file's bytes and their SHA-256.

    Raises:
        DataError: it cannot be read, or is too large to be a test set.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise DataError(f"{path}: has more than {MAX_BYTES:,} bytes; no test set is so large")
    return data, hashlib.sha256(data).hexdigest()


def parse_sgml(path: Path, data: bytes, resolve: Callable[[str], str] = str) -> Frame:
    """Returns the documents of an SGML test set, its texts as they stand: entities are not resolved, `&` is a letter.

    A segment that spans lines has spaces in their place. Headlines (`hl`) are paragraphs.

    Args:
        path: the file, for messages.
        resolve: what is done to each text.

    Raises:
        DataError: it is no such file, or ends early; the message names file and line.
    """

    def fault(position: int, message: str) -> DataError:
        return DataError(f"{path}: line {text.count(chr(10), 0, position) + 1}: {message}")

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}: line {line}: not UTF-8: byte 0x{data[error.start]:02x}") from None
    head: dict[str, str] = {}
    document: dict[str, str] | None = None  # the attributes of the one that is open
    paragraphs: list[list[Segment]] = []
    documents: list[Document] = []
    tags = _TAG.finditer(text)
    for tag in tags:
        closing, name = tag.group(1), tag.group(2).lower()
        attributes = {key.lower(): a or b for key, a, b in _ATTRIBUTE.findall(tag.group(3))}
        if name in ("srcset", "refset", "tstset"):
            head = head or attributes
        elif name == "doc" and closing:
            if document is not None:
                parts = tuple(tuple(part) for part in paragraphs if part)
                named = (document.get(key, "") for key in ("origlang", "genre"))
                documents.append(Document(document.get("docid", ""), parts, *named))
            document = None
        elif name == "doc":
            if document is not None:
                raise fault(tag.start(), "<doc> within <doc>; the document before it is not closed")
            document, paragraphs = attributes, [[]]
        elif name in ("p", "hl"):
            paragraphs.append([])
        elif closing:
            raise fault(tag.start(), "</seg> without <seg>")
        elif document is None:
            raise fault(tag.start(), "<seg> outside <doc>")
        else:
            end = next(tags, None)
            if end is None or end.group(2).lower() != "seg" or not end.group(1):
                raise fault(tag.start(), "<seg> is not closed")
            said = resolve(_on_one_line(text[tag.end() : end.start()]))
            paragraphs[-1].append(Segment(attributes.get("id", ""), said))
    if document is not None:
        raise fault(len(text), "the file ends inside a <doc>")
    frame = Frame(head.get("setid", ""), tuple(documents), head.get("srclang", ""))
    if next(frame.segments, None) is None:
        raise DataError(f"{path}: line 1: no <seg> in it; expected the SGML of a WMT test set")
    return frame


@dataclass(frozen=True)
class XmlSet:
    """An XML test set, its documents without those of test suites.

    Attributes:
        frame: the documents in the language asked for.
        target: the translations of each segment, in the same order; None where there are none.
        note: what was chosen among several translations, empty if nothing had to be.
    """

    frame: Frame
    target: tuple[tuple[str, ...], ...] | None
    note: str


def parse_xml_set(path: Path, data: bytes, source: str, target: str, translators: Sequence[str] = ()) -> XmlSet:
    """Returns the documents of an XML test set in the language `source`, with their translations into `target`.

    Either language may be the one that the set is to be translated from.

    Args:
        path: the file, for messages.
        data: its bytes.
        translators: whose translations are taken; if empty, the first of several, as WMT's own tools do.

    Raises:
        DataError: it is no such file; the message names file and line.
    """

    def fault(line: int, message: str) -> DataError:
        return DataError(f"{path}: line {line}: {message}")

    try:
        root = parse_xml(data)
    except MarkupError as error:
        raise fault(error.line, str(error)) from None
    if root.tag != "dataset":
        raise fault(root.line, f"expected <dataset>, got <{root.tag[:40]}>")
    documents: list[Document] = []
    translations: list[tuple[str, ...]] = []
    untranslated = several = 0
    for collection, element in _documents(root):
        if element.attributes.get("testsuite"):
            continue
        sides = [section for section in element.children if section.tag in ("src", "ref")]
        originals = [side for side in sides if side.attributes.get("lang", "").partition("-")[0] == source]
        targets = [side for side in sides if side.attributes.get("lang", "").partition("-")[0] == target]
        if not originals:
            raise fault(element.line, f"the document has no <src> or <ref> in {source!r}")
        document = _xml_document(element, originals[0], collection, fault)
        documents.append(document)
        if not targets:
            untranslated += 1
            continue
        several += len(targets) > 1 and not translators
        texts: list[dict[str, str]] = []
        for side in _of_translators(targets, translators, fault):
            texts.append({s.id: s.text for s in _xml_document(element, side, collection, fault).segments})
            for segment in document.segments:
                if segment.id not in texts[-1]:
                    raise fault(side.line, f"segment {segment.id} has no translation")
        translations += [tuple(by_id[segment.id] for by_id in texts) for segment in document.segments]
    frame = Frame(root.attributes.get("id", ""), tuple(documents), source)
    if next(frame.segments, None) is None:
        raise fault(root.line, "no <seg> in it; expected the XML of a WMT test set")
    if 0 < untranslated < len(documents):
        raise fault(root.line, f"{untranslated:,} of {len(documents):,} documents are not translated into {target!r}")
    note = f"{path.name}: of several translations the first is taken ({several:,} documents)" if several else ""
    return XmlSet(frame, None if untranslated else tuple(translations), note)


def _of_translators(
    targets: Sequence[Element], translators: Sequence[str], fault: Callable[[int, str], DataError]
) -> list[Element]:
    """Returns the translations of those asked for, the first one if that is nobody."""
    by_name = {side.attributes.get("translator", ""): side for side in reversed(targets)}
    for name in translators:
        if name not in by_name:
            raise fault(targets[0].line, f"no translation by {name!r}, but by {', '.join(map(repr, sorted(by_name)))}")
    return [by_name[name] for name in translators] or [targets[0]]


def _documents(root: Element) -> list[tuple[str, Element]]:
    found: list[tuple[str, Element]] = []
    for child in root.children:
        if child.tag == "collection":
            name = child.attributes.get("id", "")
            found += [(name, document) for document in child.children if document.tag == "doc"]
        elif child.tag == "doc":
            found.append(("", child))
    return found


def _xml_document(element: Element, side: Element, collection: str, fault: Callable[[int, str], DataError]) -> Document:
    seen: set[str] = set()
    paragraphs: list[tuple[Segment, ...]] = []
    for paragraph in side.find("p"):
        part: list[Segment] = []
        for segment in paragraph.find("seg"):
            number = segment.attributes.get("id", "")
            if not number or number in seen:
                raise fault(segment.line, f"segment id {quoted(number)} is missing or comes again")
            seen.add(number)
            part.append(Segment(number, _on_one_line(segment.text)))
        paragraphs.append(tuple(part))
    return Document(
        id=element.attributes.get("id", ""),
        paragraphs=tuple(part for part in paragraphs if part),
        origlang=element.attributes.get("origlang", ""),
        genre=element.attributes.get("domain", ""),
        collection=collection,
        testsuite=element.attributes.get("testsuite", ""),
    )
