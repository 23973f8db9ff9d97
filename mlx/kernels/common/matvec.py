"""matvec: a matrix times a vector."""

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    calibrated,
    normal,
)


def reference(A, x):
    return A @ x


def oracle(A, x):
    return A @ x


def cost(point):
    rows, cols = point["rows"], point["cols"]
    return Cost(flops=2 * rows * cols, bytes=4 * (rows * cols + cols + rows))


SPEC = KernelSpec(
    summary="y = A @ x",
    function="matvec_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "A": Array("rows", "cols", values=normal()),
        "x": Array("cols", values=normal(std=lambda point: point["cols"] ** -0.5)),
    },
    outputs={"y": Array("rows")},
    scalars={"N": Scalar("uint32", "cols")},
    domain=Domain({"rows": Range(1, 1 << 16), "cols": Range(1, 1 << 15)}),
    sizes=Sizes(
        published={"rows": 1024, "cols": 1024},
        large={"rows": 32768, "cols": 4096},
        check=[
            {"rows": 1, "cols": 1},
            {"rows": 3, "cols": 37},
            {"rows": 127, "cols": 1000},
            {"rows": 17, "cols": 1028},
            {"rows": 5, "cols": 4099},
        ],
    ),
    tolerance=calibrated("product"),
    cost=cost,
    schedule="grid: 1024 rows 1\nthreadgroup: 1024 1 1",
    numpy_form=reference,
    torch_form=reference,
    chunked=("A",),
    published_tolerance=(1e-3, 1e-3),
)
