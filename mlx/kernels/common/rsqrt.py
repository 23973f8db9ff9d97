"""rsqrt: reciprocal square roots of magnitudes."""

import numpy as np

from harness.spec import mixture, ulp
from harness.spec_pointwise import unary


def reference(x):
    import mlx.core as mx

    return mx.rsqrt(mx.abs(x))


def oracle(x):
    return 1 / np.sqrt(np.abs(x))


def in_numpy(x):
    return 1 / np.sqrt(np.abs(x))


def in_torch(x):
    import torch

    return torch.rsqrt(torch.abs(x))


SPEC = unary(
    summary="y = 1 / sqrt(|x|), element by element",
    function="rsqrt_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(1.0, -4.0, 1.1754944e-38, 3.0e38)),
    flops=2,
    # Fast rsqrt misses by 2 ulp; 1 / sqrt(x) from fast parts by a few more.
    tolerance=ulp(8),
    published_tolerance=(1e-3, 1e-3),
    notes="Zeros and denormals do not occur: a device may flush the latter to zero.",
)
