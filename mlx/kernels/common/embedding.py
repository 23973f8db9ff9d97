"""embedding: rows of a table, picked by index."""

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
    integers,
    normal,
)


def whole_numbers(rng, shape, point):
    """Uniform over the whole table, first and last row included; the published ABI has floats."""
    return integers(0, "V")(rng, shape, point).astype(np.float32)


def reference(indices, table):
    import mlx.core as mx

    return mx.take(table, indices.astype(mx.int32), axis=0)


def oracle(indices, table):
    return table[indices.astype(np.int64)]


def in_torch(indices, table):
    import torch

    return torch.nn.functional.embedding(indices.to(torch.int64), table)


def cost(point):
    rows, width = point["S"], point["D"]
    return Cost(flops=0, bytes=4 * (rows + 2 * rows * width))


SPEC = KernelSpec(
    summary="y[s] = table[indices[s]]",
    function="embedding_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "indices": Array("S", values=whole_numbers),
        "table": Array("V", "D", values=normal()),
    },
    outputs={"y": Array("S", "D")},
    scalars={name: Scalar("uint32", name) for name in ("S", "V", "D")},
    # float32 counts to 2^24, far above the largest table.
    domain=Domain({"S": Range(1, 1 << 18), "V": Range(1, 1 << 18), "D": Range(1, 4096)}),
    sizes=Sizes(
        published={"S": 1024, "V": 4096, "D": 128},
        large={"S": 65536, "V": 65536, "D": 512},
        check=[
            {"S": 1, "V": 1, "D": 1},
            {"S": 1, "V": 97, "D": 33},
            {"S": 257, "V": 101, "D": 30},
            {"S": 1031, "V": 333, "D": 36},
        ],
    ),
    tolerance=exact(),
    cost=cost,
    schedule="grid: 65536 1 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(0.0, 0.0),
    notes="Bytes count the rows that are gathered, not the table. Indices are whole numbers held "
    "in floats, as published. No scalar carries the grid's size.",
    ranked=False,
    unranked_reason="indices are floats; embedding_lookup ranks",
)
