"""qkv_heads: queries, keys and values of all heads from one biased product."""

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
from harness.spec_products import weights


def reference(X, W, Bias, H):
    import mlx.core as mx

    z = mx.addmm(Bias, X, W).reshape(len(X), 3, int(H), -1)
    return mx.contiguous(z.transpose(1, 2, 0, 3))


def split(z, count):
    return z.reshape(len(z), 3, int(count), -1).transpose(1, 2, 0, 3)


def oracle(X, W, Bias, H):
    return split(X @ W + Bias, H)


def in_torch(X, W, Bias, H):
    import torch

    z = torch.addmm(Bias, X, W).reshape(len(X), 3, int(H), -1)
    return z.permute(1, 2, 0, 3).contiguous()


def in_float32(X, W, Bias, H):
    return split(blocked_product(X, W) + Bias, H)


def terms(inputs, expected, point):
    """The sum of the absolute terms of every element."""
    sizes = np.abs(inputs["X"]) @ np.abs(inputs["W"]) + np.abs(inputs["Bias"])
    return split(sizes, point["H"])


def cost(point):
    s, d, n = point["S"], point["D"], 3 * point["H"] * point["D_head"]
    return Cost(flops=2 * s * n * d + s * n, bytes=4 * (s * d + d * n + n + s * n))


SPEC = KernelSpec(
    summary="Y[p, h, s] = columns of head h of part p (query, key, value) of row s of X @ W + Bias",
    function="qkv_heads_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "X": Array("S", "D", values=normal()),
        "W": Array("D", "3 * H * D_head", values=weights("D")),
        "Bias": Array("3 * H * D_head", values=normal()),
    },
    outputs={"Y": Array(3, "H", "S", "D_head")},
    scalars={name: Scalar("uint32", name) for name in ("S", "D", "H", "D_head")},
    domain=Domain(
        {
            "S": Range(1, 4096),
            "D": Range(1, 4096),
            "H": Range(1, 32),
            "D_head": Range(1, 128),
        }
    ),
    sizes=Sizes(
        published={"S": 128, "D": 512, "H": 4, "D_head": 16},
        large={"S": 2048, "D": 512, "H": 8, "D_head": 64},
        check=[
            {"S": 1, "D": 1, "H": 1, "D_head": 1},
            {"S": 65, "D": 33, "H": 3, "D_head": 11},
            {"S": 17, "D": 52, "H": 2, "D_head": 40},
            {"S": 70, "D": 64, "H": 1, "D_head": 30},
        ],
    ),
    tolerance=calibrated(in_float32, scale=terms),
    cost=cost,
    schedule="grid: 256 * ceil_div(3 * H * D_head, 64) ceil_div(S, 64) 1\nthreadgroup: 256 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    corrects="fused_qkv_projection",
)
