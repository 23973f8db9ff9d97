"""add_norm: layer normalisation of the sum of two arrays, without scale and shift."""

import numpy as np

from harness.spec import Array, Scalar, elementwise, rows
from harness.spec_rows import EPSILON, NORMED, by_rows, normalised


def reference(x, res, eps):
    import mlx.core as mx

    s = x + res
    mean = mx.mean(s, axis=-1, keepdims=True)
    return (s - mean) * mx.rsqrt(mx.var(s, axis=-1, keepdims=True) + eps)


def in_fast(x, res, eps):
    import mlx.core as mx

    return mx.fast.layer_norm(x + res, None, None, eps)


def oracle(x, res, eps):
    y = x + res
    y -= y.mean(axis=-1, keepdims=True)
    y /= np.sqrt(np.mean(np.square(y), axis=-1, keepdims=True) + eps)
    return y


def in_torch(x, res, eps):
    import torch

    return torch.nn.functional.layer_norm(x + res, x.shape[-1:], eps=eps)


def rounding(inputs, expected, point):
    return normalised(inputs["x"] + inputs["res"], point["eps"])


SPEC = by_rows(
    NORMED,
    summary="y = (s - mean) / sqrt(var + eps) over each row of s = x + res, biased variance",
    function="add_norm_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "x": Array(*NORMED.shape, values=rows(means=10.0, stds=10.0, offset=(100.0, 0.1))),
        "res": Array(*NORMED.shape, values=rows(means=3.0, stds=10.0, offset=(100.0, 0.1))),
    },
    outputs={"y": Array(*NORMED.shape)},
    scalars={"D": Scalar("uint32", "cols")},
    parameters={"eps": EPSILON},
    flops=7,
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sums"),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="The published ABI has no scale and shift: add_norm_affine has.",
    ranked=False,
    unranked_reason="scale and shift are not exercised; add_norm_affine ranks",
)
