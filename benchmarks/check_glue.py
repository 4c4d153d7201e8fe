"""How long writing and checking a full GLUE submission takes: 11 files, 426,309 rows.

Run by hand: `python benchmarks/check_glue.py`. Times a fresh process per check, as a user waits for it, next to the
time of an empty Python process.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

CHECK = "import sys, pathlib, leaderboards as l; print(l.lines(l.get('glue').check(pathlib.Path(sys.argv[1])))[-1])"


def answers() -> dict[str, dict[str, float]]:
    """Returns seeded random answers for every example of every GLUE task."""
    import leaderboards
    from leaderboards.values import submission_of
    from task_specs import ClassFile

    chance = random.Random(0)
    given: dict[str, dict[str, float]] = {}
    for spec in leaderboards.get("glue").tasks:
        file = submission_of(spec)
        rows = range(spec.sizes[file.split])
        if isinstance(file, ClassFile):
            given[spec.name] = {str(row): chance.randrange(len(file.labels)) for row in rows}
        else:
            given[spec.name] = {str(row): chance.uniform(-0.5, 5.5) for row in rows}
    return given


def seconds(*command: str) -> tuple[float, str]:
    """Returns the shortest of three wall times of a command, and what it printed."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - start)
    return min(times), done.stdout.strip()


def all_wrong(source: Path, target: Path) -> None:
    """Copies a submission, with a label in every row that no file takes."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as broken:
        for name in whole.namelist():
            header, *rows = whole.read(name).decode().splitlines()
            wrong = [row.partition("\t")[0] + "\tperhaps" for row in rows]
            broken.writestr(name, "\n".join([header, *wrong]) + "\n")


def newlines(target: Path) -> None:
    """Writes a zip that unpacks to as many empty lines as the bounds let through."""
    from leaderboards.files.archive import MAX_FILE_BYTES

    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in ("CoLA.tsv", "QQP.tsv"):
            bomb.writestr(name, b"index\tprediction\n" + b"\n" * (MAX_FILE_BYTES - 17))


def main() -> None:
    import leaderboards

    with tempfile.TemporaryDirectory() as folder:
        good, bad, bomb = (Path(folder) / name for name in ("good.zip", "bad.zip", "bomb.zip"))
        given = answers()
        start = time.perf_counter()
        written = leaderboards.get("glue").write(good, given)
        print(f"write    {time.perf_counter() - start:5.2f} s  {sum(written.files.values()):,} rows")
        all_wrong(good, bad)
        newlines(bomb)
        print(f"python   {seconds(sys.executable, '-c', 'pass')[0]:5.2f} s  an empty process")
        for name, path in (("check", good), ("faulty", bad), ("bomb", bomb)):
            took, last = seconds(sys.executable, "-c", CHECK, str(path))
            print(f"{name:8} {took:5.2f} s  {last}")


if __name__ == "__main__":
    main()
