"""layer_norm over the last axis, without scale and shift."""

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
from harness.spec_rows import normalised

#: Farther from zero, at 1000 with scale 0.01, MLX's own mean is off by most of the scale.
OFFSET = (100.0, 0.1)


def reference(X, eps):
    import mlx.core as mx

    mean = mx.mean(X, axis=-1, keepdims=True)
    variance = mx.var(X, axis=-1, keepdims=True)
    return (X - mean) * mx.rsqrt(variance + eps)


def in_fast(X, eps):
    import mlx.core as mx

    return mx.fast.layer_norm(X, None, None, eps)


def oracle(X, eps):
    y = X - X.mean(axis=-1, keepdims=True)
    y /= np.sqrt(np.mean(np.square(y), axis=-1, keepdims=True) + eps)
    return y


def in_torch(X, eps):
    import torch

    return torch.nn.functional.layer_norm(X, X.shape[-1:], eps=eps)


def rounding(inputs, expected, point):
    """Two lanes at least: a serial sum in each may miss the mean by cols / 4 eps; MLX cols / 8."""
    return normalised(inputs["X"], point["eps"], lanes=2)


def cost(point):
    elements = point["rows"] * point["cols"]
    return Cost(flops=5 * elements, bytes=8 * elements)


SPEC = KernelSpec(
    summary="y = (x - mean) / sqrt(var + eps) over each row, biased variance",
    function="layer_norm_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={"X": Array("rows", "cols", values=rows(means=10.0, stds=10.0, offset=OFFSET))},
    outputs={"Y": Array("rows", "cols")},
    scalars={"D": Scalar("uint32", "cols"), "eps": Scalar("float32", "eps")},
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
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sums"),
    cost=cost,
    schedule="grid: 1024 rows 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("X",),
    published_tolerance=(1e-3, 1e-3),
    notes="The published ABI has no scale and shift, so an affine part is never exercised.",
    ranked=False,
    unranked_reason="scale and shift are not exercised; layer_norm_affine ranks",
)
