"""add_relu: relu of a sum."""

import numpy as np

from harness.spec import FINITE_SPECIAL, mixture
from harness.spec_pointwise import binary, rounded_once


def reference(x, a):
    import mlx.core as mx

    return mx.maximum(x + a, 0)


def oracle(x, a):
    return np.maximum(x + a, 0)


def in_numpy(x, a):
    return np.maximum(x + a, 0)


def in_torch(x, a):
    import torch

    return torch.relu(x + a)


SPEC = binary(
    summary="y = max(x + a, 0)",
    function="add_relu_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    x=mixture(special=FINITE_SPECIAL),
    a=mixture(special=FINITE_SPECIAL),
    flops=5,
    tolerance=rounded_once(),
    published_tolerance=(1e-4, 1e-4),
)
