"""rms_norm_weight: rows divided by their root mean square, times a weight."""

import numpy as np

from harness.spec import Array, Scalar, elementwise, normal, rows
from harness.spec_rows import EPSILON, NORMED, affine, by_rows, scaled


def reference(x, weight, eps):
    import mlx.core as mx

    return x * mx.rsqrt(mx.mean(mx.square(x), axis=-1, keepdims=True) + eps) * weight


def in_fast(x, weight, eps):
    import mlx.core as mx

    return mx.fast.rms_norm(x, weight, eps)


def oracle(x, weight, eps):
    return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + eps) * weight


def in_torch(x, weight, eps):
    import torch

    return torch.nn.functional.rms_norm(x, x.shape[-1:], weight, eps=eps)


def rounding(inputs, expected, point):
    return affine(scaled(inputs["x"], point["eps"]), expected, inputs["weight"])


SPEC = by_rows(
    NORMED,
    summary="y = weight x / sqrt(mean(x^2) + eps) over each row",
    function="rms_norm_weight_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "x": Array(*NORMED.shape, values=rows(means=1.0, stds=100.0)),
        "weight": Array("cols", values=normal(mean=1.0, std=0.5)),
    },
    outputs={"y": Array(*NORMED.shape)},
    scalars={"N": Scalar("uint32", "cols")},
    parameters={"eps": EPSILON},
    flops=6,
    chunked=("x",),
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sum"),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="rms_norm",
)
