"""label_smoothing_loss: cross entropy of logits against smoothed class indices."""

import numpy as np

from harness.spec import EPS, Array, Scalar, elementwise, integers, rows
from harness.spec_rows import REDUCED, Parameter, by_rows, log_sum_exp, logsumexp


def reference(L, labels, smoothing):
    import mlx.core as mx

    chosen = mx.take_along_axis(L, labels[:, None], axis=-1)[:, 0]
    mean = mx.mean(L, axis=-1)
    return mx.logsumexp(L, axis=-1) - (1 - smoothing) * chosen - smoothing * mean


def oracle(L, labels, smoothing):
    shifted = L - logsumexp(L)
    chosen = np.take_along_axis(shifted, labels[:, None], axis=-1)[:, 0]
    return -(1 - smoothing) * chosen - smoothing * shifted.mean(axis=-1)


def in_torch(L, labels, smoothing):
    import torch

    return torch.nn.functional.cross_entropy(
        L, labels.to(torch.int64), reduction="none", label_smoothing=smoothing
    )


def rounding(inputs, expected, point):
    """That of the log-probabilities, and 8 eps of the result."""
    return log_sum_exp(inputs["L"])[:, 0] + 8 * EPS * np.abs(expected)


SPEC = by_rows(
    REDUCED,
    summary="out = cross entropy of softmax(L) and (1 - s) one-hot(label) + s / C, over each row",
    function="label_smoothing_loss_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "L": Array(*REDUCED.shape, values=rows(means=10.0, stds=3.0)),
        "labels": Array("rows", dtype="int32", values=integers(0, "cols")),
    },
    outputs={"out": Array("rows")},
    scalars={"N": Scalar("uint32", "rows"), "C": Scalar("uint32", "cols")},
    parameters={"smoothing": Parameter(0.1, 0.01, 0.5)},
    flops=6,
    tolerance=elementwise(rounding, "2^-20 and 8 eps of the largest logit"),
    torch_form=in_torch,
    corrects="log_softmax_cross_entropy",
    notes="Labels cover all classes, with both ends. Logits stand at different offsets, one row at "
    "1000.",
)
