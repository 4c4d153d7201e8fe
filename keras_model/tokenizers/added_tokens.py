"""Tokens that were added to a vocabulary, and how they are found in a text before the vocabulary sees the rest."""

import dataclasses
import re
from collections.abc import Iterator, Mapping


@dataclasses.dataclass(frozen=True)
class AddedToken:
    """A token as `tokenizer_config.json` describes it.

    Attributes:
        content: its text.
        single_word: whether it is found only where no letter or digit touches it.
        lstrip: whether it takes the white space before it.
        rstrip: whether it takes the white space after it.
        normalized: whether the text is normalised before it is looked for; recorded, not obeyed.
        special: whether it is left out of a text on request; recorded alone.
    """

    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False
    special: bool = True

    @property
    def pattern(self) -> str:
        """A regular expression for it."""
        text = re.escape(self.content)
        text = rf"(?<!\w){text}(?!\w)" if self.single_word else text
        before, after = (r"\s*" * strips for strips in (self.lstrip, self.rstrip))
        return f"{before}({text}){after}"


class Splitter:
    """Cuts texts at added tokens, of several that begin in one place at the longest.

    Args:
        tokens: the tokens by their ids.
    """

    def __init__(self, tokens: Mapping[int, AddedToken]) -> None:
        self._ids = sorted(tokens, key=lambda i: -len(tokens[i].content))
        self._pattern = re.compile("|".join(tokens[i].pattern for i in self._ids))

    def is_in(self, text: str) -> bool:
        """Whether a text holds one."""
        return self._pattern.search(text) is not None

    def parts(self, text: str) -> Iterator[str | int]:
        """The texts between the tokens, and the tokens' ids, in order."""
        start = 0
        for match in self._pattern.finditer(text):
            yield text[start : match.start()]
            yield self._ids[(match.lastindex or 1) - 1]
            start = match.end()
        yield text[start:]
