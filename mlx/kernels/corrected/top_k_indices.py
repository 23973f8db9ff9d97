"""top_k_indices: the k largest values of each row and where they stand."""

from dataclasses import replace

import numpy as np

from harness.spec import Array, Cost, Domain, Range, Scalar, Sizes, exact, normal
from harness.spec_rows import REDUCED, by_rows

SIZES = Sizes(
    published={"rows": 1024, "cols": 1024, "k": 16},
    large={"rows": 8192, "cols": 4096},
    check=[
        {"rows": 1, "cols": 3, "k": 2},
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
        descending, constant = rng.choice(len(x), size=2, replace=False)
        x[descending] = -np.sort(-x[descending])
        x[constant] = x[constant, 0]
    return x


def reference(x, k):
    import mlx.core as mx

    # Integers in the order of the values, then of the columns backwards: no two of a row are equal,
    # so that a selection that promises no order among equals can be used.
    cols = x.shape[-1]
    bits = (x + 0.0).view(mx.int32)
    rising = mx.bitwise_xor(bits, mx.bitwise_and(mx.right_shift(bits, 31), 0x7FFFFFFF))
    keys = rising.astype(mx.int64) * (1 << 32) + (cols - 1 - mx.arange(cols, dtype=mx.int64))
    best = -mx.sort(-mx.topk(keys, int(k), axis=-1), axis=-1)
    order = (cols - 1 - mx.bitwise_and(best, 0xFFFFFFFF)).astype(mx.int32)
    return mx.take_along_axis(x, order, axis=-1), order


def in_argsort(x, k):
    import mlx.core as mx

    order = mx.argsort(-x, axis=-1)[:, : int(k)]
    return mx.take_along_axis(x, order, axis=-1), order.astype(mx.int32)


def oracle(x, k):
    order = np.argsort(-x, axis=-1, kind="stable")[:, : int(k)]
    return np.take_along_axis(x, order, axis=-1), order


def cost(point):
    rows, cols, k = point["rows"], point["cols"], point["k"]
    return Cost(flops=rows * cols * k, bytes=4 * rows * (cols + 2 * k))


SPEC = replace(
    by_rows(
        replace(REDUCED, sizes=SIZES),
        summary="values = the k largest of each row, descending; indices = where they stand",
        function="top_k_indices_f32",
        reference=reference,
        forms={"mx.argsort": in_argsort},
        oracle=oracle,
        inputs={"x": Array("rows", "cols", values=with_duplicates)},
        outputs={"values": Array("rows", "k"), "indices": Array("rows", "k", dtype="int32")},
        scalars={"C": Scalar("uint32", "cols"), "k": Scalar("uint32", "k")},
        flops=1,
        tolerance=exact(),
        corrects="top_k",
        notes="Of equal values the one with the lower index comes first; half of the rows hold "
        "many. `large` is half of top_k's, because MLX needs keys of eight bytes.",
    ),
    domain=Domain(
        {"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16), "k": Range(1, 32)}, ("k <= cols",)
    ),
    cost=cost,
)
