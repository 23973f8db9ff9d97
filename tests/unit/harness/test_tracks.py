"""Tracks: how a file declares one, what half precision may miss, and which headers are whose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from examples_of_kernels import device, double, double_spec, kernel, source
from fakes import Call

from harness import evaluate
from harness.evaluation import Evaluation, Status
from harness.problem import tracks
from harness.problem.compare import Run, compare
from harness.problem.header import HeaderError, parse_header
from harness.spec import Array, normal, relative_l2, ulp

RELAXED, LIBRARY = "//! track: relaxed\n", "//! track: library\n"


def judged(run: Any, header: str = "", spec: Any = None) -> Evaluation:
    return evaluate(
        kernel(spec or double_spec(tolerance=ulp(4))),
        source(header + "kernel void double_f32();"),
        device=device(run),
        mode="check",
    )


def test_a_header_names_a_track_once() -> None:
    assert tracks.track_of("kernel void f();") == "exact"
    assert tracks.track_of(RELAXED) == "relaxed"
    assert tracks.track_of("//! nonsense") == "exact"
    for text in ("//! track: fast", "//! track:", RELAXED + LIBRARY):
        assert isinstance(parse_header(text), HeaderError)


def test_the_row_says_its_track() -> None:
    assert [judged(double, header).track for header in ("", RELAXED, LIBRARY)] == [
        "exact",
        "relaxed",
        "library",
    ]


def in_half(call: Call) -> None:
    n = call.constant(2)
    call.buffer(1)[:n] = 2 * call.buffer(0)[:n].astype(np.float16).astype(np.float32)


def three_per_cent_off(call: Call) -> None:
    double(call)
    call.buffer(1)[: call.constant(2)] *= 1.03


@pytest.mark.parametrize(
    ("run", "header", "status"),
    [
        (double, "", Status.PASSED),
        (double, RELAXED, Status.PASSED),
        (in_half, "", Status.WRONG_VALUES),
        (in_half, LIBRARY, Status.WRONG_VALUES),
        (in_half, RELAXED, Status.PASSED),
        (three_per_cent_off, RELAXED, Status.WRONG_VALUES),
    ],
)
def test_half_precision_passes_in_its_own_track_alone(
    run: Any, header: str, status: Status
) -> None:
    found = judged(run, header)
    assert found.status is status
    if header == RELAXED and status is Status.WRONG_VALUES:
        assert "relaxed: half precision" in found.reason


def test_norms_are_widened_too() -> None:
    spec = double_spec(tolerance=relative_l2(1e-6))
    assert judged(in_half, "", spec).status is Status.WRONG_VALUES
    assert judged(in_half, RELAXED, spec).status is Status.PASSED
    assert judged(three_per_cent_off, RELAXED, spec).status is Status.WRONG_VALUES


def test_integers_stay_exact() -> None:
    spec = double_spec(
        outputs={"y": Array("rows", "cols", dtype="int32")},
        oracle=lambda x: np.floor(2 * x).astype(np.int64),
    )
    values, point = {"x": np.full((2, 3), 100.25, np.float32)}, {"rows": 2, "cols": 3}
    right, wrong = np.full((2, 3), 200, np.int32), np.full((2, 3), 201, np.int32)
    runs = [Run({"y": right}, None), Run({"y": wrong}, None)]
    good, bad = compare(tracks.spec_for(spec, "relaxed"), point, values, runs)
    assert good.refusal is None
    assert bad.refusal is not None and bad.refusal.status is Status.WRONG_VALUES


def test_a_cancelling_sum_is_allowed_what_its_terms_lose() -> None:
    rng = np.random.default_rng(1)
    spec = double_spec(
        inputs={"x": Array("cols", values=normal())},
        outputs={"y": Array(1)},
        oracle=lambda x: np.array([x.sum()]),
        tolerance=ulp(4),
        chunked=(),
    )
    for _ in range(20):
        x = rng.standard_normal(4096).astype(np.float32)
        x -= x.mean(dtype=np.float64).astype(np.float32)
        due = np.array([x.astype(np.float64).sum()])
        got = x.astype(np.float16).astype(np.float64).sum()
        (bound,) = tracks.relaxed(spec)({"x": x}, [due], {"cols": 4096})
        assert abs(got - due[0]) <= np.max(bound.absolute) < 1.0


@pytest.mark.parametrize(
    "line",
    [
        "#include <metal_stdlib>",
        "#include <metal_simdgroup_matrix>",
        '#import "metal_atomic"',
        "#include <simd/simd.h>",
    ],
)
def test_standard_headers_are_everybodys(line: str) -> None:
    assert tracks.forbidden_include(source(line), "exact") is None


@pytest.mark.parametrize(
    "line",
    [
        "#include <MetalPerformancePrimitives/MetalPerformancePrimitives.h>",
        '  #  include "../../secret.h"',
        "#include HEADER",
        '#include "metal_stdlib/../../etc/passwd"',
    ],
)
def test_other_headers_are_the_librarys(line: str) -> None:
    for track in ("exact", "relaxed"):
        found = tracks.forbidden_include(source("\n" + line), track)
        assert found is not None and found.status is Status.COMPILE_ERROR
        assert found.location.endswith(":2:1") and "track: library" in found.reason
    assert tracks.forbidden_include(source(line), "library") is None
