"""l2_norm: the Euclidean length of each row."""

import numpy as np

from harness.spec import Array, Scalar, blocked_sum, calibrated, rows
from harness.spec_rows import REDUCED, by_rows


def reference(x):
    import mlx.core as mx

    return mx.sqrt(mx.sum(mx.square(x), axis=-1))


def in_linalg(x):
    import mlx.core as mx

    return mx.linalg.norm(x, axis=-1)


def oracle(x):
    return np.sqrt(np.square(x).sum(axis=-1))


def in_numpy(x):
    return np.linalg.norm(x, axis=-1)


def in_torch(x):
    import torch

    return torch.linalg.vector_norm(x, dim=-1)


def by_lanes(x):
    return np.sqrt(blocked_sum(np.square(x)))


SPEC = by_rows(
    REDUCED,
    summary="y = sqrt(sum of x^2) over each row",
    function="l2_norm_f32",
    reference=reference,
    forms={"mx.linalg.norm": in_linalg},
    oracle=oracle,
    inputs={"x": Array(*REDUCED.shape, values=rows(means=3.0, stds=10.0))},
    outputs={"y": Array("rows")},
    scalars={"N": Scalar("uint32", "cols")},
    flops=3,
    # A few rows may be summed by luck: 10 eps of the result at least.
    tolerance=calibrated(by_lanes, scale=lambda inputs, expected, point: 5 * expected),
    numpy_form=in_numpy,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="No row is so small or so large that a square leaves the range of float32.",
)
