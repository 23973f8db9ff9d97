"""fused_add_rms_norm_weight: a sum divided by its root mean square, times a weight."""

import numpy as np

from harness.spec import Array, Scalar, elementwise, normal, rows
from harness.spec_rows import EPSILON, NORMED, affine, by_rows, scaled


def reference(X, R, weight, eps):
    import mlx.core as mx

    s = X + R
    return s * mx.rsqrt(mx.mean(mx.square(s), axis=-1, keepdims=True) + eps) * weight


def in_fast(X, R, weight, eps):
    import mlx.core as mx

    return mx.fast.rms_norm(X + R, weight, eps)


def oracle(X, R, weight, eps):
    s = X + R
    return s / np.sqrt(np.mean(np.square(s), axis=-1, keepdims=True) + eps) * weight


def in_torch(X, R, weight, eps):
    import torch

    return torch.nn.functional.rms_norm(X + R, X.shape[-1:], weight, eps=eps)


def rounding(inputs, expected, point):
    plain = scaled(inputs["X"] + inputs["R"], point["eps"])
    return affine(plain, expected, inputs["weight"])


SPEC = by_rows(
    NORMED,
    summary="Y = weight s / sqrt(mean(s^2) + eps) over each row of s = X + R",
    function="fused_add_rms_norm_weight_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "X": Array(*NORMED.shape, values=rows(means=0.1, stds=100.0)),
        "R": Array(*NORMED.shape, values=rows(means=0.1, stds=100.0)),
        "weight": Array("cols", values=normal(mean=1.0, std=0.5)),
    },
    outputs={"Y": Array(*NORMED.shape)},
    scalars={"D": Scalar("uint32", "cols")},
    parameters={"eps": EPSILON},
    flops=7,
    chunked=("X", "R"),
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sum"),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="fused_add_rms_norm",
)
