"""masked_softmax: softmax over the last axis under an additive mask."""

import numpy as np

from harness.spec import Array, Scalar, relative, rows, softmax
from harness.spec_rows import NORMED, by_rows


def zero_or_minus_inf(rng, shape, point):
    """Half of the rows causal, the others of random density; the last keeps one element.

    Every row keeps one: softmax of nothing is not defined.
    """
    count, width = shape
    columns = np.arange(width, dtype=np.float32)
    causal = np.floor(np.arange(count) * (width / count)).astype(np.float32)
    kept = columns <= causal[:, None]
    dense = rng.random(count) < 0.5
    share = rng.random((int(dense.sum()), 1), dtype=np.float32)
    kept[dense] = rng.random((int(dense.sum()), width), dtype=np.float32) < share
    if count > 1:
        kept[-1] = False
    kept[np.arange(count), rng.integers(width, size=count)] = True
    mask = np.zeros(shape, dtype=np.float32)
    mask[~kept] = -np.inf
    return mask


def reference(X, M):
    import mlx.core as mx

    return mx.softmax(X + M, axis=-1)


def oracle(X, M):
    return softmax(X + M)


def in_torch(X, M):
    import torch

    return torch.softmax(X + M, dim=-1)


def small_beside_row(inputs, expected, point):
    return 1e-7 * np.abs(expected).max(axis=-1, keepdims=True)


SPEC = by_rows(
    NORMED,
    summary="Y = softmax(X + M) over each row",
    function="masked_softmax_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "X": Array(*NORMED.shape, values=rows(means=10.0, stds=3.0)),
        "M": Array(*NORMED.shape, values=zero_or_minus_inf),
    },
    outputs={"Y": Array(*NORMED.shape)},
    scalars={"C": Scalar("uint32", "cols")},
    flops=6,
    # A fast exponential misses 3 + |2x| ulp; where that is more than 1e-5, exp(x) is below 1e-7.
    tolerance=relative(1e-5, absolute=small_beside_row),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-4, 1e-4),
    notes="The mask is 0 or -inf: causal rows, rows of every density, one with a single element "
    "left. No row is masked as a whole.",
)
