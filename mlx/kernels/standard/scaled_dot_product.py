"""scaled_dot_product: one head of scaled dot-product attention, no mask, as softmax_attention."""

import math

from harness.spec import attention
from harness.spec_products import single_head


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


SPEC = single_head(
    "M",
    summary="O = softmax(Q @ K^T / sqrt(D)) @ V",
    function="scaled_dot_product_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    published={"M": 128, "D": 128},
    large={"M": 2048, "D": 128},
    schedule="grid: 128 * M 1 1\nthreadgroup: 128 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    ranked=False,
    unranked_reason="the same operation as softmax_attention, which is ranked; causal_attention "
    "adds heads and a causal mask",
    notes="One head and no mask, as published.",
)
