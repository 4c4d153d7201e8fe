"""Takes the picture of the report that README shows: `python -m tools.report_picture RUN docs/report.png`.

RUN is the run of `t5eval demo`, whose data is made up. It takes a Chromium, as the tests of the report do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

from tests.commands.browser import Browser, find_chromium

WIDTH, HEIGHT = 1200, 1140
DRAWN = "['export these as JSON lines', 'mean accuracy'].every((text) => document.body.textContent.includes(text))"
PAGE = "#/task/super_glue%2Fwic/validation?run="


def main(run: str, picture: str) -> None:
    """Writes the picture.

    Args:
        run: a run's folder with its report.html.
        picture: the file to write, a PNG.
    """
    path = find_chromium()
    if path is None:
        raise SystemExit("no Chromium is installed (Debian: apt-get install chromium)")
    report = (Path(run) / "report.html").resolve()
    with Browser(path) as browser:
        browser.call("Emulation.setScrollbarsHidden", hidden=True)
        browser.open(f"{report.as_uri()}{PAGE}{quote(report.parent.name)}", width=WIDTH, height=HEIGHT)
        browser.wait(f"explorer.shown && {DRAWN}")
        browser.screenshot(Path(picture))


if __name__ == "__main__":
    main(*sys.argv[1:])
