"""WMT's two marked-up forms of a translation: the classic SGML test set, and the XML of 2021 and later.

The SGML form is written and checked as strict XML in lower case, which is what OCELoT's schema asks for: `tstset` >
`doc` > `p` > `seg`. The XML form is `dataset` > `collection` > `doc` > `src`, `ref`, `hyp` > `p` > `seg`, in that
order. Both escape a text once.

Sources: OCELoT's XSD and RELAX NG schemas; wmt-format-tools' wrap and unwrap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from leaderboards.forms.documents import Document, Frame
from leaderboards.forms.markup import Element, MarkupError, attribute, escape, parse_xml
from leaderboards.forms.segments import segment_fault
from leaderboards.verdict import FileFaults
from task_specs.errors import quoted

LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # the schema's type `language`
POSITIVE = re.compile(r"\+?0*[1-9][0-9]{0,17}")  # its type `positiveInteger`


@dataclass
class Hypothesis:
    """What a file holds.

    Attributes:
        set_id: the test set that it names, empty if it names none.
        source: the source language, empty if it does not say.
        target: the target language, empty if it does not say.
        segments: line and text of each segment, in order.
    """

    set_id: str = ""
    source: str = ""
    target: str = ""
    segments: list[tuple[int, str]] = field(default_factory=list)


def _grouped(frame: Frame, texts: Sequence[str]) -> Iterator[tuple[Document, list[list[tuple[str, str]]]]]:
    """Yields each document with its paragraphs of (segment id, text), the texts in the frame's order."""
    left = iter(texts)
    for document in frame.documents:
        yield document, [[(segment.id, next(left)) for segment in part] for part in document.paragraphs if part]


def _tag(name: str, attributes: Mapping[str, str]) -> str:
    return f"<{name}{''.join(f' {key}={attribute(value)}' for key, value in attributes.items())}>"


def render_sgml(frame: Frame, texts: Sequence[str], source: str, target: str, system: str) -> str:
    """Returns a `tstset` of the frame's documents.

    Args:
        frame: the source's documents.
        texts: the translations of its segments, in order.
        source: the source language's code.
        target: the target language's code.
        system: the system's name.
    """
    head = {"trglang": target, "setid": frame.set_id, "srclang": frame.srclang or source}
    lines = [_tag("tstset", head)]
    for document, paragraphs in _grouped(frame, texts):
        named = {"sysid": system, "docid": document.id, "genre": document.genre, "origlang": document.origlang}
        lines.append(_tag("doc", {key: value for key, value in named.items() if value}))
        for paragraph in paragraphs:
            lines.append("<p>")
            lines += [f"{_tag('seg', {'id': number})}{escape(text)}</seg>" for number, text in paragraph]
            lines.append("</p>")
        lines.append("</doc>")
    return "\n".join([*lines, "</tstset>", ""])


def render_xml(frame: Frame, texts: Sequence[str], source: str, target: str, system: str) -> str:
    """Returns a `dataset` of the frame's documents, each with its source and its translation; see `render_sgml`."""
    lines = ["<?xml version='1.0' encoding='utf-8'?>", _tag("dataset", {"id": frame.set_id})]
    collection = ""
    for document, paragraphs in sorted(_grouped(frame, texts), key=lambda pair: not pair[0].collection):
        if document.collection != collection:
            lines += ["</collection>"] if collection else []
            lines += [_tag("collection", {"id": document.collection})] if document.collection else []
            collection = document.collection
        origlang = document.origlang if LANGUAGE.fullmatch(document.origlang) else source
        named = {"origlang": origlang, "id": document.id, "testsuite": document.testsuite, "domain": document.genre}
        lines.append(_tag("doc", {key: value for key, value in named.items() if value or key == "id"}))
        original = [[(segment.id, segment.text) for segment in part] for part in document.paragraphs if part]
        lines += _section("src", {"lang": source}, original)
        lines += _section("hyp", {"system": system, "lang": target}, paragraphs)
        lines.append("</doc>")
    lines += ["</collection>"] if collection else []
    return "\n".join([*lines, "</dataset>", ""])


def _section(name: str, attributes: Mapping[str, str], paragraphs: Sequence[Sequence[tuple[str, str]]]) -> list[str]:
    lines = [f"  {_tag(name, attributes)}"]
    for paragraph in paragraphs:
        lines.append("    <p>")
        lines += [f"      {_tag('seg', {'id': number})}{escape(text)}</seg>" for number, text in paragraph]
        lines.append("    </p>")
    return [*lines, f"  </{name}>"]


class _Reader:
    """Walks a tree, adding what its schema does not allow to a file's faults."""

    def __init__(self, faults: FileFaults) -> None:
        self.faults = faults
        self.found: list[tuple[int, str]] = []

    def fault(self, line: int, message: str) -> None:
        self.found.append((line, message))

    def finish(self) -> None:
        """Adds the faults, by line."""
        for line, message in sorted(self.found, key=lambda fault: fault[0]):
            self.faults.add(line, message)

    def children(self, element: Element, allowed: Sequence[str]) -> Iterator[Element]:
        """Yields the children that are allowed."""
        if element.text.strip():
            self.fault(element.line, f"text between the tags of <{element.tag}>: {quoted(element.text.strip()[:200])}")
        for child in element.children:
            if child.tag in allowed:
                yield child
            else:
                wanted = ", ".join(f"<{tag}>" for tag in allowed)
                self.fault(child.line, f"<{child.tag[:40]}> in <{element.tag}>, which holds {wanted}")

    def attributes(self, element: Element, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Checks the names of an element's attributes."""
        for name in required:
            if name not in element.attributes:
                self.fault(element.line, f"<{element.tag}> has no attribute {name}")
        for name in element.attributes:
            if name not in required and name not in optional:
                allowed = ", ".join((*required, *optional)) or "none"
                self.fault(element.line, f"<{element.tag}> has the attribute {name[:40]}; its attributes are {allowed}")

    def language(self, element: Element, name: str) -> None:
        """Checks an attribute that is a language's code."""
        code = element.attributes.get(name)
        if code is not None and not LANGUAGE.fullmatch(code):
            self.fault(element.line, f"{name} {quoted(code[:200])} is no language code, such as de")

    def segments(self, parent: Element, check_id: Callable[[Element], None]) -> list[tuple[str, int, str]]:
        """Returns id, line and text of the segments below an element of paragraphs."""
        found: list[tuple[str, int, str]] = []
        seen: dict[str, int] = {}
        for paragraph in self.children(parent, ("p",)):
            self.attributes(paragraph, ())
            for segment in self.children(paragraph, ("seg",)):
                for child in segment.children:
                    self.fault(child.line, f"<{child.tag[:40]}> in <seg>, which holds text; write &lt; for <")
                check_id(segment)
                number = segment.attributes.get("id", "")
                if number and number in seen:
                    self.fault(segment.line, f"segment {number[:40]} comes again; it came first on line {seen[number]}")
                seen.setdefault(number, segment.line)
                found.append((number, segment.line, segment.text))
        if not parent.children:
            self.fault(parent.line, f"<{parent.tag}> has no <p>")
        return found

    def texts(self, segments: Sequence[tuple[str, int, str]]) -> list[tuple[int, str]]:
        """Returns line and text of segments that are translations."""
        for _, line, text in segments:
            fault = segment_fault(text)
            if fault:
                self.fault(line, fault)
        return [(line, text) for _, line, text in segments]


def _parse(data: bytes, root: str, reader: _Reader) -> Element | None:
    try:
        top = parse_xml(data)
    except MarkupError as error:
        hint = "; write &amp; for &, &lt; for <, &gt; for >" if "not well-formed" in str(error) else ""
        reader.fault(error.line, f"{error}{hint}")
        return None
    if top.tag == root:
        return top
    lower = "; tags are lower case" if top.tag.lower() == root else ""
    reader.fault(top.line, f"expected <{root}>, got <{top.tag[:40]}>{lower}")
    return None


def read_sgml(data: bytes, faults: FileFaults) -> Hypothesis | None:
    """Returns what a `tstset` holds, adding what OCELoT's schema refuses to `faults`; None if it is none."""
    reader = _Reader(faults)
    top = _parse(data, "tstset", reader)
    found = None
    if top is not None:
        reader.attributes(top, (), ("setid", "srclang", "trglang"))
        names = {key: top.attributes.get(key, "") for key in ("setid", "srclang", "trglang")}
        source = "" if names["srclang"] == "any" else names["srclang"]
        found = Hypothesis(names["setid"], source, names["trglang"])
        systems: dict[str, int] = {}
        documents: dict[str, int] = {}
        for document in reader.children(top, ("doc",)):
            reader.attributes(document, (), ("docid", "sysid", "genre", "origlang"))
            _once(reader, document, "docid", "document", documents)
            _one_system(reader, document, "sysid", systems)
            segments = reader.segments(document, lambda segment: reader.attributes(segment, (), ("id",)))
            found.segments += reader.texts(segments)
        if not top.children:
            reader.fault(top.line, "<tstset> has no <doc>")
    reader.finish()
    return found


def read_xml(data: bytes, faults: FileFaults) -> Hypothesis | None:
    """Returns what the `hyp`s of a `dataset` hold, adding what OCELoT refuses to `faults`; None if it is none."""
    reader = _Reader(faults)
    top = _parse(data, "dataset", reader)
    found = None
    if top is not None:
        reader.attributes(top, ("id",))
        found = Hypothesis(top.attributes.get("id", ""))
        systems: dict[str, int] = {}
        seen: dict[str, int] = {}
        documents: list[Element] = []
        for child in reader.children(top, ("collection", "doc")):
            if child.tag == "collection":
                reader.attributes(child, ("id",))
                documents += reader.children(child, ("doc",))
            else:
                documents.append(child)
        for document in documents:
            _once(reader, document, "id", "document", seen)
            _read_document(reader, document, systems, found)
        if not documents:
            reader.fault(top.line, "<dataset> has no <doc>")
    reader.finish()
    return found


def _read_document(reader: _Reader, document: Element, systems: dict[str, int], found: Hypothesis) -> None:
    reader.attributes(document, ("id", "origlang"), ("testsuite", "domain"))
    reader.language(document, "origlang")
    order = ("src", "ref", "hyp")
    sections = list(reader.children(document, order))
    tags = [section.tag for section in sections]
    if tags != sorted(tags, key=order.index):
        reader.fault(document.line, "the sections of <doc> are out of order; it is src, ref, hyp")
    if tags.count("src") != 1:
        reader.fault(document.line, f"<doc> has {tags.count('src')} <src>; it has one")
    texts: dict[str, list[tuple[str, int, str]]] = {}
    for section in sections:
        named = "system" if section.tag == "hyp" else "translator"
        required = ("lang", named) if section.tag == "hyp" else ("lang",)
        reader.attributes(section, required, (named,))
        reader.language(section, "lang")
        if section.tag == "hyp":
            _one_system(reader, section, "system", systems)
        texts[section.tag] = reader.segments(section, lambda segment: _positive_id(reader, segment))
    if document.attributes.get("testsuite"):
        return  # test suites are not part of the news, and need no translation
    if tags.count("hyp") != 1:
        reader.fault(document.line, f"<doc> has {tags.count('hyp')} <hyp>; a submission has one in each document")
        return
    if [number for number, _, _ in texts["hyp"]] != [number for number, _, _ in texts.get("src", [])]:
        sizes = f"{len(texts['hyp']):,} and {len(texts.get('src', [])):,}"
        reader.fault(document.line, f"the segments of <hyp> are not those of <src> ({sizes} segments)")
    by_tag = {section.tag: section for section in sections}
    found.source = found.source or by_tag.get("src", document).attributes.get("lang", "")
    found.target = found.target or by_tag["hyp"].attributes.get("lang", "")
    found.segments += reader.texts(texts["hyp"])


def _positive_id(reader: _Reader, segment: Element) -> None:
    reader.attributes(segment, ("id",), ("type",))
    number = segment.attributes.get("id")
    if number is not None and not POSITIVE.fullmatch(number.strip()):
        reader.fault(segment.line, f"id {quoted(number[:200])} is not a whole number from 1")


def _once(reader: _Reader, element: Element, name: str, what: str, seen: dict[str, int]) -> None:
    value = element.attributes.get(name, "")
    if value and value in seen:
        reader.fault(element.line, f"{what} {quoted(value[:200])} comes again; it came first on line {seen[value]}")
    seen.setdefault(value, element.line)


def _one_system(reader: _Reader, element: Element, name: str, systems: dict[str, int]) -> None:
    system = element.attributes.get(name)
    if system is not None and system not in systems:
        systems[system] = element.line
        if len(systems) == 2:
            reader.fault(element.line, f"a second system, {quoted(system[:200])}; a submission is of one")
