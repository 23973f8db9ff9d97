"""mha_attention: multi-head attention with its four projections, no mask."""

import numpy as np

from harness.spec import (
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    attention,
    heads,
    joined,
    normal,
    relative_l2,
)
from harness.spec_products import weights


def reference(x, wq, wk, wv, wo, H, scale):
    import mlx.core as mx

    q, k, v = (mx.moveaxis((x @ w).reshape(len(x), int(H), -1), 1, 0) for w in (wq, wk, wv))
    found = mx.softmax((q * scale) @ mx.swapaxes(k, 1, 2), axis=-1) @ v
    return mx.moveaxis(found, 0, 1).reshape(x.shape) @ wo


def in_fast(x, wq, wk, wv, wo, H, scale):
    import mlx.core as mx

    parts = (mx.moveaxis((x @ w).reshape(1, len(x), int(H), -1), 2, 1) for w in (wq, wk, wv))
    found = mx.fast.scaled_dot_product_attention(*parts, scale=scale)
    return mx.moveaxis(found[0], 0, 1).reshape(x.shape) @ wo


def oracle(x, wq, wk, wv, wo, H, scale):
    parts = zip(*(heads(x @ w, int(H)) for w in (wq, wk, wv)), strict=True)
    return joined(np.stack([attention(q, k, v, scale) for q, k, v in parts])) @ wo


def in_torch(x, wq, wk, wv, wo, H, scale):
    import torch

    parts = ((x @ w).reshape(len(x), int(H), -1).transpose(0, 1) for w in (wq, wk, wv))
    found = torch.nn.functional.scaled_dot_product_attention(*parts, scale=scale)
    return found.transpose(0, 1).reshape(x.shape) @ wo


def cost(point):
    s, d = point["S"], point["H"] * point["D_head"]
    return Cost(flops=8 * s * d * d + 4 * s * s * d, bytes=4 * (2 * s * d + 4 * d * d))


_WEIGHT = Array("H * D_head", "H * D_head", values=weights("H * D_head"))
# Scores spread over several units, so that the softmax is neither flat nor one-hot.
_SHARP = Array("H * D_head", "H * D_head", values=weights("H * D_head", gain=1.5))

SPEC = KernelSpec(
    summary="y = concat of heads softmax(scale * q @ k^T) @ v, times wo; q, k, v = x @ wq, wk, wv",
    function="mha_attention_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "x": Array("S", "H * D_head", values=normal()),
        "wq": _SHARP,
        "wk": _SHARP,
        "wv": _WEIGHT,
        "wo": _WEIGHT,
    },
    outputs={"y": Array("S", "H * D_head")},
    scalars={
        "S": Scalar("uint32", "S"),
        "D": Scalar("uint32", "H * D_head"),
        "H": Scalar("uint32", "H"),
        "D_head": Scalar("uint32", "D_head"),
        "scale": Scalar("float32", "scale"),
    },
    domain=Domain(
        {
            "S": Range(1, 2048),
            "H": Range(1, 16),
            "D_head": Range(1, 128),
            "scale": Range(0.05, 0.3),
        }
    ),
    sizes=Sizes(
        published={"S": 32, "H": 4, "D_head": 32, "scale": 0.1767766953},
        large={"S": 1024, "H": 8, "D_head": 64, "scale": 0.125},
        check=[
            {"S": 1, "H": 1, "D_head": 1},
            {"S": 17, "H": 3, "D_head": 11},
            {"S": 70, "H": 2, "D_head": 40},
            {"S": 33, "H": 1, "D_head": 128},
            {"S": 64, "H": 4, "D_head": 16},
        ],
    ),
    tolerance=relative_l2(1e-5),
    cost=cost,
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-2, 1e-2),
    notes="The published dispatch is a single threadgroup.",
)
