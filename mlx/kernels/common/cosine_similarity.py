"""cosine_similarity: the cosine of the angle between two rows."""

import numpy as np

from harness.spec import Array, Scalar, blocked_sum, calibrated, rows
from harness.spec_rows import PAIRED, by_rows

#: Part of the published definition, which binds no scalar for it.
EPS_PRODUCT = 1e-8


def some_faint(rng, shape, point):
    """Rows of all scales; one is zero, and in one of sixteen the added 1e-8 decides."""
    values = rows(means=0.5, stds=10.0)(rng, shape, point)
    if len(values) >= 4:
        faint = rng.random(len(values)) < 1 / 4
        values[faint] *= np.float32(1e-4 * shape[-1] ** -0.5)
        values[rng.integers(len(values))] = 0.0
    return values


def reference(x, y):
    import mlx.core as mx

    dot = mx.sum(x * y, axis=-1)
    lengths = mx.sqrt(mx.sum(x * x, axis=-1)) * mx.sqrt(mx.sum(y * y, axis=-1))
    return dot / (lengths + EPS_PRODUCT)


def in_linalg(x, y):
    import mlx.core as mx

    lengths = mx.linalg.norm(x, axis=-1) * mx.linalg.norm(y, axis=-1)
    return mx.sum(x * y, axis=-1) / (lengths + EPS_PRODUCT)


def oracle(x, y):
    lengths = np.sqrt(np.square(x).sum(axis=-1) * np.square(y).sum(axis=-1))
    return (x * y).sum(axis=-1) / (lengths + EPS_PRODUCT)


def in_torch(x, y):
    lengths = x.norm(dim=-1) * y.norm(dim=-1)
    return (x * y).sum(dim=-1) / (lengths + EPS_PRODUCT)


def by_lanes(x, y):
    lengths = np.sqrt(blocked_sum(x * x)) * np.sqrt(blocked_sum(y * y))
    return blocked_sum(x * y) / (lengths + np.float32(EPS_PRODUCT))


def size_of_terms(inputs, expected, point):
    """The same quotient of absolute terms, above the cosine itself where that cancels.

    12 of it, because a few rows may be summed by luck: the bound is 24 eps of one at least.
    """
    return 12 * oracle(*(np.abs(inputs[name].astype(np.float64)) for name in ("x", "y")))


SPEC = by_rows(
    PAIRED,
    summary="out = sum(x y) / (|x| |y| + 1e-8) over each row",
    function="cosine_similarity_f32",
    reference=reference,
    forms={"mx.linalg.norm": in_linalg},
    oracle=oracle,
    inputs={
        "x": Array(*PAIRED.shape, values=some_faint),
        "y": Array(*PAIRED.shape, values=some_faint),
    },
    outputs={"out": Array("rows")},
    scalars={"D": Scalar("uint32", "cols")},
    flops=5,
    tolerance=calibrated(by_lanes, scale=size_of_terms),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
