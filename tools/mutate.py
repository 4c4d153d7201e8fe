"""Which small faults in a module do its tests let pass?

    python -m tools.mutate MODULE.py TEST... [--sample N] [--seed S] [--processes P]

Each mutant is the module with one change: a comparison turned, a number off by one, a sign or an `and` exchanged, a
`not` taken away, a check or a call left out. The tests run on each, in a copy of the repository; a mutant that they
fail on is killed. The survivors are printed, each a test that is missing, or a change that changes nothing. The exit
status is 1 if there are any.
"""

import argparse
import ast
import copy
import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
SLOWER = 5  # a mutant that takes so many times as long as the module itself, and half a minute, hangs


@dataclass(frozen=True)
class Mutant:
    """One change of a module.

    Attributes:
        line: where, from 1.
        before: the code that was changed.
        after: what stands there now.
        source: the whole module.
    """

    line: int
    before: str
    after: str
    source: str


def mutants_of(source: str) -> list[Mutant]:
    """Returns every mutant of a module's source, in the order of its lines."""
    tree = ast.parse(source)
    found = []
    for number, node in enumerate(ast.walk(tree)):
        for change in range(sum(1 for _ in _changes(node))):
            mutated = copy.deepcopy(tree)
            same = list(ast.walk(mutated))[number]
            apply = list(_changes(same))[change]
            before = ast.unparse(same)
            apply()
            after = ast.unparse(same)
            found.append(Mutant(getattr(node, "lineno", 0), before, after, ast.unparse(mutated)))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.after))


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


def main() -> int:
    """Runs the tests on the mutants that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutate", description=__doc__.splitlines()[0])
    parser.add_argument("module", type=Path, help="a file of the repository")
    parser.add_argument("tests", nargs="+", help="what pytest is given")
    parser.add_argument("--sample", type=int, help="try so many mutants, drawn by the seed [all]")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1, help="mutants that are tried at once [1]")
    asked = parser.parse_args()
    mutants = mutants_of(asked.module.read_text(encoding="utf-8"))
    if asked.sample is not None and asked.sample < len(mutants):
        drawn = random.Random(asked.seed).sample(range(len(mutants)), asked.sample)
        mutants = [mutants[place] for place in sorted(drawn)]
    with tempfile.TemporaryDirectory() as folder:
        copies = [_copy(Path(folder) / str(number)) for number in range(asked.processes)]
        started = time.monotonic()
        if (status := _run(copies[0], asked.tests, None)) != 0:
            print(f"the tests fail without a mutant (status {status}): pytest {' '.join(asked.tests)}", file=sys.stderr)
            return 2
        limit = 30 + SLOWER * (time.monotonic() - started)

        def tried(mutant: Mutant) -> str:
            place = copies.pop()
            try:
                (place / asked.module).write_text(mutant.source, encoding="utf-8")
                status = _run(place, asked.tests, limit)
            finally:
                copies.append(place)
            verdict = {0: "SURVIVED", None: "timed out"}.get(status, "killed")
            print(f"{asked.module}:{mutant.line}: {verdict}: {_short(mutant.before)}  ->  {_short(mutant.after)}")
            sys.stdout.flush()
            return verdict

        with ThreadPoolExecutor(asked.processes) as pool:
            verdicts = list(pool.map(tried, mutants))
    counts = {verdict: verdicts.count(verdict) for verdict in ("killed", "timed out", "SURVIVED")}
    print(", ".join(f"{count} {verdict.lower()}" for verdict, count in counts.items()), f"of {len(verdicts)} mutants")
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


def _run(place: Path, tests: list[str], limit: float | None) -> int | None:
    """Returns pytest's exit status; None if it took too long."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ, "PYTHONPATH": str(place)}
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= 90 else line[:87] + "..."


if __name__ == "__main__":
    sys.exit(main())
