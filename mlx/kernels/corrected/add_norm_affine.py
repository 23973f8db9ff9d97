"""add_norm_affine: layer normalisation of the sum of two arrays, with scale and shift."""

import numpy as np

from harness.spec import Array, Scalar, elementwise, normal, rows
from harness.spec_rows import EPSILON, NORMED, affine, by_rows, normalised


def reference(x, res, gamma, beta, eps):
    import mlx.core as mx

    s = x + res
    mean = mx.mean(s, axis=-1, keepdims=True)
    return (s - mean) * mx.rsqrt(mx.var(s, axis=-1, keepdims=True) + eps) * gamma + beta


def in_fast(x, res, gamma, beta, eps):
    import mlx.core as mx

    return mx.fast.layer_norm(x + res, gamma, beta, eps)


def oracle(x, res, gamma, beta, eps):
    y = x + res
    y -= y.mean(axis=-1, keepdims=True)
    y /= np.sqrt(np.mean(np.square(y), axis=-1, keepdims=True) + eps)
    return y * gamma + beta


def in_torch(x, res, gamma, beta, eps):
    import torch

    return torch.nn.functional.layer_norm(x + res, x.shape[-1:], gamma, beta, eps=eps)


def rounding(inputs, expected, point):
    plain = normalised(inputs["x"] + inputs["res"], point["eps"])
    return affine(plain, expected, inputs["gamma"], inputs["beta"])


SPEC = by_rows(
    NORMED,
    summary="y = gamma (s - mean) / sqrt(var + eps) + beta over each row of s = x + res",
    function="add_norm_affine_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "x": Array(*NORMED.shape, values=rows(means=10.0, stds=10.0, offset=(100.0, 0.1))),
        "res": Array(*NORMED.shape, values=rows(means=3.0, stds=10.0, offset=(100.0, 0.1))),
        "gamma": Array("cols", values=normal(mean=1.0, std=0.5)),
        "beta": Array("cols", values=normal()),
    },
    outputs={"y": Array(*NORMED.shape)},
    scalars={"D": Scalar("uint32", "cols")},
    parameters={"eps": EPSILON},
    flops=9,
    chunked=("x", "res"),
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sums"),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="add_norm",
    notes="Biased variance.",
)
