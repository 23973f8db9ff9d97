"""nll_loss of log-probabilities against rows of label probabilities."""

import numpy as np

from harness.spec import Array, Scalar, blocked_sum, calibrated
from harness.spec_rows import PAIRED, by_rows, distributions, log_distributions


def reference(LP, Yh):
    import mlx.core as mx

    return -mx.sum(Yh * LP, axis=-1)


def oracle(LP, Yh):
    return -np.sum(Yh * LP, axis=-1)


def in_numpy(LP, Yh):
    return -np.einsum("rc,rc->r", Yh, LP)


def in_torch(LP, Yh):
    return -(Yh * LP).sum(dim=-1)


def by_lanes(LP, Yh):
    return -blocked_sum(Yh * LP)


SPEC = by_rows(
    PAIRED,
    summary="out = -sum of Yh LP over each row",
    function="nll_loss_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "LP": Array(*PAIRED.shape, values=log_distributions(std=2.0)),
        "Yh": Array(*PAIRED.shape, values=distributions(one_hot=0.25, zeros=0.1)),
    },
    outputs={"out": Array("rows")},
    scalars={"N": Scalar("uint32", "rows"), "C": Scalar("uint32", "cols")},
    flops=2,
    # A few rows may be summed by luck: 16 eps of the result at least.
    tolerance=calibrated(by_lanes, scale=lambda inputs, expected, point: 8 * np.abs(expected)),
    numpy_form=in_numpy,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="LP is a log-softmax; a quarter of the label rows are one-hot, the others distributions "
    "with exact zeros.",
)
