"""linear_bias: a matrix product plus a bias a column."""

from harness.spec import Array, blocked_product, normal
from harness.spec_products import linear


def reference(X, W, Bias):
    return X @ W + Bias


def in_addmm(X, W, Bias):
    import mlx.core as mx

    return mx.addmm(Bias, X, W)


def in_torch(X, W, Bias):
    import torch

    return torch.addmm(Bias, X, W)


def in_float32(X, W, Bias):
    return blocked_product(X, W) + Bias


SPEC = linear(
    "X W Y",
    summary="Y = X @ W + Bias",
    function="linear_bias_f32",
    reference=reference,
    forms={"mx.addmm": in_addmm},
    oracle=reference,
    in_float32=in_float32,
    beside={"Bias": Array("N", values=normal())},
    published={"M": 256, "N": 256, "K": 256},
    each=1,
    schedule="grid: round_up(M * N, 256) 1 1\nthreadgroup: 256 1 1",
    numpy_form=reference,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="The published dispatch launches one thread an element; a tiled kernel leaves most of "
    "its threadgroups idle.",
)
