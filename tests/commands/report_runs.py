"""Runs for tests of the report: with hostile texts, and with many examples; and what a written report holds."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

from tests.commands.conftest import write_predictions

HOSTILE = (
    "</script><script>window.broken = 1</script>",
    "<img src=x onerror='window.broken = 1'>",
    "<!-- <script>",
    "| pipe ` tick ``` *bold* [link](javascript:alert(1)) @somebody \\end{document} %",
    "bell \x07 null \x00 turned \u202e line\u2028end",
    "=HYPERLINK(1)",
    '"><svg onload=window.broken=1>',
    "{{ 7 * 7 }} {% raw %}",
)


def documents(page: Path) -> dict[tuple[str, ...], Any]:
    """Returns the documents of a written report by their names, `("index",)` among them."""
    folder = page.parent / "report_files" / "data"

    def unpacked(name: str) -> Any:
        (packed,) = re.findall(
            rf'^explorer\.arrived\("{name}","([\w+/=]*)"\);$', (folder / f"{name}.js").read_text().strip()
        )
        return json.loads(zlib.decompress(base64.b64decode(packed)))

    index = unpacked("index")
    assert len(list(folder.iterdir())) == len(index["files"]) + 1
    return {("index",): index, **{tuple(name): unpacked(str(n)) for n, name in enumerate(index["files"])}}


def hostile_run(folder: Path) -> tuple[Path, Path]:
    """Returns a run's folder and a data directory whose sentences, answers and ids are meant to do harm."""
    data = folder / "data"
    (data / "glue" / "SST-2").mkdir(parents=True)
    rows = ["sentence\tlabel", *(f"{text.split(chr(10))[0]} \t{i % 2}" for i, text in enumerate(HOSTILE))]
    (data / "glue" / "SST-2" / "dev.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (data / "wmt" / "en-de").mkdir(parents=True)
    for side in ("en", "de"):
        lines = [f"{side} {text}".replace("\u2028", " ") for text in HOSTILE]
        (data / "wmt" / "en-de" / f"newstest2014.{side}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = folder / "<b>run|`x`&_"
    answers = [(str(i), text) for i, text in enumerate(HOSTILE)]
    write_predictions(run / "predictions" / "glue" / "sst2" / "validation.jsonl", answers)
    write_predictions(run / "predictions" / "wmt14" / "en-de" / "test.jsonl", answers)
    return run, data


def large_run(folder: Path, examples: int) -> tuple[Path, Path]:
    """Returns a run's folder and a data directory of SST-2 with many examples, of which every tenth is wrong."""
    data = folder / "data"
    (data / "glue" / "SST-2").mkdir(parents=True)
    lines = [f"sentence number {i} of a film that goes on and on\t{i % 2}\n" for i in range(examples)]
    (data / "glue" / "SST-2" / "dev.tsv").write_text("sentence\tlabel\n" + "".join(lines), encoding="utf-8")
    answers = [(str(i), ("negative", "positive")[(i + (i % 10 == 0)) % 2]) for i in range(examples)]
    run = folder / "large"
    write_predictions(run / "predictions" / "glue" / "sst2" / "validation.jsonl", answers)
    return run, data
