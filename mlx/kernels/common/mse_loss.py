"""mse_loss: the mean squared difference of two tensors."""

import numpy as np

from harness.spec import EPS, Array, Scalar, blocks, elementwise
from harness.spec_rows import PAIRED, by_rows


def reference(pred, target):
    import mlx.core as mx

    # By rows first: one long float32 sum on a CPU is off by more than a hundredth.
    return mx.mean(mx.mean(mx.square(pred - target), axis=-1)).reshape(1)


def in_one_mean(pred, target):
    import mlx.core as mx

    return mx.mean(mx.square(pred - target)).reshape(1)


def oracle(pred, target):
    difference = (pred - target).reshape(-1)
    return (np.dot(difference, difference) / difference.size).reshape(1)


def in_torch(pred, target):
    import torch

    return torch.nn.functional.mse_loss(pred, target).reshape(1)


def rounding(inputs, expected, point):
    """16 eps: all terms are positive; one sum gives no error to calibrate on."""
    return 16 * EPS * expected


SPEC = by_rows(
    PAIRED,
    summary="out = mean of (pred - target)^2 over everything",
    function="mse_loss_f32",
    reference=reference,
    forms={"one mean": in_one_mean},
    oracle=oracle,
    inputs={
        "pred": Array(*PAIRED.shape, values=blocks(means=1.0)),
        "target": Array(*PAIRED.shape, values=blocks(means=1.0)),
    },
    outputs={"out": Array(1)},
    scalars={"N": Scalar("uint32", "rows * cols")},
    flops=3,
    chunked=(),
    tolerance=elementwise(rounding, "16 eps of the result"),
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    ranked=False,
    unranked_reason="one number is returned: squares in half precision, or a part of the input "
    "left out, can fall within its bound by luck; mse_loss_samples returns one a sample",
    notes="The mean differs from block to block, so that no part of the input stands for the "
    "whole. The published dispatch is a single threadgroup.",
)
