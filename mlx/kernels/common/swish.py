"""swish: x weighted with its logistic function, also called silu."""

import numpy as np

from harness.spec import mixture, silu
from harness.spec_pointwise import fast_math, unary


def reference(x):
    import mlx.core as mx

    return x * mx.sigmoid(x)


def oracle(x):
    return silu(x)


def in_numpy(x):
    return x / (1 + np.exp(-x))


def in_torch(x):
    import torch

    return torch.nn.functional.silu(x)


SPEC = unary(
    summary="y = x / (1 + exp(-x)), element by element",
    function="swish_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(std=2.0),
    flops=5,
    tolerance=fast_math("x"),
    published_tolerance=(1e-3, 1e-3),
    notes="At -1e4, where exp(-x) overflows, the result must be 0.",
)
