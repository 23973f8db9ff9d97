"""add_silu: silu of a sum."""

import numpy as np

from harness.spec import mixture, silu
from harness.spec_pointwise import binary, fast_math


def reference(x, a):
    import mlx.core as mx

    return (x + a) * mx.sigmoid(x + a)


def oracle(x, a):
    return silu(x + a)


def in_numpy(x, a):
    return (x + a) / (1 + np.exp(-x - a))


def in_torch(x, a):
    import torch

    return torch.nn.functional.silu(x + a)


SPEC = binary(
    summary="y = silu(x + a)",
    function="add_silu_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    x=mixture(std=2.0),
    a=mixture(std=2.0),
    flops=5,
    tolerance=fast_math("x", "a"),
    published_tolerance=(1e-4, 1e-4),
)
