"""causal_attention: several heads of attention where query i sees keys 0 ... i."""

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
    normal,
    rows,
)
from harness.spec_products import attention_tolerance


def reference(Q, K, V):
    import mlx.core as mx

    scores = (Q * (1 / math.sqrt(Q.shape[-1]))) @ K.swapaxes(1, 2)
    seen = mx.tri(Q.shape[1], dtype=mx.bool_)
    return mx.softmax(mx.where(seen, scores, float("-inf")), axis=-1) @ V


def in_fast(Q, K, V):
    import mlx.core as mx

    heads = (part[None] for part in (Q, K, V))
    scale = 1 / math.sqrt(Q.shape[-1])
    return mx.fast.scaled_dot_product_attention(*heads, scale=scale, mask="causal")[0]


def oracle(Q, K, V):
    scale = 1 / math.sqrt(Q.shape[-1])
    parts = zip(Q, K, V, strict=True)
    return np.stack([attention(q, k, v, scale, causal=True) for q, k, v in parts])


def in_torch(Q, K, V):
    import torch

    return torch.nn.functional.scaled_dot_product_attention(Q, K, V, is_causal=True)


def cost(point):
    h, s, d = point["H"], point["S"], point["D"]
    seen = s * (s + 1) // 2
    return Cost(flops=h * seen * (4 * d + 5), bytes=16 * h * s * d)


SPEC = KernelSpec(
    summary="O[h] = softmax(Q[h] @ K[h]^T / sqrt(D)) @ V[h], where query i sees keys 0 ... i",
    function="causal_attention_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        # Rows of Q differ in scale: some attend to everything, some to a single key.
        "Q": Array("H", "S", "D", values=rows(means=0.0, stds=4.0, special=False)),
        "K": Array("H", "S", "D", values=normal()),
        "V": Array("H", "S", "D", values=normal()),
    },
    outputs={"O": Array("H", "S", "D")},
    scalars={"S": Scalar("uint32", "S"), "D": Scalar("uint32", "D")},
    domain=Domain({"H": Range(1, 32), "S": Range(1, 4096), "D": Range(1, 128)}),
    sizes=Sizes(
        published={"H": 4, "S": 128, "D": 128},
        large={"H": 8, "S": 1536, "D": 64},
        check=[
            {"H": 1, "S": 1, "D": 1},
            {"H": 3, "S": 17, "D": 32},
            {"H": 2, "S": 130, "D": 80},
            {"H": 1, "S": 67, "D": 33},
            {"H": 2, "S": 96, "D": 128},
        ],
    ),
    tolerance=attention_tolerance(),
    cost=cost,
    schedule="grid: 128 * S H 1\nthreadgroup: 128 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("Q", "K", "V"),
    corrects="scaled_dot_product",
)
