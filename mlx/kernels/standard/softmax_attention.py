"""softmax_attention: one head of scaled dot-product attention, no mask."""

import math

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

    return mx.softmax((Q @ K.T) * (1 / math.sqrt(Q.shape[-1])), axis=-1) @ V


def in_fast(Q, K, V):
    import mlx.core as mx

    heads = (part[None, None] for part in (Q, K, V))
    scale = 1 / math.sqrt(Q.shape[-1])
    return mx.fast.scaled_dot_product_attention(*heads, scale=scale)[0, 0]


def oracle(Q, K, V):
    return attention(Q, K, V, 1 / math.sqrt(Q.shape[-1]))


def in_torch(Q, K, V):
    import torch

    return torch.nn.functional.scaled_dot_product_attention(Q[None], K[None], V[None])[0]


def cost(point):
    s, d = point["S"], point["D"]
    return Cost(flops=4 * s * s * d + 5 * s * s, bytes=16 * s * d)


SPEC = KernelSpec(
    summary="O = softmax(Q @ K^T / sqrt(D)) @ V",
    function="softmax_attention_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        # Rows of Q differ in scale: some attend to everything, some to a single key.
        "Q": Array("S", "D", values=rows(means=0.0, stds=4.0, special=False)),
        "K": Array("S", "D", values=normal()),
        "V": Array("S", "D", values=normal()),
    },
    outputs={"O": Array("S", "D")},
    scalars={"S": Scalar("uint32", "S"), "D": Scalar("uint32", "D")},
    domain=Domain({"S": Range(1, 4096), "D": Range(1, 128)}),
    sizes=Sizes(
        published={"S": 128, "D": 64},
        large={"S": 4096, "D": 64},
        check=[
            {"S": 1, "D": 1},
            {"S": 17, "D": 32},
            {"S": 130, "D": 80},
            {"S": 67, "D": 33},
            {"S": 96, "D": 128},
        ],
    ),
    tolerance=attention_tolerance(),
    cost=cost,
    schedule="grid: 1024 S 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("Q",),
    published_tolerance=(1e-3, 1e-3),
    notes="One head and no mask, as published. The same operation as scaled_dot_product.",
)
