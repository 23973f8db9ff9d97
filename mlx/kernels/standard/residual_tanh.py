"""residual_tanh: a tanh branch beside a residual."""

import numpy as np

from harness.spec import mixture, normal
from harness.spec_pointwise import binary, fast_math


def reference(x, a):
    import mlx.core as mx

    return x + mx.tanh(a)


def oracle(x, a):
    return x + np.tanh(a)


def in_numpy(x, a):
    return x + np.tanh(a)


def in_torch(x, a):
    import torch

    return x + torch.tanh(a)


SPEC = binary(
    summary="y = x + tanh(a)",
    function="residual_tanh_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    x=normal(),
    a=mixture(),
    flops=5,
    tolerance=fast_math(),
    published_tolerance=(1e-4, 1e-4),
    notes="Beyond 44 a fast tanh may be inf / inf, which is refused.",
)
