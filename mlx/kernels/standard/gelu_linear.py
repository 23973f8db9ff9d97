"""gelu_linear: a matrix product and the exact gelu, by erf and not by its tanh approximation."""

import math

from harness.spec import blocked_product, gelu
from harness.spec_products import linear


def reference(A, B):
    import mlx.core as mx

    z = A @ B
    return z * (1 + mx.erf(z * (1 / math.sqrt(2)))) / 2


def oracle(A, B):
    return gelu(A @ B)


def in_torch(A, B):
    import torch

    return torch.nn.functional.gelu(A @ B)


def in_float32(A, B):
    return gelu(blocked_product(A, B))


SPEC = linear(
    "A B C",
    summary="C = gelu(A @ B), the exact gelu",
    function="gelu_linear_f32",
    reference=reference,
    oracle=oracle,
    in_float32=in_float32,
    published={"M": 1024, "N": 1024, "K": 1024},
    each=5,
    slope=1.2,
    after=6.0,  # a function within 4 ulp (8 eps) of about half the product, and two roundings
    schedule="grid: 256 * ceil_div(N, 64) ceil_div(M, 64) 1\nthreadgroup: 256 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
