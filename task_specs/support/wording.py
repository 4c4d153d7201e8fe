"""Templates: a text with named features in braces, `{premise}` or `{entities|numbered}`, compiled once, and strict.

`{a, b|FILTER}` is the list of two features, `{answers.text}` a part of one; `{{` and `}}` are braces. A text filter
applies to each text of a list; a list has to be made a text by one of the list filters.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from task_specs.support.errors import SpecError, did_you_mean, quoted

_BOLD = re.compile("</?b>")
_HIGHLIGHT = "\n@highlight\n"
_HIGHLIGHT_AFTER_MARK = re.compile(r"([.?!\"'])\n@highlight\n")
_TOKEN = re.compile(r"(\{\{|\}\})|\{([^{}]*)\}|([{}])")
_NAME = re.compile(r"[^\s.|,{}]+(\.[^\s.|,{}]+)*")


@lru_cache(maxsize=8)  # the answers to all questions on a paragraph follow each other
def without_markup(text: str) -> str:
    """Returns a text of MultiRC with `<br>` as a space and without `<b>` and `</b>`; other tags stay, as with T5."""
    return _BOLD.sub("", text.replace("<br>", " ")) if "<" in text else text


def joined_highlights(passage: str) -> str:
    """Returns a passage of ReCoRD with its bullet points as sentences of the text."""
    return _HIGHLIGHT_AFTER_MARK.sub(r"\1 ", passage).replace(_HIGHLIGHT, ". ")


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lines(marks: Callable[[int], str]) -> Callable[[Sequence[str]], str]:
    return lambda items: "\n".join(f"{marks(place)} {item}" for place, item in enumerate(items))


TEXT_FILTERS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lower": str.lower,
    "capitalise": _capitalised,
    "without_markup": without_markup,
    "joined_highlights": joined_highlights,
}
LIST_FILTERS: dict[str, Callable[[Sequence[str]], str]] = {
    "first": lambda items: items[0] if items else "",
    "join": ", ".join,
    "lettered": _lines(lambda place: f"{chr(65 + place)}."),
    "numbered": _lines(lambda place: f"{place + 1}."),
    "bulleted": _lines(lambda place: "-"),
}


class TemplateError(SpecError):
    """A template that says something that there is not.

    Attributes:
        piece: the part of the template at fault, and
        template: the whole of it, by which the line is found in a file.
    """

    def __init__(self, message: str, piece: str, template: str = "") -> None:
        super().__init__(message)
        self.piece = piece
        self.template = template


class Wording:
    """A compiled template.

    Attributes:
        names: the features that it needs, each once.

    Raises:
        TemplateError: a brace is open, a name is none, or a filter is unknown.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self.names: tuple[str, ...] = ()
        self._values: list[Callable[[Mapping[str, Any]], str]] = []
        self._plain: list[str] | None = []  # the features in order, where each is wanted as it is
        literals, end = "", 0
        for token in _TOKEN.finditer(template):
            brace, piece, alone = token.groups()
            if alone:
                line = template.count("\n", 0, token.start()) + 1
                raise TemplateError(
                    f"template: an open {alone} on its line {line}; a brace that is meant is written {alone * 2}",
                    template[token.start() : token.start() + 20],
                    template,
                )
            literals += _percent(template[end : token.start()]) + (brace[0] if brace else "%s")
            if not brace:
                self._values.append(self._piece(piece))
            end = token.end()
        self._format = literals + _percent(template[end:])
        # Features that are wanted as they are come all at once, in half the time.
        self._pick: Callable[[Mapping[str, Any]], tuple[Any, ...]] | None = None
        if self._plain:
            first, *more = self._plain
            self._pick = itemgetter(first, *more) if more else lambda features: (features[first],)

    def _piece(self, piece: str) -> Callable[[Mapping[str, Any]], str]:
        said = f"{{{piece}}}"
        what, *filters = (part.strip() for part in piece.split("|"))
        names = [name.strip() for name in what.split(",")]
        for name in names:
            if not _NAME.fullmatch(name):
                raise TemplateError(
                    f"template: {quoted(said)} names no feature; write {{NAME}} or {{NAME|FILTER}}",
                    said,
                    self._template,
                )
        known = [*TEXT_FILTERS, *LIST_FILTERS]
        for name in filters:
            if name not in known:
                hint = did_you_mean(name, known)
                raise TemplateError(
                    f"template: unknown filter {name!r} in {quoted(said)}.{hint} The filters are {', '.join(known)}",
                    said,
                    self._template,
                )
        self.names = tuple(dict.fromkeys([*self.names, *(name.partition(".")[0] for name in names)]))
        if len(names) == 1 and not filters and "." not in what and self._plain is not None:
            self._plain.append(what)
        else:
            self._plain = None
        paths = [name.split(".") for name in names]

        def value(features: Mapping[str, Any]) -> str:
            found: Any = [_at(features, path, said) for path in paths]
            found = found[0] if len(found) == 1 else found
            for name in filters:
                found = _filtered(found, name, said)
            return _text(found, said)

        return value

    def render(self, features: Mapping[str, Any]) -> str:
        """Returns the text of an example.

        Raises:
            TemplateError: a feature is not there, or is a list where a text is asked for.
        """
        if self._pick is not None:
            try:
                values = self._pick(features)
            except KeyError:
                values = (None,)
            for value in values:
                if type(value) is not str:
                    break
            else:
                return self._format % values
        return self._format % tuple([value(features) for value in self._values])


def _percent(text: str) -> str:
    return text.replace("%", "%%")


@lru_cache(maxsize=1024)
def wording(template: str) -> Wording:
    """Returns a template, compiled once; see `Wording`."""
    return Wording(template)


def placed(where: str, error: SpecError) -> SpecError:
    """Returns an error with the place before it; it keeps the piece of a template by which its line is found."""
    found = SpecError(f"{where}: {error}")
    found.__dict__.update(error.__dict__)
    return found


def line_in(text: str, error: Exception) -> int | None:
    """Returns the line of a file's text that a template's fault stands on, None where it is not that or not found."""
    piece = getattr(error, "piece", "")
    # Other lines may hold the piece as well: from the template on, where that stands in the file as it is.
    place = text.find(piece, max(0, text.find(getattr(error, "template", "")))) if piece else -1
    return None if place < 0 else text.count("\n", 0, place) + 1


def _text(value: Any, said: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    kind = "nothing" if value is None else "a list" if isinstance(value, list | tuple) else "a table"
    way = f"; {', '.join(LIST_FILTERS)} make a text of one" if kind == "a list" else ""
    raise TemplateError(f"template: {quoted(said)} is {kind}, not a text{way}", said)


def _at(features: Mapping[str, Any], path: Sequence[str], said: str) -> Any:
    value: Any = features
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            raise TemplateError(f"template: {quoted(said)}: there is no {'.'.join(path)}", said)
        value = value[name]
    return value


def _filtered(value: Any, name: str, said: str) -> Any:
    several = isinstance(value, list | tuple)
    if name in LIST_FILTERS:
        return LIST_FILTERS[name]([_text(item, said) for item in (value if several else [value])])
    one = TEXT_FILTERS[name]
    return [one(_text(item, said)) for item in value] if several else one(_text(value, said))
