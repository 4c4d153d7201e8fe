"""The page that goes from a score to its examples: typed as it stands, it prints and shows what it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import t5eval as api
from tests.commands.browser import Browser, find_chromium
from tests.commands.test_docs import ROOT, blocks

TEXT = (ROOT / "docs" / "why.md").read_text(encoding="utf-8")
FENCED = [text for kind, text in re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) if not kind]
COUNT = "document.querySelector('.pages [role=status]')?.textContent"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's folder, with what the page has them save and set."""
    (code,) = blocks("docs/why.md", "python")
    (tmp_path / "two.py").write_text(code, encoding="utf-8")
    assert "print(t5eval.suite_folder())" in FENCED[0]
    monkeypatch.setenv("T5EVAL_DATA_DIR", str(api.suite_folder()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_print_what_the_page_shows(t5eval: Any, folder: Path) -> None:
    printed, run, shown = "", 0, 0
    for block in FENCED[1:]:
        if block.startswith("both/"):
            continue
        if not block.startswith("t5eval "):
            assert block in printed
            shown += 1
            continue
        printed = ""
        for line in block.splitlines():
            done = t5eval(*shlex.split(line)[1:])
            assert done.status == 0, done.err
            printed += done.out
            run += 1
    assert (run, shown) == (7, 5)
    changed = [json.loads(line) for line in (folder / "changes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(changed) == 13
    quoted = re.findall(r"^> \*\*question\*\* (.*\n(?:> .*\n)*)", TEXT, re.MULTILINE)
    pairs = [" ".join(text.replace("\n>", "\n").split()).replace("**sentence**", "sentence:") for text in quoted]
    wrong = [
        json.loads(line)["id"]
        for line in (folder / "numbers/predictions/glue/qnli/validation.jsonl").read_text("utf-8").splitlines()
        if json.loads(line)["prediction"] == "entailment"
    ]
    examples = {e.inputs.removeprefix("qnli question: "): e for e in api.examples("glue/qnli", "validation")}
    first, last = (examples[pair] for pair in pairs)
    assert (first.targets, last.targets) == ("not_entailment",) * 2
    assert first.id in {record["id"] for record in changed}
    assert first.id not in wrong
    assert last.id in wrong


@pytest.mark.slow
def test_the_addresses_show_what_the_page_says(folder: Path) -> None:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    for name in ("Words", "Numbers"):
        api.evaluate(f"py:two.py:{name}", "glue/qnli", splits="validation", out=name.lower())
    api.report(["words", "numbers"], out="both")
    base = folder.as_uri()
    cell = "both/report.html#/task/glue%2Fqnli/validation?run=words&gold=1&said=0"
    addresses = [block.strip() for block in FENCED if block.startswith("both/")]
    with Browser(path) as browser:
        for address, count in zip([*addresses, cell], (13, 1, 39), strict=True):
            browser.open("about:blank")
            browser.open(f"{base}/{address}")
            browser.wait("explorer.shown && !document.querySelector('main').textContent.includes('Reading the')")
            browser.wait(f"{COUNT}?.endsWith(' of {count}')")
        browser.open(f"{base}/{addresses[1]}")
        browser.wait("document.querySelector('main').textContent.includes('dates from 1950')")
