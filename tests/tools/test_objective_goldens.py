"""t5's and seqio's own preprocessors, run now, against the examples that are kept of them (make seqio)."""

from __future__ import annotations

import pytest

pytest.importorskip("t5", reason="t5 is not installed (make seqio)")

from tools import objective_goldens

pytestmark = [pytest.mark.parity, pytest.mark.tensorflow]


def test_the_kept_examples_are_what_t5_makes_today() -> None:
    assert objective_goldens.dump() == objective_goldens.FILE.read_text()
