"""llama_decoder_layer: rotary grouped-query attention and a gated feed-forward, on RMS norms."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes, normal, silu
from harness.spec_llama import DIMS, QKV, SCALARS, D, attend, attend_in_mlx, rotary_tolerance
from harness.spec_products import weights


def layer(x, W_qkv, W_o, W_gu, W_down, H, H_kv, base, eps, fused):
    import mlx.core as mx

    x = x + attend_in_mlx(mx.fast.rms_norm(x, None, eps), W_qkv, W_o, H, H_kv, base, fused)
    gate, up = mx.split(mx.fast.rms_norm(x, None, eps) @ W_gu, 2, axis=-1)
    return x + (gate * mx.sigmoid(gate) * up) @ W_down


def reference(x, W_qkv, W_o, W_gu, W_down, H, H_kv, base, eps):
    return layer(x, W_qkv, W_o, W_gu, W_down, H, H_kv, base, eps, fused=False)


def in_fast(x, W_qkv, W_o, W_gu, W_down, H, H_kv, base, eps):
    return layer(x, W_qkv, W_o, W_gu, W_down, H, H_kv, base, eps, fused=True)


def scaled(x, eps):
    return x / np.sqrt(np.mean(np.square(x), axis=-1, keepdims=True) + eps)


def oracle(x, W_qkv, W_o, W_gu, W_down, H, H_kv, base, eps):
    x = x + attend(scaled(x, eps), W_qkv, W_o, H, H_kv, base)
    gate, up = np.split(scaled(x, eps) @ W_gu, 2, axis=-1)
    return x + (silu(gate) * up) @ W_down


def cost(point):
    s, d, ff = point["S"], point["H_kv"] * point["G"] * point["W"], point["FF"]
    projected = d + 2 * point["H_kv"] * point["W"]
    flops = s * (2 * d * projected + 4 * s * d + 2 * d * d + 6 * d * ff)
    return Cost(flops=flops, bytes=4 * (2 * s * d + d * projected + d * d + 3 * d * ff))


SPEC = KernelSpec(
    summary="x1 = x + attention(rms(x)); y = x1 + (silu(g) * u) @ W_down, g, u = rms(x1) @ W_gu; "
    "D = H_kv * G * W",
    function="llama_decoder_layer_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        "x": Array("S", D, values=normal()),
        # Scores spread over several units, so that the softmax is neither flat nor one-hot.
        "W_qkv": Array(D, QKV, values=weights(D, gain=1.5)),
        "W_o": Array(D, D, values=weights(D)),
        "W_gu": Array(D, "2 * FF", values=weights(D)),
        "W_down": Array("FF", D, values=weights("FF")),
    },
    outputs={"y": Array("S", D)},
    scalars={
        **SCALARS,
        "FF": Scalar("uint32", "FF"),
        "base": Scalar("float32", "base"),
        "eps": Scalar("float32", "eps"),
    },
    domain=Domain({**DIMS, "FF": Range(1, 4096), "eps": Range(1e-6, 1e-2)}),
    sizes=Sizes(
        published={"S": 64, "H_kv": 2, "G": 2, "W": 32, "FF": 256, "base": 10000.0, "eps": 1e-5},
        large={"S": 768, "H_kv": 4, "G": 2, "W": 64, "FF": 1408},
        check=[
            {"S": 1, "H_kv": 1, "G": 1, "W": 2, "FF": 1},
            {"S": 17, "H_kv": 1, "G": 3, "W": 10, "FF": 33, "eps": 1e-2},
            {"S": 70, "H_kv": 2, "G": 1, "W": 40, "FF": 100, "base": 5e5},
            {"S": 33, "H_kv": 1, "G": 2, "W": 66, "FF": 67},
        ],
    ),
    tolerance=rotary_tolerance(),
    cost=cost,
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    published_tolerance=(1e-2, 1e-2),
    notes="Pairs (2i, 2i + 1) of a head turn by position / base^(2i / W). The published dispatch "
    "is a single threadgroup.",
)
