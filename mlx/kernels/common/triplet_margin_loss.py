"""triplet_margin_loss: how much nearer the anchor is to the positive than to the negative."""

import numpy as np

from harness.spec import Array, Scalar, blocked_sum, calibrated, rows
from harness.spec_rows import PAIRED, Parameter, by_rows


def reference(a, p, n, margin):
    import mlx.core as mx

    near = mx.sqrt(mx.sum(mx.square(a - p), axis=-1))
    far = mx.sqrt(mx.sum(mx.square(a - n), axis=-1))
    return mx.maximum(near - far + margin, 0.0)


def in_linalg(a, p, n, margin):
    import mlx.core as mx

    near, far = mx.linalg.norm(a - p, axis=-1), mx.linalg.norm(a - n, axis=-1)
    return mx.maximum(near - far + margin, 0.0)


def oracle(a, p, n, margin):
    near = np.sqrt(np.square(a - p).sum(axis=-1))
    far = np.sqrt(np.square(a - n).sum(axis=-1))
    return np.maximum(near - far + margin, 0.0)


def in_torch(a, p, n, margin):
    return ((a - p).norm(dim=-1) - (a - n).norm(dim=-1) + margin).clamp(min=0.0)


def by_lanes(a, p, n, margin):
    near = np.sqrt(blocked_sum(np.square(a - p)))
    far = np.sqrt(blocked_sum(np.square(a - n)))
    return np.maximum(near - far + np.float32(margin), 0)


def size_of_terms(inputs, expected, point):
    """Both distances and the margin: their difference is no more accurate than they are.

    5 of it, because a few rows may be summed by luck: the bound is 10 eps of one at least.
    """
    a, p, n = (inputs[name].astype(np.float64) for name in ("a", "p", "n"))
    near, far = (np.sqrt(np.square(a - other).sum(axis=-1)) for other in (p, n))
    return 5 * (near + far + point["margin"])


SPEC = by_rows(
    PAIRED,
    summary="y = max(|a - p| - |a - n| + margin, 0) over each row",
    function="triplet_margin_loss_f32",
    reference=reference,
    forms={"mx.linalg.norm": in_linalg},
    oracle=oracle,
    inputs={
        "a": Array(*PAIRED.shape, values=rows(means=0.3, stds=2.0, special=False)),
        "p": Array(*PAIRED.shape, values=rows(means=0.5, stds=2.0, special=False)),
        "n": Array(*PAIRED.shape, values=rows(means=0.3, stds=2.0, special=False)),
    },
    outputs={"y": Array("rows")},
    scalars={"D": Scalar("uint32", "cols")},
    parameters={"margin": Parameter(1.0, 0.25, 4.0)},
    flops=6,
    tolerance=calibrated(by_lanes, scale=size_of_terms),
    schedule="grid: 64 rows 1\nthreadgroup: 64 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="About half of the rows keep a loss; the others are zero, as the function has it.",
)
