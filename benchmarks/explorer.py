"""The explorer of 100 runs and 1,000,000 answers: first paint, search, and memory of the page, in headless Chromium.

python -m benchmarks.explorer [RUNS] [EXAMPLES]
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import t5eval
from t5eval.runs.results import library_versions, write_results
from tests.commands.browser import Browser, find_chromium

READY = "explorer.shown && document.querySelectorAll('.list article').length === 10"
COUNT = "document.querySelector('.pages [role=status]')?.textContent"


def write_runs(folder: Path, runs: int, examples: int) -> Path:
    """Writes runs of SST-2 with results and predictions, and returns their data."""
    data = folder / "data"
    (data / "glue" / "SST-2").mkdir(parents=True)
    lines = [f"sentence number {i} of a film that goes on and on and never ends\t{i % 2}\n" for i in range(examples)]
    (data / "glue" / "SST-2" / "dev.tsv").write_text("sentence\tlabel\n" + "".join(lines))
    for number in range(runs):
        run, chance = folder / "runs" / f"run-{number:03}", random.Random(number)
        store = run / "predictions" / "glue" / "sst2" / "validation.jsonl"
        store.parent.mkdir(parents=True)
        said = [("negative", "positive")[(i + (chance.random() < 0.1)) % 2] for i in range(examples)]
        store.write_text("".join(json.dumps({"id": str(i), "prediction": text}) + "\n" for i, text in enumerate(said)))
        entry = t5eval.score("glue/sst2", store, data=data, split="validation").to_json()
        entry |= {"truncated_inputs": 0, "outputs_at_limit": 0, "limit": None, "decode": {"method": "greedy"}}
        settings = {"command": "benchmark", "model": {"weights": str(number)}, "model_name": f"model {number}"}
        settings |= {"dtype": "float32", "versions": library_versions(), "device": "cpu", "bootstrap": {}}
        write_results(run, settings, {"glue/sst2": {"validation": entry}})
    return data


def seconds(browser: Browser, action: str, until: str) -> float:
    """Returns how long it takes from a script to a condition."""
    started = time.perf_counter()
    browser.run(action)
    browser.wait(until, 120)
    return time.perf_counter() - started


def first_paint(browser: Browser, address: str) -> float:
    """Returns the seconds from asking for a page to its first contentful paint."""
    browser.open(address)
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    return float(browser.wait(paint, 60)) / 1000


def measure(browser: Browser, address: str, names: list[str], examples: int) -> None:
    """Prints what the pages take."""
    task = f"{address}#/task/glue%2Fsst2/validation?" + "&".join(f"run={quote(name)}" for name in names)
    print(f"index: first paint {first_paint(browser, address):.2f} s")
    browser.wait("document.querySelectorAll('tbody tr').length", 120)
    started = time.perf_counter()
    print(f"task, {len(names)} runs: first paint {first_paint(browser, task):.2f} s", end=", ")
    browser.wait(READY, 600)
    print(f"all there {time.perf_counter() - started:.2f} s (read and judged for the first time)")
    started = time.perf_counter()
    first_paint(browser, task)
    browser.wait(READY, 600)
    print(f"again: all there {time.perf_counter() - started:.2f} s")
    for words in (f"number {examples - 9}", "film", "negative number 77", ""):
        typed = f"(() => {{ const s = document.querySelector('.examples input'); s.focus(); s.value = {words!r}; window.was = explorer.done; s.dispatchEvent(new Event('input')); }})()"  # noqa: E501
        took = seconds(browser, typed, "explorer.done > (window.was || 0)")
        print(f"search {words!r}: {took:.2f} s, {browser.run(COUNT)}")
    browser.call("HeapProfiler.collectGarbage")
    heap = browser.call("Runtime.getHeapUsage")["usedSize"]
    elements = browser.run("document.getElementsByTagName(String.fromCharCode(42)).length")
    print(f"memory of the page: {heap / 1e6:.0f} MB, {elements} elements")


def main(runs: int = 100, examples: int = 10_000) -> None:
    """Writes the runs and measures."""
    with tempfile.TemporaryDirectory() as name:
        data = write_runs(Path(name), runs, examples)
        with t5eval.view(Path(name) / "runs", data=data) as server, Browser(find_chromium() or "chromium") as browser:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            names = [f"run-{number:03}" for number in range(runs)]
            print(f"{runs} runs, {runs * examples:,} answers in view")
            measure(browser, server.address, names[:1], examples)
            measure(browser, server.address, names[:6], examples)
            server.shutdown()
        page = t5eval.report(Path(name) / "runs" / "run-000", data=data, out=Path(name) / "report").files[1]
        largest = max(path.stat().st_size for path in (page.parent / "report_files" / "data").iterdir())
        print(f"as files: the largest document takes {largest / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
