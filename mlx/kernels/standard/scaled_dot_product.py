"""scaled_dot_product: one head of scaled dot-product attention, no mask, as softmax_attention."""

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
    s, d = point["M"], point["D"]
    return Cost(flops=4 * s * s * d + 5 * s * s, bytes=16 * s * d)


SPEC = KernelSpec(
    summary="O = softmax(Q @ K^T / sqrt(D)) @ V",
    function="scaled_dot_product_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={
        # Rows of Q differ in scale: some attend to everything, some to a single key.
        "Q": Array("M", "D", values=rows(means=0.0, stds=4.0, special=False)),
        "K": Array("M", "D", values=normal()),
        "V": Array("M", "D", values=normal()),
    },
    outputs={"O": Array("M", "D")},
    scalars={"M": Scalar("uint32", "M"), "D": Scalar("uint32", "D")},
    domain=Domain({"M": Range(1, 4096), "D": Range(1, 128)}),
    sizes=Sizes(
        published={"M": 128, "D": 128},
        large={"M": 2048, "D": 128},
        check=[
            {"M": 1, "D": 1},
            {"M": 17, "D": 32},
            {"M": 130, "D": 80},
            {"M": 67, "D": 33},
            {"M": 96, "D": 128},
        ],
    ),
    tolerance=attention_tolerance(),
    cost=cost,
    schedule="grid: 128 * M 1 1\nthreadgroup: 128 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("Q",),
    published_tolerance=(1e-3, 1e-3),
    ranked=False,
    unranked_reason="the same operation as softmax_attention, which is ranked; causal_attention "
    "adds heads and a causal mask",
    notes="One head and no mask, as published.",
)
