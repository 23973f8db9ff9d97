"""softsign: a sigmoid without exponentials."""

import numpy as np

from harness.spec import mixture, ulp
from harness.spec_pointwise import unary


def reference(x):
    import mlx.core as mx

    return x / (1 + mx.abs(x))


def oracle(x):
    return x / (1 + np.abs(x))


def in_numpy(x):
    return x / (1 + np.abs(x))


def in_torch(x):
    import torch

    return torch.nn.functional.softsign(x)


SPEC = unary(
    summary="y = x / (1 + |x|), element by element",
    function="softsign_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(std=2.0),
    flops=3,
    # Fast division misses by 2.5 ulp.
    tolerance=ulp(8),
    published_tolerance=(1e-3, 1e-3),
)
