"""softplus: a smooth relu."""

import numpy as np

from harness.spec import mixture, softplus
from harness.spec_pointwise import fast_math, unary


def reference(x):
    import mlx.core as mx

    return mx.logaddexp(x, 0)


def oracle(x):
    return softplus(x)


def in_numpy(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def in_torch(x):
    import torch

    return torch.nn.functional.softplus(x)


SPEC = unary(
    summary="y = log(1 + exp(x)), element by element",
    function="softplus_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(std=2.0),
    flops=4,
    tolerance=fast_math(),
    published_tolerance=(1e-3, 1e-3),
    notes="At 1e4 the result is 1e4: exp(x) alone overflows there.",
)
