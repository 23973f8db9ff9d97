"""softmax_attention: one head of scaled dot-product attention, no mask."""

import math

import numpy as np

from harness.spec import (
    EPS,
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    elementwise,
    normal,
    rows,
)


def reference(Q, K, V):
    import mlx.core as mx

    return mx.softmax((Q @ K.T) * (1 / math.sqrt(Q.shape[-1])), axis=-1) @ V


def in_fast(Q, K, V):
    import mlx.core as mx

    heads = (part[None, None] for part in (Q, K, V))
    scale = 1 / math.sqrt(Q.shape[-1])
    return mx.fast.scaled_dot_product_attention(*heads, scale=scale)[0, 0]


def oracle(Q, K, V):
    """256 queries at a time: all scores of a long sequence would not fit."""
    found = np.empty_like(Q)
    for first in range(0, len(Q), 256):
        part = slice(first, first + 256)
        weights = Q[part] @ K.T
        weights *= 1 / math.sqrt(Q.shape[-1])
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        found[part] = weights @ V / weights.sum(axis=-1, keepdims=True)
    return found


def in_torch(Q, K, V):
    import torch

    return torch.nn.functional.scaled_dot_product_attention(Q[None], K[None], V[None])[0]


def rounding(inputs, expected, point):
    """4 eps of the largest value, and as much again for every unit of the largest score.

    A score is as uncertain as its size in eps, and so is, relative to itself, the weight that its
    exponential gives.
    """
    query = np.linalg.norm(inputs["Q"], axis=-1, keepdims=True)
    scores = query * np.linalg.norm(inputs["K"], axis=-1).max() / math.sqrt(point["D"])
    return 4 * EPS * (1 + scores) * np.abs(inputs["V"]).max()


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
    tolerance=elementwise(rounding, "4 eps of values and scores"),
    cost=cost,
    schedule="grid: 1024 S 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("Q",),
    published_tolerance=(1e-3, 1e-3),
    notes="One head and no mask, as published. The same operation as scaled_dot_product.",
)
