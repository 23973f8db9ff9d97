"""`./bench` itself, on the portable host: what it refuses, what it saves, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.settings import ROOT, paths

pytestmark = pytest.mark.host
RELU = """
#include <metal_stdlib>
using namespace metal;
kernel void relu_f32(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                     constant uint& N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i < %s) { y[i] = max(x[i], %s); }
}
"""
HEADER = "//! grid: rows * cols 1 1\n//! threadgroup: 256 1 1"
SMALL = ("--size", "rows=3,cols=37", "--device", "cpu")


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "bench", *words], capture_output=True, text=True, timeout=300, cwd="/"
    )


def source(folder: Path, bound: str, floor: str) -> str:
    path = folder / "mine.metal"
    path.write_text(HEADER + RELU % (bound, floor))
    return str(path)


@pytest.mark.parametrize(
    ("bound", "floor", "status", "code"),
    [
        ("N", "0.0f", "passed", 0),
        ("N - 1", "0.0f", "not_written", 1),
        ("N", "0.5f", "wrong_values", 1),
    ],
)
def test_a_file_is_judged(tmp_path: Path, bound: str, floor: str, status: str, code: int) -> None:
    file = source(tmp_path, bound, floor)
    done = bench("relu", "--file", file, "--check-only", "--json")
    row = json.loads(done.stdout)
    assert (row["status"], done.returncode) == (status, code), done.stderr
    assert (row["first_bad"] is None) == (status == "passed")
    assert not paths().results.exists() and not paths().session.exists()


def test_a_syntax_error_has_line_column_and_caret(tmp_path: Path) -> None:
    path = tmp_path / "mine.metal"
    path.write_text("kernel void relu_f32() {\n  int a = ;\n}\n")
    done = bench("relu", "--file", str(path))
    assert done.returncode == 1
    assert "mine.metal:2:11: error: expected expression" in done.stdout
    assert "^" in done.stdout


def test_a_first_run_saves_a_confirmed_record() -> None:
    done = bench("relu", "--size", "published")
    assert done.returncode == 0, done.stderr
    assert "correct" in done.stdout and "updated session.json [cpu-" in done.stdout
    saved = list(paths().results.glob("cpu-*/relu.json"))
    assert len(saved) == 1
    record = json.loads(saved[0].read_text())["tracks"]["exact"]["published"]
    assert record["run"]["evaluation"]["mode"] == "record"
    assert record["run"]["evaluation"]["held_out"]["status"] == "passed"
    assert len(record["run"]["samples"]["blocks"]) >= 6
    assert str(ROOT) not in saved[0].read_text(), "no paths of this machine"
    assert "relu" in json.loads(paths().session.read_text())["chips"][saved[0].parent.name]


def test_eight_at_once_all_finish() -> None:
    command = [ROOT / "bench", "relu", *SMALL, "--mode", "screen", "--json"]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    ends = [(child.communicate(timeout=300), child.returncode) for child in children]
    assert [code for _, code in ends] == [0] * 8, [errors for (_, errors), _ in ends]
    assert {json.loads(out)["status"] for (out, _), _ in ends} == {"passed"}


@pytest.mark.parametrize("delay_s", [0.01, 0.05, 0.1, 0.3, 0.8, 1.6])
def test_an_interrupt_at_any_moment_ends_quietly(delay_s: float) -> None:
    child = subprocess.Popen(
        [ROOT / "bench", "sqr_mm", "--no-session"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    time.sleep(delay_s)
    os.killpg(child.pid, signal.SIGINT)
    shown, _ = child.communicate(timeout=60)
    # Before it has loaded anything the signal itself ends it, which a shell shows as 130 too.
    assert child.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in shown
    assert _left_in_group(child.pid) == []
    assert list(paths().home.rglob("*.tmp")) == []


def _left_in_group(group: int) -> list[int]:
    """Processes of a group that are still there, after a moment to be ended by the system."""
    for _ in range(50):
        left = [pid for pid in _processes() if _group_of(pid) == group]
        if not left:
            return []
        time.sleep(0.1)
    return left


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _group_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def test_cold_start_is_measured() -> None:
    done = bench("relu", *SMALL, "--cold-start", "--json")
    assert done.returncode == 0, done.stderr
    latency = json.loads(done.stdout)["environment"]["cold_start"]
    assert latency["processes"] == 5 and latency["load_ms"] > 0 and latency["mlx_first_ms"] > 0


def test_one_side_only() -> None:
    done = bench("relu", *SMALL, "--mlx", "--json")
    row = json.loads(done.stdout)
    assert done.returncode == 0 and row["figures"] is None and row["baselines"]
    done = bench("relu", *SMALL, "--metal", "--json")
    row = json.loads(done.stdout)
    assert done.returncode == 0 and row["figures"]["speedup"] is None
