"""clip: elements held between two bounds."""

import numpy as np

from harness.spec import FINITE_SPECIAL, exact, mixture
from harness.spec_pointwise import Parameter, unary


def reference(x, lo, hi):
    import mlx.core as mx

    return mx.clip(x, lo, hi)


def oracle(x, lo, hi):
    return np.clip(x, lo, hi)


def in_numpy(x, lo, hi):
    return np.clip(x, np.float32(lo), np.float32(hi))


def in_torch(x, lo, hi):
    import torch

    return torch.clamp(x, lo, hi)


SPEC = unary(
    summary="y = min(max(x, lo), hi), element by element",
    function="clip_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, -1.0, 1.0, float("inf"), float("-inf"))),
    parameters={"lo": Parameter(-1.0, -3.0, -0.1), "hi": Parameter(1.0, 0.1, 3.0)},
    flops=2,
    tolerance=exact(),
    published_tolerance=(0.0, 0.0),
    notes="Infinities occur; NaN does not: fast math assumes there is none.",
)
