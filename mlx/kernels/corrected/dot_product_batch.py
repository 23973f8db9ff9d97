"""dot_product_batch: the inner products of many pairs of vectors."""

import numpy as np

from harness.spec import Array, Range, Scalar, Sizes, blocked_sum, blocks, calibrated
from harness.spec_pointwise import Form
from harness.spec_rows import by_rows

FORM = Form(
    ranges={"batch": Range(1, 1 << 16), "length": Range(1, 1 << 18)},
    sizes=Sizes(
        published={"batch": 1024, "length": 16384},
        large={"batch": 2048},
        check=[
            {"batch": 1, "length": 1},
            {"batch": 37, "length": 31},
            {"batch": 33, "length": 1000},
            {"batch": 17, "length": 40_009},
        ],
    ),
    schedule="grid: 256 batch 1\nthreadgroup: 256 1 1",
)


def reference(x, y):
    import mlx.core as mx

    return mx.sum(x * y, axis=-1)


def in_matmul(x, y):
    return (x[:, None, :] @ y[:, :, None])[:, 0, 0]


def oracle(x, y):
    return np.einsum("bl,bl->b", x, y)


def in_torch(x, y):
    import torch

    return torch.linalg.vecdot(x, y)


def by_lanes(x, y):
    return blocked_sum(x * y)


def size_of_terms(inputs, expected, point):
    """6 of the sum of absolute terms, because a few rows may be summed by luck: 12 eps at least."""
    return 6 * np.einsum("bl,bl->b", np.abs(inputs["x"]), np.abs(inputs["y"]), dtype=np.float64)


SPEC = by_rows(
    FORM,
    summary="out = sum of x y over each row",
    function="dot_product_batch_f32",
    reference=reference,
    forms={"matmul": in_matmul},
    oracle=oracle,
    inputs={
        "x": Array(*FORM.shape, values=blocks(means=1.0)),
        "y": Array(*FORM.shape, values=blocks(means=1.0)),
    },
    outputs={"out": Array("batch")},
    scalars={"L": Scalar("uint32", "length")},
    flops=2,
    tolerance=calibrated(by_lanes, scale=size_of_terms),
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="dot_product",
    notes="Vectors of the published length, as many as make the answer more than one number. The "
    "mean differs from block to block, so that no part of a vector stands for the whole.",
)
