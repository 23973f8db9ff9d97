"""What a search loop is told: launches, first wrong element, map, times; never the gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from example_evaluations import GATE_PASSED, passed, refused
from examples_of_kernels import device, kernel, source
from fakes import Call

from harness import atomic, settings
from harness.board import documents
from harness.evaluation import SCHEMA_VERSION
from harness.evaluator import evaluate
from harness.feedback import feedback
from harness.problem import catalog


def told(*evaluations: Any) -> dict[str, Any]:
    """The object as a loop reads it, strictly JSON."""
    found: dict[str, Any] = json.loads(atomic.strict_json(feedback(list(evaluations)), indent=None))
    return found


def half_done(call: Call) -> None:
    """Leaves the second half unwritten, which is all of a single element."""
    n = call.constant(2)
    call.buffer(1)[: n // 2] = 2 * call.buffer(0)[: n // 2]


def test_a_wrong_kernel_is_told_where_it_is_wrong_and_how_it_was_launched() -> None:
    wrong = evaluate(kernel(), source(), device=device(half_done), mode="check")
    found = told(wrong)
    assert found["status"] == "not_written" and found["kernel"] == "double"
    (size,) = found["sizes"]
    assert size["status"] == "not_written" and size["times"] is None
    where = size["wrong"]["y"]
    assert where["shape"] == [1, 1] and where["bad"] == where["not_written"] == 1
    assert where["bad_fraction"] == 1.0 and where["by_axis"] == [[1.0], [1.0]]
    assert size["first_bad"]["output"] == "y" and size["first_bad"]["index"] == [0, 0]
    (dispatch,) = size["dispatches"]
    assert dispatch["function"] == "double_f32" and dispatch["threadgroup"] == [64, 1, 1]
    assert dispatch["simdgroups_per_threadgroup"] == 2 and dispatch["threadgroups"] == [1, 1, 1]
    assert dispatch["max_threads"] >= 64 and dispatch["static_threadgroup_bytes"] == 0


def test_a_map_tells_boundary_interior_and_unwritten_regions() -> None:
    def edges(call: Call) -> None:
        n = call.constant(2)
        call.buffer(1)[:n] = 2 * call.buffer(0)[:n]
        if n == 16 * 64:
            call.buffer(1)[: 4 * 64] += 1  # the first four of sixteen rows

    found = told(evaluate(kernel(), source(), device=device(edges), mode="check"))
    where = found["sizes"][0]["wrong"]["y"]
    assert where["shape"] == [16, 64] and where["bad"] == 256
    assert where["by_axis"][0] == [1.0] * 4 + [0.0] * 12
    assert set(where["by_axis"][1]) == {0.25} and where["nonfinite"] == 0


def test_times_have_a_spread_an_interval_and_a_roof() -> None:
    fast, slow = passed(size="published"), passed(size="large", speedup=0.5)
    found = told(fast, slow)
    assert [size["size"] for size in found["sizes"]] == ["published", "large"]
    times = found["sizes"][0]["times"]
    assert times["kernel"]["min_ms"] <= times["kernel"]["median_ms"]
    low, high = times["kernel"]["quartiles_ms"]
    assert times["kernel"]["iqr_ms"] == pytest.approx(high - low) and times["mlx"]["samples"] == 240
    assert times["speedup_interval"][0] < times["speedup"] < times["speedup_interval"][1]
    assert times["work"]["roof"] == "memory" and times["work"]["roofline_fraction"] == 0.87
    assert found["status"] == "passed"


def test_the_first_size_that_failed_speaks_for_all_and_the_gate_is_never_told() -> None:
    secret = dict(GATE_PASSED, reason="rows=4099", seed="f00d" * 8)
    wrong = refused(kernel="relu", source_sha256=passed().source_sha256)
    found = told(passed(held_out=secret), wrong)
    assert found["status"] == wrong.status.value and found["reason"] == wrong.reason
    text = json.dumps(found)
    assert "f00d" not in text and "4099" not in text and "held_out" not in text


def test_it_is_about_one_source_of_one_kernel() -> None:
    with pytest.raises(ValueError, match="one source of one kernel"):
        feedback([passed(), passed("kernel void other();")])
    with pytest.raises(ValueError, match="one source of one kernel"):
        feedback([])


def test_compiler_diagnostics_come_once_with_their_places() -> None:
    text = "kernel void relu_f32(device float *y [[buffer(0)]]) { y[0] = a; y[1] = a; }"
    found = told(evaluate("relu", text, mode="check"))
    assert found["status"] == "compile_error"
    places = [(item["line"], item["column"]) for item in found["diagnostics"]]
    assert len(places) == len(set(places)) == 2
    assert all("undeclared identifier 'a'" in item["text"] for item in found["diagnostics"])
    assert found["location"].endswith(":1:62")


def test_an_evaluation_of_version_2_gains_what_feedback_needs() -> None:
    old = documents.to_run(passed()).model_dump(mode="json")["evaluation"]
    for name in ("location", "diagnostics", "damage", "findings"):
        del old[name]
    found = documents.EvaluationDocument.model_validate({**old, "schema_version": 2})
    assert found.schema_version == SCHEMA_VERSION
    assert (found.location, found.diagnostics, found.damage, found.findings) == ("", [], {}, [])


def test_a_changed_header_is_another_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "metal" / "include").mkdir(parents=True)
    header = tmp_path / "metal" / "include" / "twice.h"
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    header.write_text("#pragma once\ninline float twice(float x) { return 2 * x; }\n")
    text = '#include "twice.h"\nkernel void f() {}\n'
    before = catalog.source_of(text)
    header.write_text("#pragma once\ninline float twice(float x) { return x + x; }\n")
    after = catalog.source_of(text)
    assert before.text == after.text == text and before.sha256 != after.sha256
    # What is recorded can be run when the header is gone, and bears its own hash.
    header.unlink()
    again = catalog.source_of(before.recorded)
    assert again.sha256 == before.sha256 == catalog.sha256_of(before.recorded)
    assert "return 2 * x" in again.text and "#include" not in again.text
