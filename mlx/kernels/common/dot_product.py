"""dot_product: the inner product of two vectors."""

import numpy as np

from harness.spec import (
    EPS,
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    blocks,
    elementwise,
)


def reference(x, y):
    import mlx.core as mx

    return mx.sum(x * y, keepdims=True)


def in_inner(x, y):
    import mlx.core as mx

    return mx.inner(x, y).reshape(1)


def oracle(x, y):
    return np.dot(x, y).reshape(1)


def in_torch(x, y):
    return (x @ y).reshape(1)


def rounding(inputs, expected, point):
    """16 eps of the sum of the absolute terms; one sum gives no error to calibrate on."""
    return 16 * EPS * np.dot(np.abs(inputs["x"]), np.abs(inputs["y"])).reshape(1)


def cost(point):
    return Cost(flops=2 * point["length"], bytes=4 * (2 * point["length"] + 1))


SPEC = KernelSpec(
    summary="out = sum(x * y)",
    function="dot_product_f32",
    reference=reference,
    forms={"mx.inner": in_inner},
    oracle=oracle,
    inputs={
        "x": Array("length", values=blocks(means=1.0)),
        "y": Array("length", values=blocks(means=1.0)),
    },
    outputs={"out": Array(1)},
    scalars={"N": Scalar("uint32", "length")},
    domain=Domain({"length": Range(1, 1 << 26)}),
    sizes=Sizes(
        published={"length": 16384},
        large={"length": 1 << 26},
        check=[{"length": 1}, {"length": 31}, {"length": 1000}, {"length": 40_009}],
    ),
    tolerance=elementwise(rounding, "16 eps of the sum of the absolute terms"),
    cost=cost,
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    ranked=False,
    unranked_reason="one number is returned: products in half precision, or a part of the input "
    "left out, can fall within its bound by luck",
    notes="The mean differs from block to block, so that no part of the input stands for the "
    "whole. The published dispatch is a single threadgroup.",
)
