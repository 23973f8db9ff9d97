"""elu: the exponential linear unit."""

import numpy as np

from harness.spec import EPS, mixture
from harness.spec_pointwise import Parameter, fast_math, unary


def reference(x, alpha):
    import mlx.core as mx

    return mx.where(x > 0, x, alpha * (mx.exp(x) - 1))


def with_expm1(x, alpha):
    import mlx.core as mx

    return mx.where(x > 0, x, alpha * mx.expm1(x))


def oracle(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def in_numpy(x, alpha):
    return np.where(x > 0, x, np.float32(alpha) * np.expm1(np.minimum(x, 0)))


def in_torch(x, alpha):
    import torch

    return torch.nn.functional.elu(x, alpha)


SPEC = unary(
    summary="y = x if x > 0 else alpha * (exp(x) - 1), element by element",
    function="elu_f32",
    reference=reference,
    oracle=oracle,
    forms={"mx.expm1": with_expm1},
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(std=2.0),
    parameters={"alpha": Parameter(1.0, 0.25, 2.0)},
    flops=5,
    # exp(x) - 1 in fast math misses by 4 eps below zero, times alpha.
    tolerance=fast_math(absolute=8 * EPS),
    published_tolerance=(1e-3, 1e-3),
    notes="Near zero exp(x) - 1 cancels: exact to 8 eps absolute is enough.",
)
