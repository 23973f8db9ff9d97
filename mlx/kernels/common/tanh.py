"""tanh: the hyperbolic tangent."""

import numpy as np

from harness.spec import FINITE_SPECIAL, mixture
from harness.spec_pointwise import fast_math, unary


def reference(x):
    import mlx.core as mx

    return mx.tanh(x)


def oracle(x):
    return np.tanh(x)


def in_numpy(x):
    return np.tanh(x)


def in_torch(x):
    import torch

    return torch.tanh(x)


SPEC = unary(
    summary="y = tanh(x), element by element",
    function="tanh_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, -9.0, 9.0, -44.5, 44.5)),
    flops=4,
    tolerance=fast_math(),
    published_tolerance=(1e-3, 1e-3),
    notes="Fast tanh is (e^2x - 1) / (e^2x + 1): beyond 44 it may be inf / inf, which is refused.",
)
