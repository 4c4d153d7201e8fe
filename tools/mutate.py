"""Which small faults in a module do its tests let pass?

    python -m tools.mutate MODULE.py|FOLDER TEST... [--sample N] [--seed S] [--processes P]

Each mutant is a module with one change: a comparison turned, a number off by one, a sign or an `and` exchanged, a `not`
taken away, a check or a call left out. The tests run on each, in a copy of the repository; a mutant that they fail on,
or that takes too long, is found. The survivors are printed, each a test that is missing, or a change that changes
nothing. The exit status is 1 if there are any. Hypothesis draws the same examples every time, so that a seed gives the
same verdicts again.
"""

import argparse
import ast
import copy
import functools
import importlib
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import hypothesis
import pytest

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
SLOWER = 2  # a mutant that computes so many times as long as the modules themselves, and five seconds, hangs
LEAST = 5  # of a module's mutants, where a share of them is asked for
# What takes long to import is imported once, where the tests need it, and each run of them starts from there.
SLOW_IMPORTS = (
    "numpy",
    "scipy.stats",
    "sklearn.metrics",
    "sacrebleu",
    "rouge_score.rouge_scorer",
    "jsonschema",
    "keras",
)
FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes:
        line: where, from 1.
        statement: the lines of the statement, or of its head, that the change is in.
        before: the code that was changed.
        after: what stands there now.
        source: the whole module.
    """

    line: int
    statement: range
    before: str
    after: str
    source: str


class Done(NamedTuple):
    """One run of the tests: pytest's status, seconds of computing, and what the run's plugin found out."""

    status: int
    seconds: float
    found: dict[str, Any]


def mutants_of(source: str, sample: float | None = None, seed: int = 0) -> list[Mutant]:
    """Returns a module's mutants in the order of its lines: every one, or a number or a share of them."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    heads: dict[int, range] = {}  # inner statements come after outer ones
    for statement in (node for node in nodes if isinstance(node, ast.stmt)):
        body = getattr(statement, "body", None)
        end = max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno or statement.lineno
        heads |= {id(node): range(statement.lineno, end + 1) for node in ast.walk(statement)}
    # Annotations, and that a record is frozen, are said to readers and to mypy; no test looks.
    said = {id(node) for owner in nodes for part in _said(owner) for node in ast.walk(part)}
    places = [(n, c) for n, node in enumerate(nodes) if id(node) not in said for c, _ in enumerate(_changes(node))]
    if sample is not None:
        wanted = max(LEAST, round(sample * len(places))) if sample < 1 else int(sample)
        places = random.Random(seed).sample(places, min(wanted, len(places)))
    found = []
    for number, change in places:
        mutated = copy.deepcopy(tree)
        node = list(ast.walk(mutated))[number]
        before, apply = ast.unparse(node), list(_changes(node))[change]
        apply()
        statement_lines = heads.get(id(nodes[number]), range(0))
        line = getattr(node, "lineno", 0)
        found.append(Mutant(line, statement_lines, before, ast.unparse(node), ast.unparse(mutated)))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.after))


def _said(node: ast.AST) -> list[ast.AST]:
    """Returns what a statement or an argument says to its readers alone."""
    parts = [getattr(node, "annotation", None), getattr(node, "returns", None)]
    return [part for part in parts if part] + (node.decorator_list if isinstance(node, ast.ClassDef) else [])


def _changes(node: ast.AST) -> Iterator[Callable[[], None]]:
    """Yields functions without arguments, each of which changes the node in its own way."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            if new := SWAPPED.get(type(operator)):
                yield functools.partial(node.ops.__setitem__, place, new())
    elif isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        if new := SWAPPED.get(type(node.op)):
            yield lambda: setattr(node, "op", new())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield lambda: setattr(node, "operand", ast.UnaryOp(node.op, node.operand))  # twice is not at all
    elif isinstance(node, ast.Constant) and isinstance(value := node.value, bool | int | float):
        yield functools.partial(setattr, node, "value", not value if isinstance(value, bool) else value + 1)
    elif isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise | ast.Continue | ast.Return):
        yield lambda: setattr(node, "test", ast.Constant(False))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield lambda: setattr(node, "value", ast.Constant(...))


class Looks:
    """A plugin of pytest for the run without a mutant: which test runs which line, and how long it takes."""

    def __init__(self, modules: set[str]) -> None:
        self.modules = modules
        self.found: dict[str, Any] = {"lines": defaultdict(set), "seconds": defaultdict(float)}
        self._test = ""  # none: a line that runs at import concerns every test
        sys.settrace(self._trace)

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename in self.modules:
            self.found["lines"][frame.f_code.co_filename, frame.f_lineno].add(self._test)
            return self._trace
        return None

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Notes which test runs."""
        self._test = nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds up what a test takes."""
        self.found["seconds"][report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Notes which of the slow packages were needed."""
        self.found["imports"] = [name for name in SLOW_IMPORTS if name in sys.modules]


class Order:
    """A plugin of pytest for a mutant: the tests that run its line come first, those that killed others, the quick."""

    def __init__(self, on_the_line: set[str], killers: set[str], seconds: dict[str, float]) -> None:
        self._on_the_line, self._killers, self._seconds = on_the_line, killers, seconds
        self.found: dict[str, Any] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sorts the tests."""
        everywhere = "" in self._on_the_line
        items.sort(
            key=lambda item: (
                not everywhere and item.nodeid not in self._on_the_line,
                item.nodeid not in self._killers,
                self._seconds.get(item.nodeid, 0.0),
            )
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes which test killed the mutant."""
        if report.failed:
            self.found["killer"] = report.nodeid


def _run(place: Path, tests: list[str], plugin: Callable[[], Looks | Order], seconds: int | None = None) -> Done | None:
    """Runs the tests in a process of their own; None if it computed for longer than the seconds, or waited for ever."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_tests, args=(place, tests, plugin, seconds, sender))
    process.start()
    sender.close()
    try:
        done = receiver.recv() if receiver.poll(seconds and 60 + 20 * seconds) else None  # a busy machine is slow
    except EOFError:
        process.join()
        done = None if process.exitcode == -signal.SIGXCPU else Done(-1, 0.0, {})
    with suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()
    return done


def _tests(place: Path, tests: list[str], plugin: Callable[[], Any], seconds: int | None, sender: Connection) -> None:
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    here = str(Path.cwd())
    os.chdir(place)
    sys.path[:] = [str(place), *(folder for folder in sys.path if folder not in ("", here))]
    os.environ["PYTHONPATH"] = str(place)
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", derandomize=True, database=None, deadline=None, phases=phases)
    hypothesis.settings.load_profile("mutants")
    with_plugin = plugin()
    options = ["-q", "-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options.append(f"--basetemp={place}.tmp")  # else every run clears away what the others have left
    status = pytest.main([*options, *tests], plugins=[with_plugin])
    sys.settrace(None)
    sender.send(Done(int(status), time.process_time(), with_plugin.found))


class Trials:
    """Tries mutants in a copy of the repository, one after the other."""

    def __init__(self, original: Path, tests: list[str], clean: Done, limit: int) -> None:
        self._place = Path(tempfile.mkdtemp(dir=original.parent))
        shutil.copytree(original, self._place, dirs_exist_ok=True)
        self._original, self._tests, self._limit = original, tests, limit
        self._lines, self._seconds = clean.found["lines"], clean.found["seconds"]
        self._killers: set[str] = set()

    def verdict(self, module: Path, mutant: Mutant) -> str:
        """Tries one, and prints what came of it."""
        at = [self._lines.get((str(self._original / module), line), set()) for line in mutant.statement]
        on_the_line = set().union(*at)
        order = functools.partial(Order, on_the_line, self._killers, self._seconds)
        (self._place / module).write_text(mutant.source, encoding="utf-8")
        # Collecting tests takes longer than most of them: first the files alone that have tests of this line.
        files = [] if "" in on_the_line else sorted({test.partition("::")[0] for test in on_the_line})
        done = None
        for tests in filter(None, (files, self._tests)):
            done = _run(self._place, tests, order, self._limit)
            if done is None or done.status:
                break
        shutil.copy2(self._original / module, self._place / module)
        verdict = "timed out" if done is None else "killed" if done.status else "SURVIVED"
        if done is not None:
            self._killers |= set(done.found.values())
        print(f"{module}:{mutant.line}: {verdict}: {_short(mutant.before)}  ->  {_short(mutant.after)}", flush=True)
        return verdict


_trials: Trials  # of this process of the pool


def _begin(*arguments: Any) -> None:
    global _trials
    _trials = Trials(*arguments)


def _verdict(module: Path, mutant: Mutant) -> str:
    return _trials.verdict(module, mutant)


def main() -> int:
    """Runs the tests on the mutants that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutate", description=__doc__.splitlines()[0])
    parser.add_argument("module", type=Path, help="a file of the repository, or a folder of them")
    parser.add_argument("tests", nargs="+", help="what pytest is given")
    parser.add_argument(
        "--sample", type=float, help=f"so many of each module's mutants; 0.2: a fifth, and at least {LEAST} [all]"
    )
    parser.add_argument("--seed", type=int, default=0, help="which ones [0]")
    parser.add_argument("--processes", type=int, default=1, help="mutants that are tried at once [1]")
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    modules = sorted(asked.module.rglob("*.py")) if asked.module.is_dir() else [asked.module]
    mutants = [
        (module, mutant)
        for module in modules
        for mutant in mutants_of(module.read_text(encoding="utf-8"), asked.sample, asked.seed)
    ]
    with tempfile.TemporaryDirectory() as folder:
        original = _copy(Path(os.path.realpath(folder)) / "original")
        clean = _run(original, asked.tests, functools.partial(Looks, {str(original / module) for module in modules}))
        if clean is not None and clean.status == 0:
            for name in clean.found["imports"]:
                importlib.import_module(name)
            sys.dont_write_bytecode = True
            again = functools.partial(Order, set(), set(), clean.found["seconds"])
            clean = (_run(original, asked.tests, again) or clean)._replace(found=clean.found)
        if clean is None or clean.status:
            status = clean and clean.status
            print(f"the tests fail without a mutant (status {status}): pytest {' '.join(asked.tests)}", file=sys.stderr)
            return 2
        begun = (original, asked.tests, clean, 5 + round(SLOWER * clean.seconds))
        with ProcessPoolExecutor(asked.processes, FORK, _begin, begun) as pool:
            verdicts = list(pool.map(_verdict, *zip(*mutants, strict=True)))
    counts = {verdict: verdicts.count(verdict) for verdict in ("killed", "timed out", "SURVIVED")}
    share = 100 * (1 - counts["SURVIVED"] / len(verdicts))
    said = ", ".join(f"{count} {verdict.lower()}" for verdict, count in counts.items())
    print(f"{said} of {len(verdicts)} mutants: {share:.1f} % found")
    return 1 if counts["SURVIVED"] else 0


def _copy(place: Path) -> Path:
    """Copies the files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if Path(name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, place / name)
    return place


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= 90 else line[:87] + "..."


if __name__ == "__main__":
    sys.exit(main())
