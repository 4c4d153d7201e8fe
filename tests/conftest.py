"""Fixtures for all tests: where the real benchmark files are, if they are here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA_VARIABLE = "T5EVAL_TEST_DATA"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real benchmark files; a test that asks for it is skipped where it is absent."""
    named = os.environ.get(SHARED_DATA_VARIABLE)
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real benchmark files are not here ({folder}); set {SHARED_DATA_VARIABLE} to their folder")
    return folder


@pytest.fixture(autouse=True)
def _no_data_dir_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests name their data: a developer's own setting must not leak in."""
    monkeypatch.delenv("T5EVAL_DATA_DIR", raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", os.devnull)
