"""frobenius_norm_batch: the Euclidean length of many matrices."""

import numpy as np

from harness.spec import Array, Range, Scalar, Sizes, blocked_sum, blocks, calibrated
from harness.spec_pointwise import Form
from harness.spec_rows import by_rows

FORM = Form(
    ranges={"batch": Range(1, 1 << 16), "M": Range(1, 1024), "N": Range(1, 1024)},
    sizes=Sizes(
        published={"batch": 1024, "M": 32, "N": 32},
        large={"batch": 4096, "M": 128, "N": 128},
        check=[
            {"batch": 1, "M": 1, "N": 1},
            {"batch": 37, "M": 3, "N": 11},
            {"batch": 33, "M": 40, "N": 25},
            {"batch": 17, "M": 199, "N": 201},
        ],
    ),
    schedule="grid: 256 batch 1\nthreadgroup: 256 1 1",
)


def reference(x):
    import mlx.core as mx

    return mx.sqrt(mx.sum(mx.square(x), axis=(1, 2)))


def in_linalg(x):
    import mlx.core as mx

    return mx.linalg.norm(x, ord="fro", axis=(1, 2))


def oracle(x):
    return np.sqrt(np.square(x).sum(axis=(1, 2)))


def in_torch(x):
    import torch

    return torch.linalg.matrix_norm(x)


def by_lanes(x):
    return np.sqrt(blocked_sum(np.square(x).reshape(len(x), -1)))


SPEC = by_rows(
    FORM,
    summary="y = sqrt(sum of x^2) over each matrix",
    function="frobenius_norm_batch_f32",
    reference=reference,
    forms={"mx.linalg.norm": in_linalg},
    oracle=oracle,
    inputs={"x": Array(*FORM.shape, values=blocks(means=1.0))},
    outputs={"y": Array("batch")},
    scalars={"M": Scalar("uint32", "M"), "N": Scalar("uint32", "N")},
    flops=2,
    # A few rows may be summed by luck: 10 eps of the result at least.
    tolerance=calibrated(by_lanes, scale=lambda inputs, expected, point: 5 * expected),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="frobenius_norm",
    notes="The mean differs from block to block, so that no part of a matrix stands for it.",
)
