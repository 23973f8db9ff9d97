"""exp: the exponential function over all of float's range."""

import numpy as np

from harness.spec import EPS, elementwise, mixture
from harness.spec_pointwise import unary


def off_by(inputs, expected, point):
    """MSL's fast exp misses by 3 + |2x| ulp: the rounding of x log2(e) before exp2."""
    return 2 * EPS * (8 + 2 * np.abs(inputs["x"])) * expected


def reference(x):
    import mlx.core as mx

    return mx.exp(x)


def oracle(x):
    return np.exp(x)


def in_numpy(x):
    return np.exp(x)


def in_torch(x):
    import torch

    return torch.exp(x)


SPEC = unary(
    summary="y = exp(x), element by element",
    function="exp_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(0.0, -0.0, 1e-42, 1.0, -1.0, -100.0, 100.0), large=87.0),
    flops=1,
    tolerance=elementwise(off_by, "8 + 2 |x| ulp"),
    published_tolerance=(1e-3, 1e-3),
    notes="exp(100) overflows to infinity, exp(-100) is below the normal floats and may be 0.",
)
