"""cumsum: the inclusive prefix sum over the last axis."""

import numpy as np

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    rows,
)
from harness.spec_rows import serial_scan


def reference(x):
    import mlx.core as mx

    return mx.cumsum(x, axis=-1)


def oracle(x):
    return np.cumsum(x, axis=-1)


def in_torch(x):
    import torch

    return torch.cumsum(x, dim=-1)


def cost(point):
    elements = point["rows"] * point["cols"]
    return Cost(flops=elements, bytes=8 * elements)


SPEC = KernelSpec(
    summary="y[i] = x[0] + ... + x[i] along each row",
    function="cumsum_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array("rows", "cols", values=rows(means=0.5, stds=3.0))},
    outputs={"y": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "cols")},
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 18)}),
    sizes=Sizes(
        published={"rows": 1024, "cols": 1024},
        large={"rows": 8192, "cols": 8192},
        check=[
            {"rows": 5, "cols": 1},
            {"rows": 3, "cols": 37},
            {"rows": 4, "cols": 1000},
            {"rows": 7, "cols": 1025},
            {"rows": 4, "cols": 5003},
        ],
    ),
    tolerance=serial_scan(lambda x: x),
    cost=cost,
    schedule="grid: 1024 rows 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("x",),
    published_tolerance=(1e-3, 1e-3),
)
