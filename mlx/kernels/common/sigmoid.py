"""sigmoid: the logistic function."""

import numpy as np

from harness.spec import mixture, sigmoid
from harness.spec_pointwise import fast_math, unary


def reference(x):
    import mlx.core as mx

    return mx.sigmoid(x)


def oracle(x):
    return sigmoid(x)


def in_numpy(x):
    return np.float32(1) / (1 + np.exp(-x))


def in_torch(x):
    import torch

    return torch.sigmoid(x)


SPEC = unary(
    summary="y = 1 / (1 + exp(-x)), element by element",
    function="sigmoid_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    values=mixture(std=2.0),
    flops=4,
    tolerance=fast_math(),
    published_tolerance=(1e-3, 1e-3),
    notes="An eighth of the elements reach +-1e4, where exp overflows and 0 or 1 is due.",
)
