"""top_k: the k largest values of each row, largest first."""

from dataclasses import replace

import numpy as np

from harness.spec import Array, Cost, Domain, Range, Scalar, Sizes, exact, normal
from harness.spec_rows import REDUCED, by_rows

SIZES = Sizes(
    published={"rows": 1024, "cols": 1024, "k": 16},
    large={"rows": 16384, "cols": 4096},
    check=[
        {"rows": 1, "cols": 1, "k": 1},
        {"rows": 9, "cols": 33, "k": 32},
        {"rows": 33, "cols": 37, "k": 5},
        {"rows": 17, "cols": 1000, "k": 17},
        {"rows": 5, "cols": 5003, "k": 16},
    ],
)


def with_duplicates(rng, shape, point):
    """Normal rows of which half are in steps of 1/4; one row descends, one is constant."""
    x = normal(std=2.0)(rng, shape, point)
    coarse = rng.random(len(x)) < 0.5
    x[coarse] = np.round(4 * x[coarse]) / 4
    if len(x) >= 8:
        descending, constant, lowest = rng.choice(len(x), size=3, replace=False)
        x[descending] = -np.sort(-x[descending])
        x[constant] = x[constant, 0]
        x[lowest] = -np.inf
        x[lowest, rng.integers(shape[1])] = -1e30
    return x


def reference(x, k):
    import mlx.core as mx

    return -mx.sort(-mx.topk(x, int(k), axis=-1), axis=-1)


def oracle(x, k):
    cols = x.shape[-1]
    chosen = np.partition(x, cols - int(k), axis=-1)[:, cols - int(k) :]
    return np.sort(chosen, axis=-1)[:, ::-1]


def in_torch(x, k):
    import torch

    return torch.topk(x, int(k), dim=-1).values


def cost(point):
    rows, cols, k = point["rows"], point["cols"], point["k"]
    # One comparison an element at least; the published count is k times that.
    return Cost(flops=rows * cols * k, bytes=4 * rows * (cols + k))


SPEC = replace(
    by_rows(
        replace(REDUCED, sizes=SIZES),
        summary="y = the k largest elements of each row, descending",
        function="top_k_f32",
        reference=reference,
        oracle=oracle,
        inputs={"x": Array("rows", "cols", values=with_duplicates)},
        outputs={"y": Array("rows", "k")},
        scalars={"C": Scalar("uint32", "cols"), "k": Scalar("uint32", "k")},
        flops=1,
        tolerance=exact(),
        numpy_form=oracle,
        torch_form=in_torch,
        published_tolerance=(0.0, 0.0),
        notes="Half of the rows hold many equal values, one nothing but -inf and -1e30. Which of "
        "equal values is meant shows only in top_k_indices.",
    ),
    domain=Domain(
        {"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16), "k": Range(1, 32)}, ("k <= cols",)
    ),
    cost=cost,
    ranked=False,
    unranked_reason="values alone are returned, no indices; top_k_indices ranks",
)
