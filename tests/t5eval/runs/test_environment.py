"""The machine as results record it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from t5eval.runs.environment import machine, multiplies_bfloat16, processor


def test_features_that_change_rounding_are_named(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(
        "processor\t: 0\nmodel name\t: Xeon(R)\nflags\t\t: fpu vme sse4_2 avx512f amx_bf16 fma syscall\n\n"
        "processor\t: 1\nmodel name\t: other\nflags\t\t: avx\n"
    )
    assert processor(file) == {"processor": "Xeon(R)", "features": ["amx_bf16", "avx512f", "fma", "sse4_2"]}
    arm = tmp_path / "arm"
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd aes bf16\n")
    assert processor(arm)["features"] == ["asimd", "bf16"]
    assert "features" not in processor(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flags\t\t: avx512f avx512_bf16", True),
        ("flags\t\t: avx512f amx_tile amx_bf16", True),
        ("flags\t\t: avx2 fma avx512f avx512_fp16", False),
        ("Features\t: fp asimd bf16 i8mm", True),
        ("Features\t: fp asimd", False),
        ("model name\t: of a system that tells no features", None),
    ],
)
def test_whether_a_processor_multiplies_bfloat16(line: str, expected: bool | None, tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{line}\n")
    assert multiplies_bfloat16(tmp_path / "cpuinfo") is expected
    assert multiplies_bfloat16(tmp_path / "nowhere") is None


def test_threads_and_what_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    found = machine()
    assert 1 <= found["threads"] <= (os.cpu_count() or 1)
    assert found["environment"]["OMP_NUM_THREADS"] == "3"
    assert "MKL_NUM_THREADS" not in found["environment"]
