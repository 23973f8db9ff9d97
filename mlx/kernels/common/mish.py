"""mish: x weighted with tanh of its softplus."""

import numpy as np

from harness.spec import mixture, softplus
from harness.spec_pointwise import fast_math, unary


def reference(x):
    import mlx.core as mx

    return x * mx.tanh(mx.logaddexp(x, 0))


def oracle(x):
    return x * np.tanh(softplus(x))


def in_torch(x):
    import torch

    return torch.nn.functional.mish(x)


SPEC = unary(
    summary="y = x tanh(log(1 + exp(x))), element by element",
    function="mish_f32",
    reference=reference,
    oracle=oracle,
    torch_form=in_torch,
    values=mixture(std=2.0),
    flops=8,
    tolerance=fast_math("x"),
    published_tolerance=(1e-3, 1e-3),
    notes="At 1e4 the result is 1e4, at -1e4 it is 0.",
)
