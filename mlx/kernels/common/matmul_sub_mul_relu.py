"""matmul_sub_mul_relu: a matrix product, shifted, scaled and cut off at zero."""

import numpy as np

from harness.spec import Range, blocked_product
from harness.spec_products import linear


def reference(X, W, sub_val, mul_val):
    import mlx.core as mx

    return mx.maximum((X @ W - sub_val) * mul_val, 0)


def oracle(X, W, sub_val, mul_val):
    return np.maximum((X @ W - sub_val) * mul_val, 0)


def in_torch(X, W, sub_val, mul_val):
    import torch

    return torch.relu((X @ W - sub_val) * mul_val)


def in_float32(X, W, sub_val, mul_val):
    shift, scale = np.float32(sub_val), np.float32(mul_val)
    return np.maximum((blocked_product(X, W) - shift) * scale, 0)


SPEC = linear(
    "X W Y",
    summary="Y = max((X @ W - sub_val) * mul_val, 0)",
    function="matmul_sub_mul_relu_f32",
    reference=reference,
    oracle=oracle,
    in_float32=in_float32,
    parameters={"sub_val": Range(0.1, 1.0), "mul_val": Range(0.5, 2.0)},
    published={"M": 256, "N": 256, "K": 256, "sub_val": 0.5, "mul_val": 2.0},
    each=3,
    slope=2.0,
    schedule="grid: round_up(M * N, 256) 1 1\nthreadgroup: 256 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="The published dispatch launches one thread an element; a tiled kernel leaves most of "
    "its threadgroups idle.",
)
