"""mse_loss_samples: the mean squared difference of every sample."""

import numpy as np

from harness.spec import Array, Range, Scalar, Sizes, blocked_sum, blocks, calibrated
from harness.spec_pointwise import Form
from harness.spec_rows import by_rows

FORM = Form(
    ranges={"batch": Range(1, 1 << 16), "length": Range(1, 1 << 18)},
    sizes=Sizes(
        published={"batch": 1024, "length": 1024},
        large={"batch": 2048, "length": 16384},
        check=[
            {"batch": 1, "length": 1},
            {"batch": 37, "length": 31},
            {"batch": 33, "length": 1000},
            {"batch": 17, "length": 40_009},
        ],
    ),
    schedule="grid: 256 batch 1\nthreadgroup: 256 1 1",
)


def reference(pred, target):
    import mlx.core as mx

    return mx.mean(mx.square(pred - target), axis=-1)


def oracle(pred, target):
    return np.mean(np.square(pred - target), axis=-1)


def in_torch(pred, target):
    return (pred - target).square().mean(dim=-1)


def by_lanes(pred, target, length):
    return blocked_sum(np.square(pred - target)) / np.float32(length)


SPEC = by_rows(
    FORM,
    summary="out = mean of (pred - target)^2 over each row",
    function="mse_loss_samples_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "pred": Array(*FORM.shape, values=blocks(means=1.0)),
        "target": Array(*FORM.shape, values=blocks(means=1.0)),
    },
    outputs={"out": Array("batch")},
    scalars={"L": Scalar("uint32", "length")},
    flops=3,
    # A few rows may be summed by luck: 16 eps of the result at least.
    tolerance=calibrated(by_lanes, scale=lambda inputs, expected, point: 8 * expected),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="mse_loss",
    notes="The mean differs from block to block, so that no part of a sample stands for it.",
)
