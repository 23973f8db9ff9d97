"""prelu: leaky relu with a slope for every column."""

import numpy as np

from harness.spec import FINITE_SPECIAL, Array, Scalar, mixture, uniform
from harness.spec_pointwise import WIDE, pointwise, rounded_once


def reference(x, alpha):
    import mlx.core as mx

    return mx.where(x > 0, x, alpha * x)


def with_extrema(x, alpha):
    import mlx.core as mx

    return mx.maximum(x, 0) + alpha * mx.minimum(x, 0)


def oracle(x, alpha):
    return np.where(x > 0, x, alpha * x)


def in_numpy(x, alpha):
    return np.maximum(x, 0) + alpha * np.minimum(x, 0)


def in_torch(x, alpha):
    import torch

    return torch.nn.functional.prelu(x, alpha)


SPEC = pointwise(
    WIDE,
    summary="y = x for positive x, else alpha[column] * x",
    function="prelu_f32",
    reference=reference,
    oracle=oracle,
    forms={"mx.maximum": with_extrema},
    numpy_form=in_numpy,
    torch_form=in_torch,
    inputs={
        "x": Array("rows", "cols", values=mixture(special=FINITE_SPECIAL)),
        "alpha": Array("cols", values=uniform(-0.25, 0.75)),
    },
    outputs={"y": Array("rows", "cols")},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "C": Scalar("uint32", "cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    flops=3,
    tolerance=rounded_once(),
    published_tolerance=(1e-4, 1e-5),
    notes="Slopes differ from column to column and a quarter of them are negative.",
)
