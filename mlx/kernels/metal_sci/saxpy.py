"""y = a x + y, in place: the smoke test of the set."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Work, elementwise
from harness.spec_science import board, series


def reference(x, y, a):
    return a * x + y


def oracle(x, y, a):
    return a * x + y


def in_torch(x, y, a):
    return a * x + y


def one_rounding(inputs, expected, point):
    terms = np.abs(point["a"] * inputs["x"].astype(np.float64)) + np.abs(inputs["y"])
    return 2.0**-23 * terms


def published_inputs(point):
    rng = np.random.default_rng(0xBEEF)
    x = rng.standard_normal(point["N"]).astype(np.float32)
    return {"x": x, "y": rng.standard_normal(point["N"]).astype(np.float32)}


SPEC = KernelSpec(
    summary="y = a x + y, in place",
    function="saxpy",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array("N"), "y": Array("N")},
    outputs={"y": Array("N")},
    scalars={"a": Scalar("float32", "a"), "N": Scalar("uint32", "N")},
    domain=Domain({"N": Range(1, 1 << 26), "a": Range(-2.0, 3.0)}, max_elements=1 << 26),
    sizes=series(
        {
            "1M": {"N": 1 << 20, "a": 2.5},
            "16M": {"N": 1 << 24, "a": 2.5},
            "64M": {"N": 1 << 26, "a": 2.5},
        },
        {"4M": {"N": 1 << 22, "a": 2.5}},
        check=[{"N": 1}, {"N": 1003}, {"N": 4096}],
    ),
    tolerance=elementwise(one_rounding, "2^-23 (|a x| + |y|)"),
    cost=lambda point: Cost(flops=2 * point["N"], bytes=12 * point["N"]),
    schedule="grid: round_up(N, min(max_threads(saxpy), 256))\n"
    "threadgroup: min(max_threads(saxpy), 256)",
    torch_form=in_torch,
    chunked=("x", "y"),
    published_tolerance=board(0.0, 1e-5),
    published_inputs=published_inputs,
    work=Work("bytes", lambda point: 12 * point["N"]),
)
