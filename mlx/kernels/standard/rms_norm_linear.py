"""rms_norm_linear: rows scaled to a root mean square of one, times a transposed matrix."""

import numpy as np

from harness.spec import Cost, Range, blocked_product, calibrated, rows
from harness.spec_products import linear


def reference(A, B, eps):
    import mlx.core as mx

    return (A * mx.rsqrt(mx.mean(A * A, axis=-1, keepdims=True) + eps)) @ B.T


def in_fast(A, B, eps):
    import mlx.core as mx

    return mx.fast.rms_norm(A, None, eps) @ B.T


def oracle(A, B, eps):
    return (A / np.sqrt(np.mean(np.square(A), axis=-1, keepdims=True) + eps)) @ B.T


def in_torch(A, B, eps):
    import torch

    return torch.nn.functional.rms_norm(A, A.shape[-1:], eps=eps) @ B.T


def length(A, eps):
    return np.sqrt(np.mean(np.square(A), axis=-1, keepdims=True) + np.float32(eps))


def in_float32(A, B, eps):
    return blocked_product(A, B.T) / length(A, eps)


def terms(inputs, expected, point):
    """The sum of the absolute terms of every element."""
    A = inputs["A"]
    return np.abs(A / length(A, point["eps"])) @ np.abs(inputs["B"].T)


def cost(point):
    m, n, k = point["M"], point["N"], point["K"]
    return Cost(flops=2 * m * n * k + 5 * m * k, bytes=4 * (m * k + k * n + m * n))


SPEC = linear(
    "A B C",
    summary="C = (A / sqrt(mean(A * A) + eps)) @ B^T, the mean over each row",
    function="rms_norm_linear_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    in_float32=in_float32,
    # Scales of rows between 1/10 and 10: a norm that is left out or taken over the whole shows.
    left=rows(means=0.0, stds=10.0, special=False),
    transposed=True,
    parameters={"eps": Range(1e-6, 1e-2)},
    published={"M": 1024, "N": 1024, "K": 1024, "eps": 1e-5},
    each=0,
    cost=cost,
    tolerance=calibrated(in_float32, scale=terms, by_row="A"),
    schedule="grid: 256 * ceil_div(N, 64) ceil_div(M, 64) 1\nthreadgroup: 256 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="B is stored (N, K): the published text speaks of A @ B, its reference transposes B.",
)
