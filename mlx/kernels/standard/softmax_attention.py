"""softmax_attention: one head of scaled dot-product attention, no mask."""

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
    "S",
    summary="O = softmax(Q @ K^T / sqrt(D)) @ V",
    function="softmax_attention_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    published={"S": 128, "D": 64},
    large={"S": 4096, "D": 64},
    schedule="grid: 1024 S 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    notes="One head and no mask, as published. The same operation as scaled_dot_product.",
)
