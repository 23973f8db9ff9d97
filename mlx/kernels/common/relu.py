"""relu: the larger of each element and zero."""

import numpy as np

from harness.spec import (
    FINITE_SPECIAL,
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    exact,
    mixture,
)


def reference(x):
    import mlx.core as mx

    return mx.maximum(x, 0.0)


def oracle(x):
    return np.maximum(x, 0.0)


def in_numpy(x):
    return np.maximum(x, np.float32(0.0))


def in_torch(x):
    import torch

    return torch.relu(x)


def cost(point):
    elements = point["rows"] * point["cols"]
    return Cost(flops=elements, bytes=8 * elements)


SPEC = KernelSpec(
    summary="y = max(x, 0), element by element",
    function="relu_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "x": Array(
            "rows",
            "cols",
            values=mixture(special=(*FINITE_SPECIAL, float("inf"), float("-inf"))),
        )
    },
    outputs={"y": Array("rows", "cols")},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16)}),
    sizes=Sizes(
        published={"rows": 16, "cols": 16384},
        large={"rows": 4096, "cols": 16384},
        check=[
            {"rows": 1, "cols": 1},
            {"rows": 1, "cols": 31},
            {"rows": 25, "cols": 41},
            {"rows": 7, "cols": 9973},
        ],
    ),
    tolerance=exact(),
    cost=cost,
    schedule="grid: 65536 1 1\nthreadgroup: 1024 1 1",
    numpy_form=in_numpy,
    torch_form=in_torch,
    chunked=("x",),
    published_tolerance=(0.0, 0.0),
    notes="Infinities, denormals and zeros of both signs occur; -0 and a flushed denormal count as "
    "zero. NaN does not occur: Metal's default math mode assumes there is none, and max(NaN, 0) is "
    "0 on one compiler and NaN on the next. At the published size both arrays fit in a cache.",
)
