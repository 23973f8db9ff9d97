"""softmax over the last axis."""

import numpy as np

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    relative,
    rows,
)


def reference(x):
    import mlx.core as mx

    return mx.softmax(x, axis=-1)


def oracle(x):
    y = x - x.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    return y


def in_torch(x):
    import torch

    return torch.softmax(x, dim=-1)


def small_beside_row(inputs, expected, point):
    return 1e-7 * np.abs(expected).max(axis=-1, keepdims=True)


def cost(point):
    elements = point["rows"] * point["cols"]
    return Cost(flops=5 * elements, bytes=8 * elements)


SPEC = KernelSpec(
    summary="y = softmax(x) over each row",
    function="softmax_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array("rows", "cols", values=rows(means=10.0, stds=3.0))},
    outputs={"y": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "cols")},
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16)}),
    sizes=Sizes(
        published={"rows": 1024, "cols": 1024},
        large={"rows": 16384, "cols": 4096},
        check=[
            {"rows": 1, "cols": 1},
            {"rows": 3, "cols": 37},
            {"rows": 11, "cols": 1000},
            {"rows": 5, "cols": 1028},
            {"rows": 4, "cols": 4099},
        ],
    ),
    # A fast exponential misses 3 + |2x| ulp; where that is more than 1e-5, exp(x) is below 1e-7.
    tolerance=relative(1e-5, absolute=small_beside_row),
    cost=cost,
    schedule="grid: 1024 rows 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("x",),
    published_tolerance=(1e-3, 1e-3),
    notes="Rows differ in mean and scale; one is constant, one has a dominant element, one stands "
    "at 1000. -inf does not occur: masks belong to masked_softmax.",
)
