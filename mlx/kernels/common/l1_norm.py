"""l1_norm: the sum of absolute values over the last axis."""

import numpy as np

from harness.spec import Array, Scalar, blocked_sum, calibrated, rows
from harness.spec_rows import REDUCED, by_rows


def reference(x):
    import mlx.core as mx

    return mx.sum(mx.abs(x), axis=-1)


def in_linalg(x):
    import mlx.core as mx

    return mx.linalg.norm(x, ord=1, axis=-1)


def oracle(x):
    return np.abs(x).sum(axis=-1)


def in_torch(x):
    import torch

    return torch.linalg.vector_norm(x, ord=1, dim=-1)


def by_lanes(x):
    return blocked_sum(np.abs(x))


SPEC = by_rows(
    REDUCED,
    summary="y = sum of |x| over each row",
    function="l1_norm_f32",
    reference=reference,
    forms={"mx.linalg.norm": in_linalg},
    oracle=oracle,
    inputs={"x": Array(*REDUCED.shape, values=rows(means=3.0, stds=10.0))},
    outputs={"y": Array("rows")},
    scalars={"N": Scalar("uint32", "cols")},
    flops=2,
    # A few rows may be summed by luck: 16 eps of the result at least.
    tolerance=calibrated(by_lanes, scale=lambda inputs, expected, point: 8 * expected),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
