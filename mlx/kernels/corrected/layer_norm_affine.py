"""layer_norm_affine: layer normalisation over the last axis, with scale and shift."""

import numpy as np

from harness.spec import Array, Scalar, elementwise, normal, rows
from harness.spec_rows import EPSILON, NORMED, affine, by_rows, normalised


def reference(X, gamma, beta, eps):
    import mlx.core as mx

    mean = mx.mean(X, axis=-1, keepdims=True)
    variance = mx.var(X, axis=-1, keepdims=True)
    return (X - mean) * mx.rsqrt(variance + eps) * gamma + beta


def in_fast(X, gamma, beta, eps):
    import mlx.core as mx

    return mx.fast.layer_norm(X, gamma, beta, eps)


def oracle(X, gamma, beta, eps):
    y = X - X.mean(axis=-1, keepdims=True)
    y /= np.sqrt(np.mean(np.square(y), axis=-1, keepdims=True) + eps)
    return y * gamma + beta


def in_torch(X, gamma, beta, eps):
    import torch

    return torch.nn.functional.layer_norm(X, X.shape[-1:], gamma, beta, eps=eps)


def rounding(inputs, expected, point):
    plain = normalised(inputs["X"], point["eps"])
    return affine(plain, expected, inputs["gamma"], inputs["beta"])


SPEC = by_rows(
    NORMED,
    summary="Y = gamma (X - mean) / sqrt(var + eps) + beta over each row, biased variance",
    function="layer_norm_affine_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "X": Array(*NORMED.shape, values=rows(means=10.0, stds=10.0, offset=(100.0, 0.1))),
        "gamma": Array("cols", values=normal(mean=1.0, std=0.5)),
        "beta": Array("cols", values=normal()),
    },
    outputs={"Y": Array(*NORMED.shape)},
    scalars={"D": Scalar("uint32", "cols")},
    parameters={"eps": EPSILON},
    flops=7,
    chunked=("X",),
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sums"),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="layer_norm",
)
