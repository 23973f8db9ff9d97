"""argmax_index: the index of the first maximum of each row, as an integer."""

import numpy as np

from harness.spec import Array, Scalar, exact, normal
from harness.spec_rows import REDUCED, by_rows


def with_ties(rng, shape, point):
    """Normal rows in steps of 1/64, so that most maxima occur again; some special rows."""
    x = np.rint(64 * normal()(rng, shape, point)) / np.float32(64)
    count, cols = shape
    tied = np.flatnonzero(rng.random(count) < 0.75)
    x[tied, rng.integers(cols, size=tied.size)] = x[tied].max(axis=-1)
    if count >= 8:
        lowest, constant, last, sparse = rng.choice(count, size=4, replace=False)
        x[lowest] = -np.inf
        x[constant] = x[constant, 0]
        x[last, -1] = x[last].max() + 1
        x[sparse] = -np.inf
        x[sparse, rng.integers(cols)] = -1e30
    return x


def reference(x):
    import mlx.core as mx

    return mx.argmax(x, axis=-1).astype(mx.int32)


def oracle(x):
    return np.argmax(x, axis=-1)


def in_numpy(x):
    return np.argmax(x, axis=-1).astype(np.int32)


def in_torch(x):
    import torch

    return torch.argmax(x, dim=-1).to(torch.int32)


SPEC = by_rows(
    REDUCED,
    summary="out = index of the first maximum of each row, as int32",
    function="argmax_index_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array(*REDUCED.shape, values=with_ties)},
    outputs={"out": Array("rows", dtype="int32")},
    scalars={"C": Scalar("uint32", "cols")},
    flops=1,
    tolerance=exact(),
    numpy_form=in_numpy,
    torch_form=in_torch,
    corrects="argmax",
    notes="Of equal maxima the lowest index wins; a row of -inf gives 0. NaN does not occur.",
)
