"""What belongs to a release agrees with the version: the citation, the changes, the workflows."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from t5eval.support.version import __version__, checkout, version_and_commit

ROOT = Path(__file__).resolve().parents[1]


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    assert citation["license"] == "Apache-2.0"


def test_the_changes_have_dated_versions_the_newest_first() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    versions = [
        re.fullmatch(r"\[?(\d+\.\d+\.\d+)\]? - (\d{4}-\d\d-\d\d)", line) for line in headings if line != "Unreleased"
    ]
    assert all(versions), headings
    found = [tuple(map(int, match[1].split("."))) for match in versions if match]
    assert found == sorted(found, reverse=True)
    assert ".".join(map(str, found[0])) == __version__


def test_the_workflows_run_what_a_change_has_to_pass() -> None:
    files = {path.name: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")}
    commands = {
        name: [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
        for name, workflow in files.items()
    }
    assert ".ci/run" in commands["ci.yml"]
    assert commands["ci.yml"].index(".ci/run") == 0
    assert commands["release.yml"][0] == ".ci/run"
    publish = files["release.yml"]["jobs"]["publish"]
    assert publish["needs"] == "build"


def test_a_checkouts_version_names_its_commit() -> None:
    found = checkout()
    if found is None:
        assert version_and_commit() == __version__
    else:
        assert version_and_commit().removesuffix(".dirty") == f"{__version__}+g{found['commit'][:7]}"
