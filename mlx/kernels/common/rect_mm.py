"""rect_mm: a matrix product in float32 of matrices that are far from square."""

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
from harness.spec_products import CHECK, weights


def reference(A, B):
    return A @ B


def oracle(A, B):
    return A @ B


def cost(point):
    m, n, k = point["M"], point["N"], point["K"]
    return Cost(flops=2 * m * n * k, bytes=4 * (m * k + k * n + m * n))


SPEC = KernelSpec(
    summary="C = A @ B",
    function="rect_matmul_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "A": Array("M", "K", values=normal()),
        "B": Array("K", "N", values=weights("K")),
    },
    outputs={"C": Array("M", "N")},
    scalars={name: Scalar("uint32", name) for name in ("M", "N", "K")},
    domain=Domain({"M": Range(1, 4096), "N": Range(1, 4096), "K": Range(1, 8192)}),
    sizes=Sizes(
        published={"M": 1024, "N": 2048, "K": 4096},
        # More tiles than at the published size, less of K: four times cheaper for MLX on a CPU.
        large={"M": 3072, "N": 1536, "K": 512},
        check=CHECK,
    ),
    tolerance=calibrated("product"),
    cost=cost,
    schedule="grid: 256 * ceil_div(N, 64) ceil_div(M, 64) 1\nthreadgroup: 256 1 1",
    numpy_form=reference,
    torch_form=reference,
    published_tolerance=(1e-3, 1e-3),
)
