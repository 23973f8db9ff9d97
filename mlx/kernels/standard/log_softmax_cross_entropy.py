"""log_softmax_cross_entropy: the same function as cross_entropy_loss under a second name."""

import numpy as np

from harness.spec import EPS, Array, Scalar, elementwise, rows
from harness.spec_rows import PAIRED, by_rows, distributions, log_sum_exp, logsumexp


def reference(L, Yh):
    import mlx.core as mx

    return -mx.sum(Yh * (L - mx.logsumexp(L, axis=-1, keepdims=True)), axis=-1)


def oracle(L, Yh):
    return -np.sum(Yh * (L - logsumexp(L)), axis=-1)


def in_torch(L, Yh):
    import torch

    return torch.nn.functional.cross_entropy(L, Yh, reduction="none")


def rounding(inputs, expected, point):
    """That of the log-probabilities, weighted; and 8 eps of the result."""
    weight = np.abs(inputs["Yh"]).sum(axis=-1, dtype=np.float64)
    return weight * log_sum_exp(inputs["L"])[:, 0] + 8 * EPS * np.abs(expected)


SPEC = by_rows(
    PAIRED,
    summary="out = -sum of Yh log_softmax(L) over each row",
    function="log_softmax_cross_entropy_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "L": Array(*PAIRED.shape, values=rows(means=10.0, stds=3.0)),
        "Yh": Array(*PAIRED.shape, values=distributions(one_hot=1.0)),
    },
    outputs={"out": Array("rows")},
    scalars={"N": Scalar("uint32", "rows"), "C": Scalar("uint32", "cols")},
    flops=6,
    tolerance=elementwise(rounding, "2^-20 and 8 eps of the largest logit"),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    ranked=False,
    unranked_reason="the same operation as cross_entropy_loss; label_smoothing_loss stands for it "
    "with class indices and smoothing",
    notes="Label rows are one-hot.",
)
