"""attention_scores: the weights of one head of attention, softmax(Q @ K^T / sqrt(D)), in full."""

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
    normal,
    relative,
    rows,
    softmax,
)


def reference(Q, K):
    import mlx.core as mx

    return mx.softmax((Q * (1 / math.sqrt(Q.shape[-1]))) @ K.T, axis=-1)


def in_precise(Q, K):
    import mlx.core as mx

    return mx.softmax((Q * (1 / math.sqrt(Q.shape[-1]))) @ K.T, axis=-1, precise=True)


def oracle(Q, K):
    return softmax(Q @ K.T / math.sqrt(Q.shape[-1]))


def in_torch(Q, K):
    import torch

    return torch.softmax(Q @ K.T / math.sqrt(Q.shape[-1]), -1)


def conditioning(inputs, expected, point):
    """8 eps of the weight for every unit of the largest score: what its exponential makes of it."""
    query = np.linalg.norm(inputs["Q"], axis=-1, keepdims=True)
    scores = query * np.linalg.norm(inputs["K"], axis=-1).max() / math.sqrt(point["D"])
    return 8 * EPS * scores * np.abs(expected)


def cost(point):
    s, d = point["S"], point["D"]
    return Cost(flops=2 * s * s * d + 5 * s * s, bytes=4 * (2 * s * d + s * s))


SPEC = KernelSpec(
    summary="O = softmax(Q @ K^T / sqrt(D)) over each row",
    function="attention_scores_f32",
    reference=reference,
    forms={"precise": in_precise},
    oracle=oracle,
    inputs={
        # Rows of Q differ in scale: some attend to everything, some to a single key.
        "Q": Array("S", "D", values=rows(means=0.0, stds=3.0, special=False)),
        "K": Array("S", "D", values=normal()),
    },
    outputs={"O": Array("S", "S")},
    scalars={"S": Scalar("uint32", "S"), "D": Scalar("uint32", "D")},
    domain=Domain({"S": Range(1, 8192), "D": Range(1, 512)}),
    sizes=Sizes(
        published={"S": 128, "D": 64},
        large={"S": 4096, "D": 64},
        check=[
            {"S": 1, "D": 1},
            {"S": 17, "D": 32},
            {"S": 130, "D": 80},
            {"S": 67, "D": 33},
            {"S": 192, "D": 128},
        ],
    ),
    tolerance=relative(16 * EPS, absolute=conditioning),
    cost=cost,
    schedule="grid: 1024 S 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("Q",),
    published_tolerance=(1e-3, 1e-3),
    notes="One head and no mask, as published.",
)
