"""embedding_lookup: rows of a table, picked by integer index."""

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


def reference(indices, table):
    import mlx.core as mx

    return mx.take(table, indices, axis=0)


def oracle(indices, table):
    return table[indices]


def in_torch(indices, table):
    import torch

    return torch.nn.functional.embedding(indices, table)


def cost(point):
    rows, width = point["S"], point["D"]
    return Cost(flops=0, bytes=4 * (rows + 2 * rows * width))


SPEC = KernelSpec(
    summary="y[s] = table[indices[s]]",
    function="embedding_lookup_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "indices": Array("S", dtype="int32", values=integers(0, "V")),
        "table": Array("V", "D", values=normal()),
    },
    outputs={"y": Array("S", "D")},
    scalars={name: Scalar("uint32", name) for name in ("S", "V", "D")},
    domain=Domain({"S": Range(1, 1 << 18), "V": Range(1, 1 << 20), "D": Range(1, 4096)}),
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
    schedule="grid: ceil_div(D, 4) S 1\nthreadgroup: 32 8 1",
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="embedding",
    notes="Indices cover the whole table, with repeats and both ends. Bytes count the rows that "
    "are gathered, not the table.",
)
