"""transpose_2d: a matrix written with rows and columns exchanged."""

import numpy as np

from harness.spec import (
    FINITE_SPECIAL,
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    exact,
    mixture,
)


def reference(A):
    import mlx.core as mx

    return mx.contiguous(mx.transpose(A))


def oracle(A):
    return A.T


def in_numpy(A):
    return np.ascontiguousarray(A.T)


def in_torch(A):
    return A.T.contiguous()


def cost(point):
    return Cost(flops=0, bytes=8 * point["rows"] * point["cols"])


SPEC = KernelSpec(
    summary="B = A transposed, as a copy",
    function="transpose_2d_f32",
    reference=reference,
    oracle=oracle,
    inputs={"A": Array("rows", "cols", values=mixture(special=FINITE_SPECIAL))},
    outputs={"B": Array("cols", "rows")},
    scalars={"M": Scalar("uint32", "rows"), "N": Scalar("uint32", "cols")},
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 16)}),
    sizes=Sizes(
        published={"rows": 1024, "cols": 2048},
        large={"rows": 4096, "cols": 8192},
        check=[
            {"rows": 1, "cols": 1},
            {"rows": 1, "cols": 257},
            {"rows": 33, "cols": 65},
            {"rows": 131, "cols": 127},
            {"rows": 64, "cols": 192},
        ],
    ),
    tolerance=exact(),
    cost=cost,
    schedule="grid: 256 * ceil_div(rows, 64) * ceil_div(cols, 64) 1 1\nthreadgroup: 256 1 1",
    numpy_form=in_numpy,
    torch_form=in_torch,
    published_tolerance=(0.0, 0.0),
    notes="MLX's transpose is a view that moves nothing; the baseline is the copy that has the "
    "kernel's effect.",
)
