"""transformer_block: multi-head attention and a gelu feed-forward, each on layer norms."""

import math

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
    gelu,
    heads,
    joined,
    normal,
    relative_l2,
)
from harness.spec_products import weights


def block(x, W_qkv, W_o, W_ff1, W_ff2, H, eps, fused):
    import mlx.core as mx

    width = x.shape[1] // int(H)
    z = mx.fast.layer_norm(x, None, None, eps) @ W_qkv
    q, k, v = mx.split(z.reshape(1, len(x), -1, width).swapaxes(1, 2), 3, axis=1)
    if fused:
        found = mx.fast.scaled_dot_product_attention(q, k, v, scale=width**-0.5)
    else:
        found = mx.softmax((q * width**-0.5) @ k.swapaxes(2, 3), axis=-1) @ v
    x = x + found[0].swapaxes(0, 1).reshape(x.shape) @ W_o
    z = mx.fast.layer_norm(x, None, None, eps) @ W_ff1
    return x + (z * (1 + mx.erf(z * (1 / math.sqrt(2)))) / 2) @ W_ff2


def reference(x, W_qkv, W_o, W_ff1, W_ff2, H, eps):
    return block(x, W_qkv, W_o, W_ff1, W_ff2, H, eps, fused=False)


def in_fast(x, W_qkv, W_o, W_ff1, W_ff2, H, eps):
    return block(x, W_qkv, W_o, W_ff1, W_ff2, H, eps, fused=True)


def normalised(x, eps):
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + eps)


def oracle(x, W_qkv, W_o, W_ff1, W_ff2, H, eps):
    count = int(H)
    z = heads(normalised(x, eps) @ W_qkv, 3 * count)
    scale = z.shape[-1] ** -0.5
    found = [attention(z[h], z[count + h], z[2 * count + h], scale) for h in range(count)]
    x = x + joined(np.stack(found)) @ W_o
    return x + gelu(normalised(x, eps) @ W_ff1) @ W_ff2


def cost(point):
    s, d, ff = point["S"], point["H"] * point["W"], point["FF"]
    flops = s * (8 * d * d + 4 * s * d + 4 * d * ff)
    return Cost(flops=flops, bytes=4 * (2 * s * d + 4 * d * d + 2 * d * ff))


SPEC = KernelSpec(
    summary="x1 = x + attention(LN(x)); y = x1 + gelu(LN(x1) @ W_ff1) @ W_ff2; D = H * W",
    function="transformer_block_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        # A mean that is not zero shows a norm that leaves it in.
        "x": Array("S", "H * W", values=normal(mean=0.5)),
        # Scores spread over several units, so that the softmax is neither flat nor one-hot.
        "W_qkv": Array("H * W", "3 * H * W", values=weights("H * W", gain=1.5)),
        "W_o": Array("H * W", "H * W", values=weights("H * W")),
        "W_ff1": Array("H * W", "FF", values=weights("H * W")),
        "W_ff2": Array("FF", "H * W", values=weights("FF")),
    },
    outputs={"y": Array("S", "H * W")},
    scalars={
        "S": Scalar("uint32", "S"),
        "D": Scalar("uint32", "H * W"),
        "H": Scalar("uint32", "H"),
        "FF": Scalar("uint32", "FF"),
        "eps": Scalar("float32", "eps"),
    },
    domain=Domain(
        {
            "S": Range(1, 2048),
            "H": Range(1, 16),
            "W": Range(2, 128),
            "FF": Range(1, 4096),
            "eps": Range(1e-6, 1e-2),
        }
    ),
    sizes=Sizes(
        published={"S": 64, "H": 4, "W": 32, "FF": 256, "eps": 1e-5},
        large={"S": 768, "H": 8, "W": 64, "FF": 2048},
        check=[
            {"S": 1, "H": 1, "W": 2, "FF": 1},
            {"S": 17, "H": 3, "W": 11, "FF": 33, "eps": 1e-2},
            {"S": 70, "H": 2, "W": 40, "FF": 100},
            {"S": 33, "H": 1, "W": 67, "FF": 67},
        ],
    ),
    tolerance=relative_l2(1e-5),
    cost=cost,
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    published_tolerance=(1e-2, 1e-2),
    notes="Norms have no scale and shift, as published. The published dispatch is a single "
    "threadgroup.",
)
