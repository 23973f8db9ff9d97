"""The checked build as a part of judging: its verdicts, its memory, its limits."""

from __future__ import annotations

import numpy as np
import pytest

from harness import evaluate
from harness.checking import checked, checked_judging
from harness.evaluation import Refusal, Status
from tests.unit.checked.cases import Case, check

_RELU = """#include <metal_stdlib>
using namespace metal;
//! grid: rows*cols 1 1
//! threadgroup: 256 1 1
kernel void relu_f32(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  BODY
}
"""


def test_a_read_past_the_end_refuses_a_right_result() -> None:
    text = _RELU.replace("BODY", "float next = x[i + 1]; y[i] = max(x[i], next * 0.0f);")
    text = text.replace("next * 0.0f", "min(next, 0.0f)")
    found = evaluate("relu", text, mode="check")
    assert found.status is Status.OUT_OF_BOUNDS, found.reason
    assert "x (buffer 0" in found.reason


def test_an_honest_kernel_carries_counts() -> None:
    found = evaluate("relu", _RELU.replace("BODY", "y[i] = max(x[i], 0.0f);"), mode="check")
    assert found.passed
    assert found.warnings == ()
    assert found.counts is not None
    measured = found.counts["measured"]
    elements = int(np.prod([v for k, v in found.counts["point"].items() if k in ("rows", "cols")]))
    assert measured["device_loaded_bytes"] == measured["device_distinct_loaded_bytes"]
    assert measured["device_stored_bytes"] == 4 * elements
    assert found.counts["derived"]["coalescing"] == 1.0


def test_the_outcome_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    text = _RELU.replace("BODY", "y[i] = fmax(x[i], 0.0f);")
    first = evaluate("relu", text, mode="check")

    def forbidden(*_: object) -> Refusal:
        raise AssertionError("built again")

    monkeypatch.setattr(checked_judging, "_open", forbidden)
    assert evaluate("relu", text, mode="check").counts == first.counts


def test_too_many_accesses_are_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checked, "CHECK_LIMIT", 100)
    report = check(Case("for (int i = 0; i < 64; ++i) y[gid] = x[i] + float(i);"))
    assert report.refusal is None
    assert report.warnings == ("unsupported: checker ran out of time",)


def test_a_strided_access_touches_more_lines_than_it_needs() -> None:
    report = check(Case("y[gid] = x[gid * 16];", x=1024))
    assert report.counts is not None
    assert report.counts["derived"]["lines_touched"] > report.counts["derived"]["lines_needed"]


def test_bank_conflicts_are_derived() -> None:
    report = check(
        Case(
            "threadgroup float tile[2048];\ntile[t * 32] = x[gid];\n"
            "threadgroup_barrier(mem_flags::mem_threadgroup);\ny[gid] = tile[t * 32];"
        )
    )
    assert report.counts is not None
    assert report.counts["derived"]["bank_conflict_factor"] == 32.0
    assert report.counts["measured"]["barriers"] == 1
