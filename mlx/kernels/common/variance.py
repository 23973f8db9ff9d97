"""variance of each row, biased."""

import numpy as np

from harness.spec import EPS, Array, Scalar, elementwise, rows
from harness.spec_rows import REDUCED, by_rows


def reference(x):
    import mlx.core as mx

    return mx.var(x, axis=-1)


def oracle(x):
    return np.mean(np.square(x - x.mean(axis=-1, keepdims=True)), axis=-1)


def in_numpy(x):
    return np.var(x, axis=-1)


def in_torch(x):
    import torch

    return torch.var(x, dim=-1, correction=0)


def rounding(inputs, expected, point):
    """Relative 1e-5, and what 32 lanes that add like values do to the mean and to the squares.

    A mean that is off by d adds d^2.
    """
    x = inputs["x"]
    mean = (8 + x.shape[-1] / 64) * EPS * np.abs(x).max(axis=-1).astype(np.float64)
    return (1e-5 + x.shape[-1] / 256 * EPS) * expected + mean**2


SPEC = by_rows(
    REDUCED,
    summary="out = mean of (x - mean)^2 over each row",
    function="variance_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array(*REDUCED.shape, values=rows(means=100.0, stds=10.0))},
    outputs={"out": Array("rows")},
    scalars={"C": Scalar("uint32", "cols")},
    flops=3,
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the mean"),
    schedule="grid: 256 rows 1\nthreadgroup: 256 1 1",
    numpy_form=in_numpy,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="Means lie far above most scales, one at 1000 beside 0.01, so that E[x^2] - E[x]^2 "
    "fails. One column has variance 0.",
)
