"""hardsigmoid: a piecewise linear sigmoid."""

import numpy as np

from harness.spec import EPS, FINITE_SPECIAL, mixture, ulp
from harness.spec_pointwise import unary


def reference(x):
    import mlx.core as mx

    return mx.clip(x / 6 + 0.5, 0, 1)


def oracle(x):
    return np.clip(x / 6 + 0.5, 0, 1)


def in_numpy(x):
    return np.clip(x / np.float32(6) + np.float32(0.5), 0, 1)


def in_torch(x):
    import torch

    return torch.nn.functional.hardsigmoid(x)


SPEC = unary(
    summary="y = min(max(x / 6 + 1/2, 0), 1), element by element",
    function="hardsigmoid_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, -3.0, 3.0), std=2.0),
    flops=3,
    # x / 6, a rounded 1/6 and the sum miss by half an eps each; near -3 the sum cancels.
    tolerance=ulp(2, absolute=2 * EPS),
    published_tolerance=(1e-3, 1e-3),
)
