"""matmul_gelu_softmax: a matrix product, the exact gelu, then softmax over each row."""

import math

import numpy as np

from harness.spec import EPS, blocked_product, elementwise, gelu, rows, softmax
from harness.spec_products import linear


def reference(X, W):
    import mlx.core as mx

    z = X @ W
    return mx.softmax(z * (1 + mx.erf(z * (1 / math.sqrt(2)))) / 2, axis=-1)


def oracle(X, W):
    return softmax(gelu(X @ W))


def in_torch(X, W):
    import torch

    return torch.softmax(torch.nn.functional.gelu(X @ W), -1)


def in_float32(X, W):
    return softmax(gelu(blocked_product(X, W)))


def conditioning(inputs, expected, point):
    """Of every result, what the rounding of its logit and of the row's largest makes of it.

    A product over K is off by about sqrt(K) / 2 eps of its row's length, allowed 16 times over.
    """
    length = np.linalg.norm(inputs["X"], axis=-1, keepdims=True)
    column = np.linalg.norm(inputs["W"], axis=0).max()
    return EPS * (16 + 8 * length * column) * np.abs(expected)


SPEC = linear(
    "X W Y",
    summary="Y = softmax(gelu(X @ W)) over each row, the exact gelu",
    function="matmul_gelu_softmax_f32",
    reference=reference,
    oracle=oracle,
    in_float32=in_float32,
    # Rows differ in scale: flat ones and ones that a few columns rule.
    left=rows(means=0.0, stds=4.0, special=False),
    tolerance=elementwise(conditioning, "eps of logits and of their exponentials"),
    published={"M": 256, "N": 256, "K": 256},
    each=12,
    schedule="grid: 256 M 1\nthreadgroup: 256 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="The published dispatch launches a threadgroup a row.",
)
