"""relu: the larger of each element and zero."""

import numpy as np

from harness.spec import FINITE_SPECIAL, exact, mixture
from harness.spec_pointwise import unary


def reference(x):
    import mlx.core as mx

    return mx.maximum(x, 0.0)


def oracle(x):
    return np.maximum(x, 0.0)


def in_numpy(x):
    return np.maximum(x, np.float32(0.0))


def in_torch(x):
    import torch

    return torch.relu(x)


SPEC = unary(
    summary="y = max(x, 0), element by element",
    function="relu_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(special=(*FINITE_SPECIAL, float("inf"), float("-inf"))),
    flops=1,
    tolerance=exact(),
    published_tolerance=(0.0, 0.0),
    notes="Infinities, denormals and zeros of both signs occur; -0 and a flushed denormal count as "
    "zero. NaN does not occur: Metal's default math mode assumes there is none, and max(NaN, 0) is "
    "0 on one compiler and NaN on the next. At the published size both arrays fit in a cache.",
)
