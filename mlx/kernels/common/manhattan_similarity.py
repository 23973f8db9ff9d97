"""manhattan_similarity: the L1 distance of two rows."""

import numpy as np

from harness.spec import Array, Scalar, blocked_sum, calibrated, rows
from harness.spec_rows import PAIRED, by_rows


def reference(x, y):
    import mlx.core as mx

    return mx.sum(mx.abs(x - y), axis=-1)


def oracle(x, y):
    return np.abs(x - y).sum(axis=-1)


def in_torch(x, y):
    return (x - y).abs().sum(dim=-1)


def by_lanes(x, y):
    return blocked_sum(np.abs(x - y))


SPEC = by_rows(
    PAIRED,
    summary="out = sum of |x - y| over each row",
    function="manhattan_similarity_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "x": Array(*PAIRED.shape, values=rows(means=3.0, stds=10.0)),
        "y": Array(*PAIRED.shape, values=rows(means=3.0, stds=10.0)),
    },
    outputs={"out": Array("rows")},
    scalars={"D": Scalar("uint32", "cols")},
    flops=2,
    # A few rows may be summed by luck: 16 eps of the result at least.
    tolerance=calibrated(by_lanes, scale=lambda inputs, expected, point: 8 * expected),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="A distance, although the published name says similarity.",
)
