"""sqr_mm: a matrix product in float32, square at the published size."""

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


def reference(A, B):
    return A @ B


def oracle(A, B):
    return A @ B


def cost(point):
    m, n, k = point["M"], point["N"], point["K"]
    return Cost(flops=2 * m * n * k, bytes=4 * (m * k + k * n + m * n))


SPEC = KernelSpec(
    summary="C = A @ B",
    function="sqr_matmul_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "A": Array("M", "K", values=normal()),
        "B": Array("K", "N", values=normal(std=lambda point: point["K"] ** -0.5)),
    },
    outputs={"C": Array("M", "N")},
    scalars={
        "M": Scalar("uint32", "M"),
        "N": Scalar("uint32", "N"),
        "K": Scalar("uint32", "K"),
    },
    domain=Domain({"M": Range(1, 4096), "N": Range(1, 4096), "K": Range(1, 4096)}),
    sizes=Sizes(
        published={"M": 1024, "N": 1024, "K": 1024},
        large={"M": 2048, "N": 2048, "K": 2048},
        check=[
            {"M": 1, "N": 1, "K": 1},
            {"M": 127, "N": 129, "K": 131},
            {"M": 65, "N": 257, "K": 33},
            {"M": 70, "N": 68, "K": 1},
            {"M": 128, "N": 192, "K": 52},
        ],
    ),
    tolerance=calibrated("product"),
    cost=cost,
    schedule="grid: 256 * ceil_div(N, 64) ceil_div(M, 64) 1\nthreadgroup: 256 1 1",
    numpy_form=reference,
    torch_form=reference,
    published_tolerance=(1e-3, 1e-3),
)
