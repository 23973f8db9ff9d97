"""The checker says nothing of the conformance kernels: a sample of them; `make trust` runs all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trust import conformance

pytestmark = pytest.mark.host

RACY = """#include <metal_stdlib>
using namespace metal;
kernel void racy(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup uint last;
  last = t;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[0] = last;
}
"""


@pytest.mark.parametrize("family", conformance.families())
def test_no_false_report(family: str) -> None:
    found = list(conformance.reports(family, conformance.EVERY))
    assert found
    assert [one for one in found if one[2]] == []


def test_a_true_report_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = {"index": 0, "dtype": "uint32", "shape": [1], "output": True, "fill": "poison"}
    case = {
        "name": "racy",
        "function": "racy",
        "grid": [64, 1, 1],
        "threadgroup": [64, 1, 1],
        "buffers": [buffer],
        "expected": {"0": [63]},
        "compare": {"exact": True},
    }
    (tmp_path / "racy.metal").write_text(RACY)
    (tmp_path / "racy.json").write_text(json.dumps({"cases": [case]}))
    monkeypatch.setattr(conformance, "FOLDER", tmp_path)
    found = list(conformance.reports("racy"))
    assert [(name, order) for name, order, _ in found] == [("racy", 0), ("racy", 1), ("racy", 77)]
    assert all("a race" in wrong for _, _, wrong in found)
