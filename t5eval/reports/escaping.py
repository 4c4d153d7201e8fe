"""Text of models and data in Markdown, LaTeX and CSV: shown as it is, never obeyed."""

import re

# Control characters, marks that turn the direction of writing, and half surrogates: none can be seen, some do harm.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")


def visible(text: str) -> str:
    """Returns a text in which characters that cannot be seen are replaced by `�`; tabs and line ends stay."""
    return _INVISIBLE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """Returns a text as one visible line."""
    return _SPACES.sub(" ", visible(text)).strip()


_MARKDOWN = re.compile(r"[\\`*\[\]<>&|~$@#!]|(?<![^\W_])_|_(?![^\W_])")


def markdown(text: str) -> str:
    """Returns a text for a line or a table's cell of GitHub's Markdown: no markup, no HTML, nobody mentioned."""

    def escaped(match: re.Match[str]) -> str:
        # A backslash stops neither HTML in every renderer, nor mentions and references to issues.
        return f"&#{ord(match[0])};" if match[0] in "<>&@#$" else f"\\{match[0]}"

    return _MARKDOWN.sub(escaped, one_line(text)).replace("://", "&#58;//")


def markdown_code(text: str, *, cell: bool = False) -> str:
    """Returns a text as a span of code, within a table's cell or not."""
    line = one_line(text)
    if not line:
        return ""
    longest = max((len(ticks) for ticks in re.findall("`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    code = f"{fence}{pad}{line}{pad}{fence}"
    return code.replace("|", "\\|") if cell else code


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{character: f"\\{character}" for character in "{}$&#_%"},
    # What our own sentences have, and LaTeX's usual fonts lack.
    "×": r"$\times$",
    "–": "--",
    "…": r"\ldots{}",
    "⁇": "??",
    "\ufffd": "{?}",
}


def latex(text: str) -> str:
    """Returns a text for LaTeX, as one line."""
    return "".join(_LATEX.get(character, character) for character in one_line(text))


def cell(text: str) -> str:
    """Returns a text for a spreadsheet's cell, which takes what begins with `=`, `+`, `-` or `@` for a formula."""
    line = one_line(text)
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line
