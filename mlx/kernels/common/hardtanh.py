"""hardtanh: elements held between -1 and 1."""

import numpy as np

from harness.spec import FINITE_SPECIAL, exact, mixture
from harness.spec_pointwise import unary


def reference(x):
    import mlx.core as mx

    return mx.clip(x, -1.0, 1.0)


def oracle(x):
    return np.clip(x, -1.0, 1.0)


def in_numpy(x):
    return np.clip(x, np.float32(-1), np.float32(1))


def in_torch(x):
    import torch

    return torch.nn.functional.hardtanh(x)


SPEC = unary(
    summary="y = min(max(x, -1), 1), element by element",
    function="hardtanh_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, -1.0, 1.0, float("inf"), float("-inf"))),
    flops=1,
    tolerance=exact(),
    published_tolerance=(0.0, 0.0),
    ranked=False,
    unranked_reason="P12: the same function as clip, with its bounds fixed",
)
