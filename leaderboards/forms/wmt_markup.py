"""WMT's two marked-up forms of a translation: the classic SGML test set, and the XML of 2021 and later.

The SGML form is written and checked as strict XML in lower case, which is what OCELoT's schema asks for: `tstset` >
`doc` > `p` > `seg`. The XML form is `dataset` > `collection` > `doc` > `src`, `ref`, `hyp` > `p` > `seg`, in that
order. Both escape a text once.

Sources: OCELoT's XSD and RELAX NG schemas; wmt-format-tools' wrap and unwrap.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from leaderboards.forms.documents import Document, Frame
from leaderboards.forms.markup import Element, MarkupError, attribute, escape, parse_xml
from leaderboards.forms.segments import segment_fault
from leaderboards.verdict import FileFaults
from task_specs.support.errors import quoted

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
        sources: by line, what a segment is a translation of; XML alone holds it.
    """

    set_id: str = ""
    source: str = ""
    target: str = ""
    segments: list[tuple[int, str]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)


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
        source: the source language's code.
        target: the target language's code.
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


@dataclass(frozen=True)
class _Rule:
    """What the schema says of an element.

    Attributes:
        holds: the elements that may stand in it; none where it holds text.
        required: its attributes.
        optional: further attributes.
        language: the attribute that is a language's code, empty if none is.
        needed: the element of which it has at least one, empty if it may be empty.
    """

    holds: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    language: str = ""
    needed: str = ""


_SGML = {
    "tstset": _Rule(("doc",), optional=("setid", "srclang", "trglang"), needed="doc"),
    "doc": _Rule(("p",), optional=("docid", "sysid", "genre", "origlang"), needed="p"),
    "p": _Rule(("seg",)),
    "seg": _Rule(optional=("id",)),
}
_SECTION = _Rule(("p",), ("lang",), ("translator",), "lang", needed="p")
_ORDER = ("src", "ref", "hyp")
_XML = {
    "dataset": _Rule(("collection", "doc"), ("id",)),
    "collection": _Rule(("doc",), ("id",)),
    "doc": _Rule(_ORDER, ("id", "origlang"), ("testsuite", "domain"), "origlang"),
    "src": _SECTION,
    "ref": _SECTION,
    "hyp": _Rule(("p",), ("lang", "system"), language="lang", needed="p"),
    "p": _Rule(("seg",)),
    "seg": _Rule((), ("id",), ("type",)),
}


class _Reader:
    """Reads a tree by a grammar, collecting what that does not allow."""

    def __init__(self, grammar: Mapping[str, _Rule]) -> None:
        self.grammar = grammar
        self.found: list[tuple[int, str]] = []
        self.first: dict[tuple[str, str], int] = {}  # what may come once, by kind and name: the line where it came
        self.system: str | None = None

    def fault(self, element: Element, message: str) -> None:
        self.found.append((element.line, message))

    def parse(self, data: bytes) -> Element | None:
        """Returns the root with what the grammar allows in it; None if there is none."""
        root = next(iter(self.grammar))
        try:
            top = parse_xml(data)
        except MarkupError as error:
            hint = "; write &amp; for &, &lt; for <, &gt; for >" if "not well-formed" in str(error) else ""
            self.found.append((error.line, f"{error}{hint}"))
            return None
        if top.tag != root:
            lower = "; tags are lower case" if top.tag.lower() == root else ""
            self.fault(top, f"expected <{root}>, got <{top.tag[:40]}>{lower}")
            return None
        self._prune(top)
        return top

    def _prune(self, element: Element) -> None:
        """Takes what is not allowed out of an element, which is at fault for it."""
        rule, tag, kept = self.grammar[element.tag], element.tag, []
        for name in rule.required:
            if name not in element.attributes:
                self.fault(element, f"<{tag}> has no attribute {name}")
        for name in element.attributes:
            if name not in (*rule.required, *rule.optional):
                allowed = ", ".join((*rule.required, *rule.optional)) or "none"
                self.fault(element, f"<{tag}> has the attribute {name[:40]}; its attributes are {allowed}")
        code = element.attributes.get(rule.language)
        if code is not None and not LANGUAGE.fullmatch(code):
            self.fault(element, f"{rule.language} {quoted(code[:200])} is no language code, such as de")
        if rule.holds and element.text.strip():
            self.fault(element, f"text between the tags of <{tag}>: {quoted(element.text.strip()[:200])}")
        if rule.needed and not element.children:
            self.fault(element, f"<{tag}> has no <{rule.needed}>")
        wanted = ", ".join(f"<{name}>" for name in rule.holds) or "text; write &lt; for <"
        for child in element.children:
            if child.tag in rule.holds:
                kept.append(child)
                self._prune(child)
            else:
                self.fault(child, f"<{child.tag[:40]}> in <{tag}>, which holds {wanted}")
        element.children = kept

    def once(self, element: Element, kind: str, name: str, shown: str) -> None:
        """Checks that a name did not come before among those of its kind."""
        if name and (kind, name) in self.first:
            self.fault(element, f"{shown} comes again; it came first on line {self.first[kind, name]}")
        self.first.setdefault((kind, name), element.line)

    def document(self, element: Element, attribute: str) -> None:
        """Checks that a document's name is its own."""
        name = element.attributes.get(attribute, "")
        self.once(element, "document", name, f"document {quoted(name[:200])}")

    def segments(self, parent: Element) -> list[Element]:
        """Returns the segments of an element, whose ids are its own."""
        found = list(parent.find("seg"))
        for segment in found:
            number = segment.attributes.get("id", "")
            self.once(segment, f"segment of {id(parent)}", number, f"segment {number[:40]}")
        return found

    def translations(self, element: Element, attribute: str) -> list[Element]:
        """Returns the segments of an element that are translations, by the one system of the file."""
        system = element.attributes.get(attribute)
        if system is not None and self.system not in (None, system):
            self.fault(element, f"a second system, {quoted(system[:200])}; a submission is of one")
        self.system = system if self.system is None else self.system
        found = self.segments(element)
        for segment in found:
            if fault := segment_fault(segment.text):
                self.fault(segment, fault)
        return found

    def finish(self, faults: FileFaults) -> None:
        """Adds the faults, by line."""
        for line, message in sorted(self.found, key=lambda fault: fault[0]):
            faults.add(line, message)


def read_sgml(data: bytes, faults: FileFaults) -> Hypothesis | None:
    """Returns what a `tstset` holds, adding what OCELoT's schema refuses to `faults`; None if it is none."""
    reader = _Reader(_SGML)
    top = reader.parse(data)
    found = None
    if top is not None:
        set_id, source, target = (top.attributes.get(key, "") for key in ("setid", "srclang", "trglang"))
        found = Hypothesis(set_id, "" if source == "any" else source, target)
        for document in top.children:
            reader.document(document, "docid")
            found.segments += [(segment.line, segment.text) for segment in reader.translations(document, "sysid")]
    reader.finish(faults)
    return found


def read_xml(data: bytes, faults: FileFaults) -> Hypothesis | None:
    """Returns what the `hyp`s of a `dataset` hold, adding what OCELoT refuses to `faults`; None if it is none."""
    reader = _Reader(_XML)
    top = reader.parse(data)
    found = None
    if top is not None:
        found = Hypothesis(top.attributes.get("id", ""))
        documents = list(top.find("doc"))
        for document in documents:
            reader.document(document, "id")
            _read_document(reader, document, found)
        if not documents:
            reader.fault(top, "<dataset> has no <doc>")
    reader.finish(faults)
    return found


def _read_document(reader: _Reader, document: Element, found: Hypothesis) -> None:
    sections: dict[str, list[Element]] = {tag: list(document.find(tag)) for tag in _ORDER}
    tags = [section.tag for section in document.children]
    if tags != sorted(tags, key=_ORDER.index):
        reader.fault(document, "the sections of <doc> are out of order; it is src, ref, hyp")
    if len(sections["src"]) != 1:
        reader.fault(document, f"<doc> has {len(sections['src'])} <src>; it has one")
    for segment in document.find("seg"):
        number = segment.attributes.get("id")
        if number is not None and not POSITIVE.fullmatch(number.strip()):
            reader.fault(segment, f"id {quoted(number[:200])} is not a whole number from 1")
    if document.attributes.get("testsuite"):
        return  # test suites are not part of the news, and need no translation
    for section in (*sections["src"], *sections["ref"]):
        reader.segments(section)
    if len(sections["hyp"]) != 1:
        reader.fault(document, f"<doc> has {len(sections['hyp'])} <hyp>; a submission has one in each document")
        return
    (hypothesis,) = sections["hyp"]
    translated = reader.translations(hypothesis, "system")
    originals = [segment for section in sections["src"][-1:] for segment in section.find("seg")]
    if [s.attributes.get("id", "") for s in translated] != [s.attributes.get("id", "") for s in originals]:
        sizes = f"{len(translated):,} and {len(originals):,}"
        reader.fault(document, f"the segments of <hyp> are not those of <src> ({sizes} segments)")
    source = sections["src"][-1] if sections["src"] else document
    found.source = found.source or source.attributes.get("lang", "")
    found.target = found.target or hypothesis.attributes.get("lang", "")
    found.segments += [(segment.line, segment.text) for segment in translated]
    found.sources |= {str(s.line): o.text for s, o in zip(translated, originals, strict=False)}
