"""The report's page in a real browser: nothing loads, nothing hostile runs, filters work, sizes fit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from t5eval.api.report import report
from tests.commands.browser import Browser, find_chromium
from tests.commands.report_runs import HOSTILE, hostile_run, large_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; the tests are skipped where none is installed."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium is installed (Debian: apt-get install chromium)")
    with Browser(path) as found:
        yield found


def page_of(run: Path, data: Path) -> Path:
    """Returns a run's page."""
    return report(run, data=data).files[1]


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with hostile texts."""
    return page_of(*hostile_run(tmp_path_factory.mktemp("hostile")))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 800, 1600])
def test_it_fits_the_screen_and_loads_nothing(browser: Browser, hostile_page: Path, width: int, dark: bool) -> None:
    browser.open(hostile_page, width=width, dark=dark)
    assert browser.faults() == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert browser.run("window.broken === undefined")
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(21, 23, 27)" if dark else "rgb(255, 255, 255)")


def test_hostile_answers_are_shown_as_text(browser: Browser, hostile_page: Path) -> None:
    browser.open(hostile_page)
    # Drawn by the page's script, not only by the template.
    browser.run("document.querySelectorAll('select').forEach((s) => s.dispatchEvent(new Event('change')))")
    shown = browser.run("document.querySelector('main').textContent")
    for text in HOSTILE[:4]:
        assert text in shown
    assert browser.run("document.querySelectorAll('main img, main b').length") == 0
    assert browser.run("window.broken === undefined")
    assert browser.faults() == []


def test_what_runs_is_the_pages_own_script_alone(browser: Browser, hostile_page: Path) -> None:
    browser.open(hostile_page)
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken = 1\">')")
    browser.run("document.body.append(Object.assign(document.createElement('script'), {text: 'window.broken = 1'}))")
    browser.run("new Promise((done) => setTimeout(done, 200))")
    assert browser.run("window.broken === undefined")  # the content security policy


@pytest.mark.parametrize("examples", [100_000])
def test_many_examples_open_and_are_searched_without_freezing(browser: Browser, tmp_path: Path, examples: int) -> None:
    browser.open(page_of(*large_run(tmp_path, examples)))
    block = "document.querySelector('[data-examples]')"
    assert browser.run(f"{block}.querySelectorAll('.list > li').length") == 10
    held = int(browser.run(f"{block}.dataset.held"))
    assert held > 50_000
    assert browser.run("document.querySelectorAll('*').length") < 1500

    def act(script: str) -> tuple[str, float]:
        """Returns what the status says after a script, and the milliseconds that the page was busy at a stretch."""
        busy = browser.run(f"""(async () => {{
            let worst = 0, last = performance.now(), on = true;
            const tick = () => {{
                worst = Math.max(worst, performance.now() - last);
                last = performance.now();
                if (on) setTimeout(tick, 0);
            }};
            tick();
            {script}
            await new Promise((done) => setTimeout(done, 400));
            on = false;
            return worst;
        }})()""")
        return browser.run(f"{block}.querySelector('[role=status]').textContent"), busy

    find = f"const b = {block}, e = b.querySelector('form').elements;"
    assert act(f"{find} e.filter.value = '1'; e.filter.dispatchEvent(new Event('change'));")[0] == "1 to 10 of 10,000"
    typed = "e.words.value = WORDS; e.words.dispatchEvent(new Event('input'));"
    said, busy = act(f"{find} {typed.replace('WORDS', repr('number 99990'))}")
    assert said == "1 to 1 of 1"
    assert busy < 5000  # it is some 100 where nothing else runs
    text = browser.run(f"{block}.querySelector('.list').textContent")
    assert "sentence number 99990 of a film" in text
    assert "wrong" in text
    said, _ = act(f"{find} e.filter.value = '0'; {typed.replace('WORDS', repr('nowhere'))}")
    assert said == "none found"
    said, _ = act(f"{find} {typed.replace('WORDS', repr(''))}")
    assert said == f"1 to 10 of {held:,}"
    said, _ = act(f"{block}.querySelector('[name=on]').click();")
    assert said == f"11 to 20 of {held:,}"
    assert browser.faults() == []


def test_it_can_be_used_with_the_keyboard(browser: Browser, hostile_page: Path) -> None:
    browser.open(hostile_page)

    def press(key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9}[key])

    reached: list[Any] = []
    for _ in range(120):
        press("Tab")
        reached.append(browser.run("document.activeElement.tagName + ' ' + (document.activeElement.name || '')"))
    for wanted in ("A ", "SUMMARY ", "INPUT words", "SELECT filter"):
        assert wanted in reached
    named = "[...document.querySelectorAll('input, select, button')].every((e) => e.labels?.length || e.textContent)"
    assert browser.run(named)


def test_it_prints_without_what_paper_cannot_do(browser: Browser, hostile_page: Path) -> None:
    browser.open(hostile_page, dark=True)
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.run("getComputedStyle(document.querySelector('.controls')).display") == "none"
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    browser.call("Emulation.setEmulatedMedia", media="")
