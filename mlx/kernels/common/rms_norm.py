"""rms_norm over the last axis, without weight."""

import numpy as np

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    elementwise,
    rows,
)
from harness.spec_rows import scaled


def reference(x, eps):
    import mlx.core as mx

    return x * mx.rsqrt(mx.mean(mx.square(x), axis=-1, keepdims=True) + eps)


def in_fast(x, eps):
    import mlx.core as mx

    return mx.fast.rms_norm(x, None, eps)


def oracle(x, eps):
    return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + eps)


def in_torch(x, eps):
    import torch

    return torch.nn.functional.rms_norm(x, x.shape[-1:], eps=eps)


def rounding(inputs, expected, point):
    """Two lanes at least: a serial sum in each may miss by cols / 8 eps, half of it at the root."""
    return scaled(inputs["x"], point["eps"], lanes=2)


def cost(point):
    elements = point["rows"] * point["cols"]
    return Cost(flops=5 * elements, bytes=8 * elements)


SPEC = KernelSpec(
    summary="y = x / sqrt(mean(x^2) + eps) over each row",
    function="rms_norm_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={"x": Array("rows", "cols", values=rows(means=1.0, stds=100.0))},
    outputs={"y": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "cols"), "eps": Scalar("float32", "eps")},
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16), "eps": Range(1e-6, 1e-2)}),
    sizes=Sizes(
        published={"rows": 1024, "cols": 1024, "eps": 1e-5},
        large={"rows": 16384, "cols": 4096},
        check=[
            {"rows": 1, "cols": 1},
            {"rows": 7, "cols": 33, "eps": 1e-3},
            {"rows": 11, "cols": 1000},
            {"rows": 5, "cols": 1028, "eps": 1e-2},
            {"rows": 4, "cols": 4099, "eps": 1e-6},
        ],
    ),
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sum"),
    cost=cost,
    schedule="grid: 1024 rows 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("x",),
    published_tolerance=(1e-3, 1e-3),
    notes="The published ABI has no weight, so the scale is never exercised.",
    ranked=False,
    unranked_reason="the weight is not exercised; rms_norm_weight ranks",
)
