"""batch_norm by the statistics of the batch, without scale and shift."""

from dataclasses import replace

import numpy as np

from harness.spec import Array, Scalar, Sizes, elementwise
from harness.spec_rows import EPSILON, NORMED, by_rows, normalised

FORM = replace(
    NORMED,
    sizes=Sizes(
        published={"rows": 1024, "cols": 256},
        large={"rows": 32768, "cols": 1024},
        check=[
            {"rows": 1, "cols": 1},
            {"rows": 33, "cols": 7, "eps": 1e-3},
            {"rows": 1000, "cols": 37},
            {"rows": 65, "cols": 1028, "eps": 1e-2},
            {"rows": 4099, "cols": 4, "eps": 1e-6},
        ],
    ),
    schedule="grid: 256 ceil_div(cols, 2) 1\nthreadgroup: 256 1 1",
)


def uneven_columns(rng, shape, point):
    """Columns that differ in mean and scale; of four, one is at 100 and one constant, in eighths.

    Farther from zero MLX's own mean of many rows is off by too much of the scale.
    """
    width = shape[1]
    scale = np.exp(rng.uniform(np.log(0.1), np.log(10.0), width))
    mean = rng.normal(0.0, 10.0, width)
    if width >= 4:
        shifted, constant = rng.choice(width, size=2, replace=False)
        mean[shifted], scale[shifted] = 100.0, 1.0
        mean[constant], scale[constant] = np.rint(8 * mean[constant]) / 8, 0.0
    x = rng.standard_normal(shape, dtype=np.float32)
    x *= scale.astype(np.float32)
    x += mean.astype(np.float32)
    return x


def reference(x, eps):
    import mlx.core as mx

    mean = mx.mean(x, axis=0)
    variance = mx.mean(mx.square(x - mean), axis=0)
    return (x - mean) * mx.rsqrt(variance + eps)


def in_var(x, eps):
    import mlx.core as mx

    return (x - mx.mean(x, axis=0)) * mx.rsqrt(mx.var(x, axis=0) + eps)


def oracle(x, eps):
    y = x - x.mean(axis=0)
    y /= np.sqrt(np.einsum("rc,rc->c", y, y) / len(y) + eps)
    return y


def in_torch(x, eps):
    import torch

    return torch.nn.functional.batch_norm(x, None, None, training=True, eps=eps)


def rounding(inputs, expected, point):
    return normalised(inputs["x"].T, point["eps"]).T


SPEC = by_rows(
    FORM,
    summary="y = (x - mean) / sqrt(var + eps) over each column, biased variance",
    function="batch_norm_f32",
    reference=reference,
    forms={"mx.var": in_var},
    oracle=oracle,
    inputs={"x": Array(*FORM.shape, values=uneven_columns)},
    outputs={"y": Array(*FORM.shape)},
    scalars={"N": Scalar("uint32", "rows"), "C": Scalar("uint32", "cols")},
    parameters={"eps": EPSILON},
    flops=8,
    chunked=(),
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the column's sums"),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="Batch statistics, as in training. The published ABI has no scale and shift: "
    "batch_norm_affine has.",
    ranked=False,
    unranked_reason="scale and shift are not exercised; batch_norm_affine ranks",
)
