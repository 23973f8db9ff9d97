"""silu_residual: a silu branch beside a residual."""

import numpy as np

from harness.spec import mixture, normal, silu
from harness.spec_pointwise import binary, fast_math


def reference(x, a):
    import mlx.core as mx

    return x + a * mx.sigmoid(a)


def oracle(x, a):
    return x + silu(a)


def in_numpy(x, a):
    return x + a / (1 + np.exp(-a))


def in_torch(x, a):
    import torch

    return x + torch.nn.functional.silu(a)


SPEC = binary(
    summary="y = x + silu(a)",
    function="silu_residual_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    x=normal(),
    a=mixture(large=20.0, std=2.0),
    flops=5,
    tolerance=fast_math("a"),
    published_tolerance=(1e-4, 1e-4),
)
