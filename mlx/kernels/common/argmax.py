"""argmax over the last axis; of equal maxima the lowest index wins."""

import numpy as np

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    exact,
    normal,
)


def with_ties(rng, shape, point):
    """Normal rows whose maximum occurs a second time, most of them; some special rows."""
    x = normal()(rng, shape, point)
    rows, cols = shape
    tied = np.flatnonzero(rng.random(rows) < 0.75)
    x[tied, rng.integers(cols, size=tied.size)] = x[tied].max(axis=-1)
    if rows >= 8:
        lowest, constant, last, sparse = rng.choice(rows, size=4, replace=False)
        x[lowest] = -np.inf
        x[constant] = x[constant, 0]
        x[last, -1] = x[last].max() + 1
        x[sparse] = -np.inf
        x[sparse, rng.integers(cols)] = -1e30
    return x


def reference(x):
    import mlx.core as mx

    return mx.argmax(x, axis=-1).astype(mx.float32)


def oracle(x):
    return np.argmax(x, axis=-1).astype(np.float64)


def in_numpy(x):
    return np.argmax(x, axis=-1).astype(np.float32)


def in_torch(x):
    import torch

    return torch.argmax(x, dim=-1).to(torch.float32)


def cost(point):
    rows, cols = point["rows"], point["cols"]
    return Cost(flops=rows * cols, bytes=4 * (rows * cols + rows))


SPEC = KernelSpec(
    summary="out = index of the first maximum of each row, as a float",
    function="argmax_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array("rows", "cols", values=with_ties)},
    outputs={"out": Array("rows")},
    scalars={"C": Scalar("uint32", "cols")},
    # float32 counts to 2^24, far above the longest row.
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 18)}),
    sizes=Sizes(
        published={"rows": 1024, "cols": 1024},
        large={"rows": 16384, "cols": 4096},
        check=[
            {"rows": 1, "cols": 1},
            {"rows": 9, "cols": 3},
            {"rows": 33, "cols": 37},
            {"rows": 127, "cols": 1000},
            {"rows": 11, "cols": 1025},
        ],
    ),
    tolerance=exact(),
    cost=cost,
    schedule="grid: 1024 rows 1\nthreadgroup: 1024 1 1",
    numpy_form=in_numpy,
    torch_form=in_torch,
    chunked=("x",),
    published_tolerance=(0.0, 0.0),
    notes="A row of -inf gives 0. NaN does not occur: Metal's default math mode assumes there is "
    "none. The published ABI returns the index as a float.",
    ranked=False,
    unranked_reason="the index is returned as a float; argmax_index ranks",
)
