"""leaky_relu: what is negative is scaled down, not dropped."""

import numpy as np

from harness.spec import FINITE_SPECIAL, mixture
from harness.spec_pointwise import Parameter, rounded_once, unary


def reference(x, slope):
    import mlx.core as mx

    return mx.where(x > 0, x, slope * x)


def with_extrema(x, slope):
    import mlx.core as mx

    return mx.maximum(x, 0) + slope * mx.minimum(x, 0)


def oracle(x, slope):
    return np.where(x > 0, x, slope * x)


def in_numpy(x, slope):
    return np.maximum(x, 0) + np.float32(slope) * np.minimum(x, 0)


def in_torch(x, slope):
    import torch

    return torch.nn.functional.leaky_relu(x, slope)


SPEC = unary(
    summary="y = x for positive x, else slope * x, element by element",
    function="leaky_relu_f32",
    reference=reference,
    oracle=oracle,
    forms={"mx.maximum": with_extrema},
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, float("inf"), float("-inf"))),
    parameters={"slope": Parameter(0.01, 0.001, 0.5)},
    flops=3,
    tolerance=rounded_once(),
    published_tolerance=(1e-3, 1e-3),
    notes="Infinities occur; NaN does not: fast math assumes there is none.",
)
