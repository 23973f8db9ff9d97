"""batch_mm: a batch of independent matrix products in float32."""

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
from harness.spec_products import weights


def reference(A, B):
    return A @ B


def oracle(A, B):
    return A @ B


def cost(point):
    b, m, n, k = point["B"], point["M"], point["N"], point["K"]
    return Cost(flops=2 * b * m * n * k, bytes=4 * b * (m * k + k * n + m * n))


SPEC = KernelSpec(
    summary="C[b] = A[b] @ B[b]",
    function="batch_matmul_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "A": Array("B", "M", "K", values=normal()),
        "B": Array("B", "K", "N", values=weights("K")),
    },
    outputs={"C": Array("B", "M", "N")},
    scalars={name: Scalar("uint32", name) for name in ("M", "N", "K")},
    domain=Domain(
        {"B": Range(1, 512), "M": Range(1, 1024), "N": Range(1, 1024), "K": Range(1, 1024)}
    ),
    sizes=Sizes(
        published={"B": 128, "M": 128, "N": 512, "K": 256},
        large={"B": 96, "M": 320, "N": 320, "K": 256},
        check=[
            {"B": 1, "M": 1, "N": 1, "K": 1},
            {"B": 3, "M": 127, "N": 65, "K": 33},
            {"B": 5, "M": 65, "N": 30, "K": 131},
            {"B": 2, "M": 70, "N": 68, "K": 1},
            {"B": 2, "M": 64, "N": 128, "K": 36},
        ],
    ),
    tolerance=calibrated("product"),
    cost=cost,
    schedule="grid: 256 * ceil_div(N, 64) B * ceil_div(M, 64) 1\nthreadgroup: 256 1 1",
    numpy_form=reference,
    torch_form=reference,
    chunked=("A", "B"),
    published_tolerance=(1e-3, 1e-3),
)
