"""The explorer in a real browser, from files and from the server: what it shows, filters and leads to, and for whom."""

# ruff: noqa: E501  (scripts and addresses of a page stand in one line)

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import t5eval
from t5eval.api.report import report
from tests.commands.browser import Browser, find_chromium
from tests.commands.conftest import write_predictions
from tests.commands.report_runs import HOSTILE, hostile_run, large_run
from tests.t5eval.squad_documents import version_2, write

pytestmark = pytest.mark.slow
READY = "explorer.shown && !document.querySelector('main').textContent.includes('Reading the examples')"
COUNT = "document.querySelector('.pages [role=status]')?.textContent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; the tests are skipped where none is installed."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with Browser(path) as found:
        yield found


def rank_answers(path: Path, seed: int) -> None:
    """Gives each line of a file of predictions the log-likelihoods of two answers."""
    chance, lines = random.Random(seed), [json.loads(line) for line in path.read_text().splitlines()]
    told = [{**line, "log_likelihoods": [0.0, -4 * chance.random()], "answer_tokens": [2, 4]} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in told))


def seeds_run(folder: Path) -> Path:
    """Returns a folder of two runs over RTE, STS-B and training logs, whose answers differ."""
    suite = t5eval.suite_folder()
    for number in range(2):
        run = folder / f"run {number}"
        for task in ("glue/rte", "glue/stsb"):
            pairs = list(t5eval.examples(task, "validation", data=suite))
            said = []
            for place, pair in enumerate(pairs):
                text = pair.targets
                if (place + number) % 5 == 0:
                    text = (
                        "very"
                        if place % 10 == 0
                        else {"entailment": "not_entailment", "not_entailment": "entailment"}.get(text, "2.5")
                    )
                said.append((pair.id, text))
            path = write_predictions(run / "predictions" / task / "validation.jsonl", said)
            if task == "glue/rte":
                rank_answers(path, number)
        (run / "logs").mkdir()
        lines = [{"step": step, "loss": 3 / (step + 1 + number), "learning_rate": 0.001} for step in range(40)]
        (run / "logs" / "scalars.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two runs."""
    return seeds_run(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="module")
def written(runs: Path) -> str:
    """The address of the report of both runs, a file."""
    return report([runs / "run 0", runs / "run 1"], data=t5eval.suite_folder(), out=runs / "report").files[1].as_uri()


@pytest.fixture(scope="module")
def served(runs: Path) -> Iterator[str]:
    """The address of a server that shows both runs."""
    with t5eval.view(runs, data=t5eval.suite_folder()) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server.address
        server.shutdown()


@pytest.fixture(params=["written", "served"])
def explorer(request: pytest.FixtureRequest) -> str:
    """The address of the explorer, from files and from the server."""
    address: str = request.getfixturevalue(request.param)
    return address


def task_address(task: str, *runs: str, **query: str) -> str:
    """Returns the fragment of a task's page."""
    parts = [f"run={quote(run)}" for run in runs] + [f"{key}={quote(value)}" for key, value in query.items()]
    return f"#/task/{quote(task, safe='')}/validation?{'&'.join(parts)}"


PAGES = {
    "index": "",
    "run": "#/run/run%200",
    "classes": task_address("glue/rte", "run 0", "run 1"),
    "numbers": task_address("glue/stsb", "run 0", example="3"),
    "comparison": "#/compare?run=run%200&run=run%201",
}


def opened(browser: Browser, address: str, **options: Any) -> Browser:
    """Opens a page and waits until all of it is there."""
    browser.open(address, **options)
    browser.wait(READY)
    browser.wait("!document.querySelector('main').textContent.includes('Testing the differences')")
    browser.wait("[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('svg'))")
    return browser


def own_files(address: str) -> str:
    """Returns how the addresses begin that a page may load."""
    return address.partition("report.html")[0]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", PAGES)
def test_it_fits_the_screen_and_loads_its_own_files_alone(
    browser: Browser, written: str, page: str, width: int, dark: bool
) -> None:
    opened(browser, written + PAGES[page], width=width, dark=dark)
    assert browser.faults(own_files(written)) == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(21, 23, 27)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_against_its_accessibility(browser: Browser, served: str, page: str, dark: bool) -> None:
    axe = pytest.importorskip("axe_core_python", reason="axe-core is not installed (pip install axe-core-python)")
    opened(browser, served + PAGES[page], dark=dark)
    browser.run("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    browser.run((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8") + "; 0")
    found = browser.run(
        "axe.run(document).then(({violations}) => violations.map((one) => [one.id, one.nodes.map((node) => node.html)]))"
    )
    assert found == []


def test_an_index_is_searched_sorted_and_chosen_from(browser: Browser, explorer: str) -> None:
    opened(browser, explorer)
    rows = "[...document.querySelectorAll('tbody tr')].map((row) => row.querySelector('th').textContent.trim())"
    assert [name[:5] for name in browser.run(rows)] == ["run 0", "run 1"]
    browser.click("document.querySelector('thead button')")
    assert [name[:5] for name in browser.run(rows)] == ["run 1", "run 0"]
    assert browser.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == "descending"
    browser.run(
        "(() => { const s = document.querySelector('input[type=search]'); s.focus(); s.value = '1'; s.dispatchEvent(new Event('input')); })()"
    )
    assert [name[:5] for name in browser.run(rows)] == ["run 1"]
    assert "q=1" in browser.run("location.hash")
    assert "sort=-run" in browser.run("location.hash")
    address = browser.run("location.href")
    opened(browser, address)  # as a colleague does who was sent it
    assert [name[:5] for name in browser.run(rows)] == ["run 1"]
    opened(browser, explorer)
    for name in ("run 0", "run 1"):
        browser.click(f"document.querySelector('[aria-label=\"choose {name}\"]')")
    browser.click("document.querySelector('.actions a')")
    browser.wait("document.title.startsWith('Compare 2 runs')")


def test_a_cell_of_the_matrix_shows_its_examples(browser: Browser, explorer: str) -> None:
    opened(browser, explorer + PAGES["classes"])
    assert browser.run(COUNT) == "1 to 10 of 80"
    cell = "document.querySelectorAll('.confusion')[1].querySelectorAll('tbody tr')[0].querySelectorAll('td')[1].querySelector('button')"
    n = int(browser.run(f"{cell}.firstChild.textContent"))
    assert n > 2
    browser.click(cell)
    browser.wait(f"{COUNT} === '1 to {min(n, 10)} of {n}'")
    assert browser.run(f"{cell}.getAttribute('aria-pressed')") == "true"
    hash_ = browser.run("location.hash")
    assert "gold=0" in hash_
    assert "said=1" in hash_
    assert "of=run+1" in hash_
    shown = browser.run(
        "[...document.querySelectorAll('.list article')].map((one) => [one.querySelector('.target').textContent, [...one.querySelectorAll('dd')].at(-1).querySelector('.text').textContent])"
    )
    assert {tuple(pair) for pair in shown} == {("entailment", "not_entailment")}
    opened(browser, explorer + hash_)
    assert browser.run(COUNT) == f"1 to {min(n, 10)} of {n}"
    browser.click("document.querySelector('button.chip')")
    browser.wait("!location.hash.includes('gold')")
    browser.click(cell)
    browser.wait("location.hash.includes('gold=0')")
    browser.wait(f"{cell}.getAttribute('aria-pressed') === 'true'")
    browser.click(cell)  # a second time takes it off
    browser.wait(f"{COUNT} === '1 to 10 of 80'")


def test_bars_and_points_filter_and_open_examples(browser: Browser, explorer: str) -> None:
    opened(browser, explorer + task_address("glue/stsb", "run 0"))
    browser.wait("document.querySelectorAll('.plot svg').length === 3")
    bar = "[...document.querySelectorAll('.plot')].find((plot) => plot.closest('figure').textContent.includes('Spread')).querySelectorAll('rect')[0]"
    box = browser.run(
        f"{bar}.scrollIntoView({{block: 'center'}}), (({{x, y, width, height}}) => [x + width / 2, y + height / 2])({bar}.getBoundingClientRect())"
    )
    browser.click_at(*box)
    browser.wait("location.hash.includes('low=0')")
    table = "[...document.querySelectorAll('figure')].find((figure) => figure.textContent.includes('Spread')).querySelector('details')"
    browser.run(f"{table}.open = true")
    browser.wait(f"{table}.querySelectorAll('tbody tr').length === 20")
    count = browser.run(f"Number({table}.querySelector('tbody td').textContent)")
    browser.wait(f"{COUNT}.endsWith(' of {count}')")
    browser.run(f"{table}.querySelectorAll('tbody button')[19].click()")  # the keyboard's way
    browser.wait("location.hash.includes('last=1')")
    point = "document.querySelector('.plot svg circle')"
    box = browser.run(
        f"{point}.scrollIntoView({{block: 'center'}}), (({{x, y, width, height}}) => [x + width / 2, y + height / 2])({point}.getBoundingClientRect())"
    )
    browser.click_at(*box)
    browser.wait("location.hash.includes('example=')")
    browser.wait("document.querySelector('.chosen article')")
    assert browser.faults(own_files(explorer)) == []


def test_confidence_and_slices_lead_to_their_examples(browser: Browser, runs: Path, explorer: str) -> None:
    opened(browser, explorer + PAGES["classes"])
    figure = "[...document.querySelectorAll('figure')].find((one) => one.textContent.includes({!r}))"
    for title, key in (("Reliability", "most="), ("most confident were given", "least=")):
        chart = figure.format(title)
        assert "run 1: " in browser.run(f"{chart}.querySelector('.says').textContent")
        browser.run(f"{chart}.querySelector('details').open = true")
        row = f"{chart}.querySelectorAll('tbody tr')[1]"
        browser.wait(row)
        n = browser.run(f"{row}.querySelector('td.n').textContent")
        browser.run(f"{row}.querySelector('button').click()")
        browser.wait(f"location.hash.includes({key!r}) && {COUNT}?.endsWith(' of {n}')")
    browser.run(
        "[...document.querySelectorAll('a')].find((one) => one.textContent === 'run 1' && one.hash.includes('sort=sure')).click()"
    )
    said = "[...document.querySelectorAll('.list article')].map((one) => [...one.querySelectorAll('dl > dd')].at(-1).textContent)"
    browser.wait(
        f"location.hash.includes('right=0') && {said}.length === 10 && {said}.every((text) => text.includes('wrong'))"
    )
    sure = browser.run(f"{said}.map((text) => Number(text.match(/confidence ([0-9.]+)/)[1]))")
    assert sure == sorted(sure, reverse=True)
    opened(browser, explorer + PAGES["classes"])
    browser.run("document.querySelector('.slices').open = true")
    rows = "[...document.querySelectorAll('.slices tbody tr')]"
    browser.wait(f"{rows}.length")
    browser.run(
        "(() => { const s = document.querySelector('.slices select'); s.value = 'label'; s.dispatchEvent(new Event('change')); })()"
    )
    browser.wait(f"{rows}[0].textContent.startsWith('entailment')")
    n, one, other = browser.run(f"[...{rows}[0].querySelectorAll('td')].slice(0, 3).map((cell) => cell.textContent)")
    values = []
    for run in ("run 0", "run 1"):
        path = runs / run / "predictions" / "glue/rte" / "validation.jsonl"
        found = t5eval.score("glue/rte", path, data=t5eval.suite_folder(), split="validation", by="label").to_json()
        values.append(found["slices"]["label"]["entailment"]["scores"]["accuracy"]["value"])
    assert (n, [text.split()[0] for text in (one, other)]) == ("40", [f"{value:.2f}" for value in values])
    browser.run(f"{rows}[0].querySelector('button').click()")
    browser.wait(f"{COUNT}?.endsWith(' of 40')")
    targets = "[...new Set([...document.querySelectorAll('.list .target')].map((one) => one.textContent))].join()"
    assert browser.run(targets) == "entailment"
    opened(browser, explorer + browser.run("location.hash"))
    browser.wait(f"{COUNT}?.endsWith(' of 40')")
    assert browser.faults(own_files(explorer)) == []


def test_precision_stands_against_recall(browser: Browser, tmp_path: Path) -> None:
    data = write(tmp_path / "data", version_2(), "dev-v2.0.json")
    path = tmp_path / "run" / "predictions" / "squad/v2.0" / "validation.jsonl"
    pairs = t5eval.examples("squad/v2.0", "validation", data=data)
    write_predictions(path, [(pair.id, pair.targets.replace("unanswerable", "1987")) for pair in pairs])
    said = [
        {**json.loads(line), "no_answer_probability": n / 7} for n, line in enumerate(path.read_text().splitlines())
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in said))
    page = report(tmp_path / "run", data=data).files[1].as_uri()
    opened(browser, f"{page}#/task/squad%2Fv2.0/validation")
    figure = "[...document.querySelectorAll('figure')].find((one) => one.textContent.startsWith('Precision'))"
    best = t5eval.score("squad/v2.0", path, data=data, split="validation").to_json()["no_answer"]["em"]
    assert browser.run(f"{figure}.querySelector('.says').textContent").startswith(f"best em {best['best']:.2f} with")
    assert browser.run(f"{figure}.querySelectorAll('path[stroke]').length") >= 2
    assert browser.faults(own_files(page)) == []


def test_mistakes_in_common_lead_to_their_examples(browser: Browser, tmp_path: Path) -> None:
    pairs = list(t5eval.examples("glue/rte", "validation", data=t5eval.suite_folder()))
    other = {"entailment": "not_entailment", "not_entailment": "entailment"}
    for number in range(3):
        said = [(p.id, other[p.targets] if place % 4 <= number else p.targets) for place, p in enumerate(pairs)]
        write_predictions(tmp_path / f"seed {number}" / "predictions" / "glue/rte" / "validation.jsonl", said)
    page = report(
        [tmp_path / f"seed {number}" for number in range(3)], data=t5eval.suite_folder(), out=tmp_path / "out"
    )
    address = page.files[1].as_uri() + "#/compare?run=seed%200&run=seed%201&run=seed%202"
    section = (
        "[...document.querySelectorAll('section')].find((one) => one.textContent.startsWith('Mistakes in common'))"
    )
    wanted = {"All right": 20, "Some right": 40, "All wrong": 20}
    for name, n in wanted.items():
        opened(browser, address)
        place = browser.run(
            f"[...{section}.querySelectorAll('thead th')].map((one) => one.textContent.trim()).indexOf({name!r})"
        )
        browser.run(f"[...{section}.querySelector('tbody tr').children][{place}].querySelector('a').click()")
        browser.wait(f"{COUNT}?.endsWith(' of {n}')")
    opened(browser, address)
    browser.run(f"{section}.querySelector('details').open = true")
    rows = f"[...{section}.querySelectorAll('details table')].map((table) => [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].slice(0, 3).map((cell) => cell.textContent)))"
    browser.wait(f"{section}.querySelectorAll('details table').length === 2")
    assert browser.run(rows) == [
        [["0", "20"], ["1", "20"], ["2", "20"], ["3", "20"]],
        [["seed 0", "20", "0"], ["seed 1", "0", "0"], ["seed 2", "0", "20"]],
    ]


def test_examples_are_found_ordered_turned_and_exported(browser: Browser, explorer: str) -> None:
    opened(browser, explorer + PAGES["classes"])

    def chosen(name: str, value: str) -> None:
        browser.run(f"""(() => {{ const e = [...document.querySelectorAll('.controls label')].find((label) => label.textContent.startsWith({name!r})).querySelector('select');
            e.value = {value!r}; e.dispatchEvent(new Event('change')); }})()""")

    chosen("Show", "unreadable")
    browser.wait(f"{COUNT}?.endsWith(' of 8')")
    assert "not one of entailment" in browser.run("document.querySelector('.list').textContent")
    chosen("Show", "runs differ")
    browser.wait(f"{COUNT}?.endsWith(' of 32')")
    browser.click("[...document.querySelectorAll('.pages button')].find((button) => button.textContent === 'Next')")
    browser.wait(f"{COUNT} === '11 to 20 of 32'")
    chosen("Show", "")
    chosen("Order", "long")
    browser.wait(f"{COUNT} === '1 to 10 of 80'")
    lengths = "[...document.querySelectorAll('.list article')].map((one) => one.querySelector('details p').textContent.split(/\\s+/).length)"
    found = browser.run(lengths)
    assert found == sorted(found, reverse=True)
    browser.run(
        "(() => { const s = document.querySelector('.examples input[type=search]'); s.focus(); s.value = 'not_ENTAILMENT very'; s.dispatchEvent(new Event('input')); })()"
    )
    browser.wait(f"{COUNT} !== '1 to 10 of 80'")
    # What is exported is what was found, whole.
    browser.run(
        "explorer.download = (name, lines) => { window.exported = [name, lines.map((line) => JSON.parse(line))]; }"
    )
    browser.click(
        "[...document.querySelectorAll('.pages button')].find((button) => button.textContent.includes('export'))"
    )
    browser.wait("window.exported")
    name, lines = browser.run("window.exported")
    assert name == "glue-rte-validation.jsonl"
    assert browser.run(COUNT).endswith(f" of {len(lines)}")
    assert all("very" in json.dumps(line) and "not_entailment" in json.dumps(line) for line in lines)
    assert set(lines[0]) >= {"task", "split", "id", "fields", "input", "targets", "answers"}


def test_texts_are_marked_folded_and_compared(browser: Browser, tmp_path: Path) -> None:
    suite = t5eval.suite_folder()
    for task, split, answer in (
        ("squad/v1.1", "validation", None),
        ("wmt14/en-de", "test", "Die Katze ist ganz etwas anderes ."),
    ):
        pairs = list(t5eval.examples(task, split, data=suite))
        said = [(pair.id, pair.targets if answer is None else answer) for pair in pairs]
        write_predictions(tmp_path / "run" / "predictions" / task / f"{split}.jsonl", said)
    page = report(tmp_path / "run", data=suite).files[1].as_uri()
    opened(browser, f"{page}#/task/squad%2Fv1.1/validation")
    assert browser.run("document.querySelectorAll('.list mark.gold').length") >= 5
    terms = browser.run(
        "[...document.querySelector('.list dl').querySelectorAll('dt')].map((term) => term.textContent)"
    )
    assert terms[:3] == ["question", "context", "Target"]
    opened(browser, f"{page}#/task/wmt14%2Fen-de/test")
    for name, wanted in (("differences", ".list ins"), ("matching n-grams", ".list .text")):
        browser.run(
            f"[...document.querySelectorAll('.views button')].find((button) => button.textContent === {name!r}).click()"
        )
        browser.wait(f"document.querySelector({wanted!r})")
    assert browser.faults(own_files(page)) == []


def test_hostile_answers_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    run, data = hostile_run(tmp_path)
    page = report(run, data=data).files[1].as_uri()
    for fragment in (
        "",
        "#/task/glue%2Fsst2/validation",
        "#/task/wmt14%2Fen-de/test?show=wrong",
        "#/<img src=x onerror=window.broken=1>",
        "#/task/%ff",
    ):
        opened(browser, page + fragment)
        assert (
            browser.run("document.querySelectorAll('main img, main b:not(.score b):not(.facts b), main script').length")
            == 0
        )
        assert browser.run("window.broken === undefined")
        assert browser.faults(own_files(page)) == []
    opened(browser, page + "#/task/glue%2Fsst2/validation")
    shown = browser.run("document.querySelector('main').textContent")
    for text in HOSTILE[:4]:
        assert text in shown


def test_what_runs_is_the_explorers_own_scripts_alone(browser: Browser, explorer: str) -> None:
    opened(browser, explorer)
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = 1\">')")
    browser.run("document.body.append(Object.assign(document.createElement('script'), {text: 'window.broken = 1'}))")
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("window.broken === undefined")  # the content security policy


@pytest.mark.parametrize("examples", [100_000])
def test_many_examples_open_and_are_searched_without_freezing(browser: Browser, tmp_path: Path, examples: int) -> None:
    run, data = large_run(tmp_path, examples)
    page = report(run, data=data).files[1]
    sizes = [path.stat().st_size for path in (page.parent / "report_files" / "data").iterdir()]
    assert max(sizes) < 3_000_100
    opened(browser, page.as_uri() + "#/task/glue%2Fsst2/validation")
    held = int(browser.run("document.querySelector('[data-held]').dataset.held"))
    assert held > 20_000
    assert browser.run("document.querySelectorAll('*').length") < 1500
    type_ = "(() => {{ const s = document.querySelector('.examples input[type=search]'); s.focus(); s.value = {!r}; s.dispatchEvent(new Event('input')); }})()"
    browser.run(type_.format("number 99990"))
    browser.wait(f"{COUNT} === '1 to 1 of 1'")
    assert "sentence number 99990 of a film" in browser.run("document.querySelector('.list').textContent")
    browser.run(type_.format("nowhere"))
    browser.wait(f"{COUNT} === 'none found'")
    browser.run(type_.format(""))
    browser.wait(f"{COUNT} === '1 to 10 of {held:,}'")
    assert browser.faults(own_files(page.as_uri())) == []


def test_it_can_be_used_with_the_keyboard(browser: Browser, explorer: str) -> None:
    opened(browser, explorer + PAGES["classes"])
    reached: list[Any] = []
    for _ in range(120):
        browser.press("Tab", 9)
        reached.append(
            browser.run(
                "(({tagName, className, type}) => `${tagName} ${type || ''} ${className}`.trim())(document.activeElement)"
            )
        )
    for wanted in (
        "A  skip",
        "A",
        "SUMMARY",
        "INPUT search",
        "SELECT select-one",
        "BUTTON button cell",
        "INPUT checkbox",
    ):
        assert any(one.startswith(wanted) for one in reached), (wanted, set(reached))
    browser.run("document.querySelector('button.cell').focus()")
    browser.press("Enter", 13)
    browser.wait("location.hash.includes('said=')")


def test_it_prints_without_what_paper_cannot_do(browser: Browser, written: str) -> None:
    opened(browser, written + PAGES["classes"], dark=True)
    browser.call("Emulation.setEmulatedMedia", media="print")
    for gone in ("nav", ".controls", ".chips"):
        assert browser.run(f"getComputedStyle(document.querySelector({gone!r})).display") == "none"
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.call("Emulation.setEmulatedMedia", media="")


def test_a_page_follows_a_run_that_goes_on(browser: Browser, tmp_path: Path) -> None:
    folder = seeds_run(tmp_path)
    with t5eval.view(folder, data=t5eval.suite_folder()) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        opened(browser, server.address)
        assert browser.run("document.querySelectorAll('tbody tr').length") == 2
        (folder / "run 1").rename(folder / "run 2")
        (folder / "run 3" / "logs").mkdir(parents=True)
        (folder / "run 3" / "logs" / "scalars.jsonl").write_text('{"step": 1, "loss": 1.0}\n')
        browser.wait("document.querySelectorAll('tbody tr').length === 3")
        assert "changed at" in browser.run("document.getElementById('live').textContent")
        server.shutdown()
