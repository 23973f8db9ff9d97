"""hardswish: x weighted with a piecewise linear sigmoid."""

import numpy as np

from harness.spec import EPS, FINITE_SPECIAL, mixture, ulp
from harness.spec_pointwise import unary


def reference(x):
    import mlx.core as mx

    return x * mx.clip(x + 3, 0, 6) / 6


def oracle(x):
    return x * np.clip(x + 3, 0, 6) / 6


def in_numpy(x):
    return x * np.clip(x + np.float32(3), 0, 6) / np.float32(6)


def in_torch(x):
    import torch

    return torch.nn.functional.hardswish(x)


SPEC = unary(
    summary="y = x min(max(x + 3, 0), 6) / 6, element by element",
    function="hardswish_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, -3.0, 3.0), std=2.0),
    flops=4,
    # Three roundings and a rounded 1/6; near -3, where x + 3 or x / 6 + 1/2 cancels, up to 4 eps.
    tolerance=ulp(8, absolute=4 * EPS),
    published_tolerance=(1e-3, 1e-3),
)
