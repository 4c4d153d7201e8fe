"""What the site does beyond Markdown: links into the repository, the Python reference, and no dead link.

mkdocs calls these functions by name while it builds (`hooks` in mkdocs.yml).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
from mkdocs.exceptions import PluginError

ROOT = Path(__file__).resolve().parents[1]
FACES = ("t5eval", "keras_model", "task_specs", "leaderboards")
OUTSIDE = re.compile(r"(\]\()(\.\./[^)#\s]+)")


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Leads links out of docs/ to the repository, and puts every public name where the reference stands."""

    def in_repository(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page.file.src_uri), match[2]))
        if path.startswith("docs/"):
            return match[0]
        if not (ROOT / path).exists():
            raise PluginError(f"{page.file.src_uri}: {match[2]} leads nowhere")
        return f"{match[1]}{config.repo_url}/blob/main/{path}"

    markdown = OUTSIDE.sub(in_repository, markdown)
    return markdown.replace("<!-- names -->", names()).replace("<!-- commands -->", commands())


def names() -> str:
    """Returns for each public name of each package the line that has its docstring rendered."""
    lines: list[str] = []
    for package in FACES:
        face = import_module(package)
        lines.append(f"\n## {package}\n")
        for name in sorted(face.__all__, key=str.lower):
            home = getattr(face, "_HOMES", {}).get(name) or getattr(getattr(face, name), "__module__", package)
            lines.append(f"::: {home}.{name}\n")
    return "\n".join(lines)


def commands() -> str:
    """Returns the help of every command, under a heading with its name."""
    from t5eval.cli.main import cli

    return "\n".join(_helps(click.Context(cli, info_name="t5eval", terminal_width=100, max_content_width=100)))


def _helps(context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from _helps(click.Context(command, info_name=name, parent=context))


class Links(HTMLParser):
    """The ids of a page, and what it refers to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.update(value for value in (given.get("id"), given.get("name")) if value)
        self.targets += [value for value in (given.get("href"), given.get("src")) if value]


def on_post_build(config: Any, **_: Any) -> None:
    """Follows every link of the built site that does not leave it.

    Raises:
        PluginError: a page, file or anchor is not there.
    """
    site = Path(config.site_dir)
    pages = {path: Links(path) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
    dead = [
        f"{path.relative_to(site)}: {target}"
        for path, links in pages.items()
        for target in links.targets
        if not _leads_somewhere(path, target, pages)
    ]
    if dead:
        raise PluginError("dead links:\n  " + "\n  ".join(dead))


def _leads_somewhere(page: Path, target: str, pages: dict[Path, Links]) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return True
    path = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    path = path / "index.html" if path.is_dir() else path
    if not path.is_file():
        return False
    return not parts.fragment or path not in pages or unquote(parts.fragment) in pages[path].ids | {"__top"}
