"""Small SPECs and Python kernels that the tests of the judging half share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from fakes import Call, FakeDevice

from harness.devices.base import Source
from harness.problem.catalog import Kernel, sha256_of
from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    exact,
    normal,
)

DOUBLE_PARAMETERS = {
    0: ("x", "device const float *"),
    1: ("y", "device float *"),
    2: ("N", "constant uint &"),
}


def double_spec(**changes: Any) -> KernelSpec:
    """y = 2 x over rows and columns: rows are independent, so the oracle may be chunked."""
    fields: dict[str, Any] = dict(
        summary="y = 2 x",
        function="double_f32",
        reference=lambda x: x + x,
        oracle=lambda x: 2 * x,
        inputs={"x": Array("rows", "cols", values=normal())},
        outputs={"y": Array("rows", "cols")},
        scalars={"N": Scalar("uint32", "rows * cols")},
        domain=Domain({"rows": Range(1, 4096), "cols": Range(1, 65536)}),
        sizes=Sizes(
            published={"rows": 16, "cols": 64},
            large={"rows": 64},
            check=[{"rows": 1, "cols": 1}, {"rows": 5, "cols": 37}],
        ),
        tolerance=exact(),
        cost=lambda p: Cost(p["rows"] * p["cols"], 8 * p["rows"] * p["cols"]),
        schedule="grid: rows * cols 1 1\nthreadgroup: 64 1 1",
        chunked=("x",),
        published_tolerance=(1e-3, 1e-3),
    )
    return KernelSpec(**(fields | changes))


def double(call: Call) -> None:
    """The honest kernel."""
    n = call.constant(2)
    call.buffer(1)[:n] = 2 * call.buffer(0)[:n]


def device(kernel: Any = double, **changes: Any) -> FakeDevice:
    """A device that has `kernel` for double_f32."""
    return FakeDevice({"double_f32": kernel}, {"double_f32": DOUBLE_PARAMETERS}, **changes)


def source(text: str = "kernel void double_f32();") -> Source:
    """A source that only the fake device understands."""
    return Source(text, "double.metal", sha256_of(text))


def kernel(spec: KernelSpec | None = None) -> Kernel:
    """The problem with a name."""
    return Kernel("double", "common", spec or double_spec(), Path("double.py"))


def inputs(rows: int = 5, cols: int = 37, seed: int = 3) -> dict[str, np.ndarray]:
    """Values of x."""
    rng = np.random.default_rng(seed)
    return {"x": rng.standard_normal((rows, cols), dtype=np.float32)}
