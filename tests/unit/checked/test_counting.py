"""Counts of a sample of threadgroups stand for the whole, and lines used in full are told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.checking import counting
from harness.checking.counting import Counted
from harness.devices.base import Source
from harness.problem.catalog import Kernel, sha256_of
from tests.unit.checked.cases import Case

GROUPS, SIZE = 1000, 64
SUM = """
  threadgroup float part[2];
  const float total = simd_sum(x[gid]);
  if (lane == 0) part[simd] = total;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) y[group] = part[0] + part[1];
"""


def counted(body: str, *, groups: int = GROUPS, before: str = "", **changes: Any) -> Counted:
    case = Case(body, groups * SIZE, SIZE, groups * SIZE, groups * SIZE, before=before, **changes)
    kernel = Kernel("case", "common", case.spec(), Path("case.py"))
    source = Source(case.text, "case.metal", sha256_of(case.text))
    found = counting.count(kernel, source, {"n": 1})
    assert isinstance(found, Counted), found
    return found


def test_a_sample_gives_the_counts_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = counted(SUM)
    monkeypatch.setattr(counting, "SAMPLED_THREADGROUPS", GROUPS)
    whole = counted(SUM)
    assert (sample.sampled, whole.sampled) == (True, False)
    assert sample.threadgroups == whole.threadgroups == GROUPS
    for name in ("device_loaded_bytes", "device_stored_bytes", "barriers", "simd_operations"):
        assert sample.measured[name] == whole.measured[name] > 0, name
    assert sample.measured["threadgroups"] == GROUPS
    assert whole.measured["device_loaded_bytes"] == 4 * GROUPS * SIZE


def test_each_dispatch_is_scaled_by_its_own_threadgroups() -> None:
    second = f"dispatch f grid: {7 * SIZE} 1 1 threadgroup: {SIZE} 1 1"
    found = counted("y[gid] = x[gid];", before=second)
    assert found.measured["device_loaded_bytes"] == 4 * SIZE * (GROUPS + 7)
    assert found.measured["dispatches"] == 2


def test_the_sample_does_not_meet_one_column_of_the_grid() -> None:
    """Every tenth threadgroup does all the work: a stride of a multiple of ten would see all of it
    or none."""
    found = counted("if (group % 10 == 0) y[gid] = x[gid];")
    assert 0.4 < found.measured["device_loaded_bytes"] / (4 * GROUPS * SIZE / 10) < 2.5


@pytest.mark.parametrize(
    ("body", "share"),
    [
        ("y[gid] = x[gid];", 1.0),
        ("for (uint i = 0; i < 8; ++i) y[gid / 8 * 8 + i] = x[gid / 8 * 8 + i];", 1.0),
        ("y[gid] = x[gid * 32 % 64000];", 0.0),
    ],
)
def test_lines_used_in_full(body: str, share: float) -> None:
    derived = counted(body).derived
    loads_too = derived["lines_fully_used"] / derived["lines_fetched"]
    assert loads_too == 1.0 if share else loads_too < 0.1


def test_what_cannot_be_counted_says_why() -> None:
    case = Case("y[gid] = x[gid];")
    kernel = Kernel("case", "common", case.spec(), Path("case.py"))
    broken = Source("kernel void f(", "case.metal", "0")
    assert "case.metal" in str(counting.count(kernel, broken, {"n": 1}))
    outside = replace(broken, text=f"//! requires: n > 1\n{case.text}")
    assert counting.count(kernel, outside, {"n": 1}) == "the file does not cover this size"
