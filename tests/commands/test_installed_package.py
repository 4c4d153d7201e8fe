"""The wheel: what it holds, and that it scores in a fresh environment without TensorFlow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from t5eval.support.version import __version__

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, so that what an earlier build left in the checkout cannot get into the wheel.
    source = folder / "source"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    built = folder / "dist"
    subprocess.run([sys.executable, "-m", "build", "--outdir", built, source], check=True, timeout=300)
    return built


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    """The built wheel."""
    (built,) = distributions.glob("*.whl")
    return built


def test_the_index_would_take_both(distributions: Path) -> None:
    files = sorted(distributions.iterdir())
    assert [path.name for path in files] == [f"t5eval-{__version__}-py3-none-any.whl", f"t5eval-{__version__}.tar.gz"]
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True, timeout=60)


def test_the_source_distribution_holds_all_that_is_tracked_but_the_repositorys_own(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    there = {name for name in filter(None, tracked.split("\0")) if (ROOT / name).is_file()}
    assert {name for name in there - names if not name.startswith((".", "t5eval/demo/suite/.git"))} == set()


def test_links_lead_into_the_repository_from_anywhere(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        member = archive.extractfile(f"t5eval-{__version__}/PKG-INFO")
        assert member is not None
        text = member.read().decode("utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 20
    for link in links:
        assert link.startswith(("https://", "#")), link
    assert f"(https://github.com/t5eval/t5eval/blob/v{__version__}/docs/metrics.md)" in text
    assert f"](https://github.com/t5eval/t5eval/raw/v{__version__}/docs/report.png)" in text


def needed(requirements: Iterable[str], known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Returns the distributions that requirements come to, extras left out, and those that are known already."""
    for line in requirements:
        requirement = Requirement(line)
        wanted = canonicalize_name(requirement.name)
        if wanted not in known and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            known = needed(metadata.requires(wanted) or (), known | {wanted})
    return known


def files_of(names: Iterable[str]) -> set[Path]:
    """Returns what distributions have at the top of a folder of packages."""
    found = set()
    for name in names:
        distribution = metadata.distribution(name)
        tops = {file.parts[0] for file in distribution.files or ()}
        found |= {Path(str(distribution.locate_file(top))) for top in tops - {"..", "__pycache__"}}
    return found


def test_the_wheel_holds_the_four_packages_and_the_suite_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "t5eval",
        "task_specs",
        "keras_model",
        "leaderboards",
    }
    # The generators of the suite and the benchmarks are for those who work on the project.
    assert not [name for name in names if "tools" in name.split("/") or "demo_suite" in name]
    for data in (
        "t5eval/demo/suite/glue/MNLI/dev_matched.tsv",
        "t5eval/py.typed",
        "t5eval/reports/explorer/page/report.html",
        "t5eval/reports/explorer/page/vendor/plot.js",
        "t5eval/runs/schema/results.schema.json",
    ):
        assert data in names


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    """Data too, whatever its ending: setup.py names patterns, and a new file may fit none."""
    packages = ("t5eval", "task_specs", "keras_model", "leaderboards")
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--", *packages], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    there = {name for name in filter(None, tracked.split("\0")) if (ROOT / name).is_file()}
    assert len(there) > 200
    assert there - set(zipfile.ZipFile(wheel).namelist()) == {"t5eval/demo/suite/.gitattributes"}


def test_installed_alone_it_scores_without_tensorflow(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = tmp_path / "environment"
    python = environment / "bin" / "python"
    # Without a pip of its own, and with what it declares to need linked from here: installing that takes longer than
    # the rest. pip compares the versions with those that are declared.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True, timeout=120)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "--no-compile", wheel], check=True, timeout=500)
    (packages,) = environment.glob("lib/python*/site-packages")
    (installed,) = metadata.distributions(name="t5eval", path=[str(packages)])
    for entry in files_of(needed(installed.requires or ())):
        (packages / entry.name).symlink_to(entry)
    subprocess.run([*pip, "check"], check=True, timeout=120)
    for variable in [name for name in os.environ if name.startswith("PYTHON")]:
        monkeypatch.delenv(variable)  # a PYTHONPATH to the checkout would be imported from instead
    suite = subprocess.run(
        [python, "-c", "from t5eval.demo.demo import suite_folder; print(suite_folder())"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    ).stdout.strip()  # fmt: skip
    assert Path(suite).is_relative_to(environment)
    (tmp_path / "p.txt").write_text("entailment\n" * 80)
    scored = subprocess.run(
        [environment / "bin" / "t5eval", "score", "glue/rte", "--split", "validation", "--data-dir", suite,
         "--predictions", "p.txt"],
        capture_output=True, text=True, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert scored.returncode == 0, scored.stderr
    assert "accuracy" in scored.stdout
    (tmp_path / "run" / "predictions" / "glue" / "rte").mkdir(parents=True)
    (tmp_path / "p.txt").rename(tmp_path / "run" / "predictions" / "glue" / "rte" / "validation.jsonl")
    reported = subprocess.run(
        [environment / "bin" / "t5eval", "report", "run", "--data-dir", suite],
        capture_output=True, text=True, cwd=tmp_path, timeout=120,
    )  # fmt: skip
    assert reported.returncode == 0, reported.stderr
    assert (tmp_path / "run" / "report.html").is_file()
    assert (tmp_path / "run" / "report_files" / "explorer.js").is_file()
    # A command that needs TensorFlow says so in one line.
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text("{}")
    failed = subprocess.run([python, "-c", "import tensorflow"], capture_output=True, text=True, cwd=tmp_path)
    assert "No module named 'tensorflow'" in failed.stderr
    demo = subprocess.run(
        [environment / "bin" / "t5eval", "demo", "--out", "demo"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert demo.returncode == 2
    assert "pip install 't5eval[keras]'" in demo.stderr
    assert "Traceback" not in demo.stderr
