"""fused_add_rms_norm: the sum of two arrays divided by its root mean square, without weight."""

import numpy as np

from harness.spec import Array, Scalar, elementwise, rows
from harness.spec_rows import EPSILON, NORMED, by_rows, scaled


def reference(X, R, eps):
    import mlx.core as mx

    s = X + R
    return s * mx.rsqrt(mx.mean(mx.square(s), axis=-1, keepdims=True) + eps)


def in_fast(X, R, eps):
    import mlx.core as mx

    return mx.fast.rms_norm(X + R, None, eps)


def oracle(X, R, eps):
    s = X + R
    return s / np.sqrt(np.mean(np.square(s), axis=-1, keepdims=True) + eps)


def in_torch(X, R, eps):
    import torch

    return torch.nn.functional.rms_norm(X + R, X.shape[-1:], eps=eps)


def rounding(inputs, expected, point):
    return scaled(inputs["X"] + inputs["R"], point["eps"])


SPEC = by_rows(
    NORMED,
    summary="Y = s / sqrt(mean(s^2) + eps) over each row of s = X + R",
    function="fused_add_rms_norm_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "X": Array(*NORMED.shape, values=rows(means=0.1, stds=100.0)),
        "R": Array(*NORMED.shape, values=rows(means=0.1, stds=100.0)),
    },
    outputs={"Y": Array(*NORMED.shape)},
    scalars={"D": Scalar("uint32", "cols")},
    parameters={"eps": EPSILON},
    flops=6,
    tolerance=elementwise(rounding, "relative 1e-05 and the rounding of the row's sum"),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="The published ABI has no weight: fused_add_rms_norm_weight has.",
    ranked=False,
    unranked_reason="the weight is not exercised; fused_add_rms_norm_weight ranks",
)
