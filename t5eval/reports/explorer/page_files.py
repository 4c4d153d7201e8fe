"""The explorer's page: its HTML, scripts and styles, the same for the server and for files."""

from pathlib import Path

PAGE = Path(__file__).with_name("page")
SCRIPTS = (
    *("source.js", "dom.js", "tables.js", "charts.js", "points.js", "texts.js"),
    *("index.js", "run.js", "selection.js", "examples.js", "slices.js", "task.js"),
    *("mistakes.js", "compare.js", "explorer.js"),
)
"""In the order in which they are loaded."""
FOLDER = "report_files"

_POLICY = "default-src 'none'; style-src {own} 'unsafe-inline'; script-src {own}; connect-src 'self'; img-src data:"
SERVED_POLICY = _POLICY.format(own="'self'") + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# `file:` is what a browser that takes each file for a site of its own needs; no web page may load from there.
WRITTEN_POLICY = _POLICY.format(own="'self' file:")


def page_files() -> dict[str, bytes]:
    """Returns the files that stand beside the entry page in `FOLDER`, by name."""
    return {
        path.relative_to(PAGE).as_posix(): path.read_bytes()
        for path in sorted(PAGE.rglob("*"))
        if path.is_file() and path.name != "report.html"
    }


def entry_page(*, served: bool) -> str:
    """Returns the page that is opened.

    Args:
        served: whether documents come from a server; else from files in `FOLDER`, and the index is one of them.
    """
    own = [f'<script defer src="{FOLDER}/{name}"></script>' for name in SCRIPTS]
    # The data goes last: it calls what the scripts define.
    data = [] if served else [f'<script defer src="{FOLDER}/data/index.js"></script>']
    page = (PAGE / "report.html").read_text(encoding="utf-8")
    policy = SERVED_POLICY.partition("; base-uri")[0] if served else WRITTEN_POLICY
    filled = {"POLICY": policy, "FOLDER": FOLDER, "SOURCE": "server" if served else "files"}
    for name, value in filled.items():
        page = page.replace("{{" + name + "}}", value)
    return page.replace("{{SCRIPTS}}", "\n".join([*own, *data]))
