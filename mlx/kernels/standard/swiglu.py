"""swiglu: a gated pair of matrix products, silu(X @ Wg) * (X @ Wu)."""

import numpy as np

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    blocked_product,
    calibrated,
    normal,
)


def silu(z):
    return z / (1 + np.exp(-z))


def reference(X, Wg, Wu):
    import mlx.core as mx

    gate = X @ Wg
    return gate * mx.sigmoid(gate) * (X @ Wu)


def oracle(X, Wg, Wu):
    return silu(X @ Wg) * (X @ Wu)


def in_torch(X, Wg, Wu):
    import torch

    return torch.nn.functional.silu(X @ Wg) * (X @ Wu)


def swiglu_float32(X, Wg, Wu):
    return silu(blocked_product(X, Wg)) * blocked_product(X, Wu)


def error_scale(inputs, expected, point):
    """How far the output moves when both products move by the sum of their absolute terms."""
    x, gate, up = (inputs[name] for name in ("X", "Wg", "Wu"))
    size = np.abs(x)
    moved_gate = np.abs(x @ up) * (size @ np.abs(gate))
    return moved_gate + np.abs(silu(x @ gate)) * (size @ np.abs(up))


def cost(point):
    m, n, k = point["M"], point["N"], point["K"]
    return Cost(flops=4 * m * n * k + 5 * m * n, bytes=4 * (m * k + 2 * k * n + m * n))


_WEIGHTS = normal(std=lambda point: point["K"] ** -0.5)

SPEC = KernelSpec(
    summary="Y = silu(X @ Wg) * (X @ Wu)",
    function="swiglu_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "X": Array("M", "K", values=normal()),
        "Wg": Array("K", "N", values=_WEIGHTS),
        "Wu": Array("K", "N", values=_WEIGHTS),
    },
    outputs={"Y": Array("M", "N")},
    scalars={name: Scalar("uint32", name) for name in ("M", "N", "K")},
    domain=Domain({"M": Range(1, 2048), "N": Range(1, 4096), "K": Range(1, 4096)}),
    sizes=Sizes(
        published={"M": 256, "N": 256, "K": 256},
        large={"M": 512, "N": 2816, "K": 1024},
        check=[
            {"M": 1, "N": 1, "K": 1},
            {"M": 33, "N": 65, "K": 31},
            {"M": 65, "N": 129, "K": 67},
            {"M": 70, "N": 68, "K": 1},
            {"M": 64, "N": 128, "K": 36},
        ],
    ),
    tolerance=calibrated(swiglu_float32, scale=error_scale),
    cost=cost,
    schedule="grid: round_up(M * N, 256) 1 1\nthreadgroup: 256 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="The published dispatch launches one thread an element; a tiled kernel leaves most of "
    "its threadgroups idle.",
)
