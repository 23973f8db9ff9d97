"""abs: magnitudes."""

import numpy as np

from harness.spec import FINITE_SPECIAL, exact, mixture
from harness.spec_pointwise import unary


def reference(x):
    import mlx.core as mx

    return mx.abs(x)


def oracle(x):
    return np.abs(x)


def in_numpy(x):
    return np.abs(x)


def in_torch(x):
    import torch

    return torch.abs(x)


SPEC = unary(
    summary="y = |x|, element by element",
    function="abs_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, float("inf"), float("-inf"))),
    flops=1,
    tolerance=exact(),
    published_tolerance=(0.0, 0.0),
    notes="Infinities occur; NaN does not: fast math assumes there is none.",
)
