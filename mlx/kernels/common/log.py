"""log: the natural logarithm of |x|, kept from zero."""

import numpy as np

from harness.spec import EPS, FINITE_SPECIAL, mixture, ulp
from harness.spec_pointwise import unary

LEAST = 1e-30


def reference(x):
    import mlx.core as mx

    return mx.log(mx.abs(x) + LEAST)


def oracle(x):
    return np.log(np.abs(x) + float(np.float32(LEAST)))


def in_numpy(x):
    return np.log(np.abs(x) + np.float32(LEAST))


def in_torch(x):
    import torch

    return torch.log(torch.abs(x) + LEAST)


SPEC = unary(
    summary="y = log(|x| + 1e-30), element by element",
    function="log_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, 1.0, -1.0, 0.9999999, 1.0000001)),
    flops=1,
    # MSL's fast log misses by 2^-21 between 1/2 and 2, where the result passes through zero.
    tolerance=ulp(32, absolute=8 * EPS),
    schedule="grid: 8192 1 1\nthreadgroup: 1024 1 1",
    published_tolerance=(1e-3, 1e-3),
    notes="Zeros occur, whose result is log(1e-30). The public dispatch has 8 threadgroups.",
)
