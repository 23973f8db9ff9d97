"""kl_div_loss of each element, for a target distribution and predicted log-probabilities."""

from dataclasses import replace

import numpy as np

from harness.spec import EPS, Array, Scalar, elementwise
from harness.spec_pointwise import MATRIX, pointwise
from harness.spec_rows import LOGARITHM, distributions, log_distributions

#: Part of the published definition, which binds no scalar for it.
FLOOR = 1e-6


def reference(log_pred, target):
    import mlx.core as mx

    t = mx.abs(target) + FLOOR
    return t * (mx.log(t) + mx.abs(log_pred))


def oracle(log_pred, target):
    t = np.abs(target) + FLOOR
    return t * (np.log(t) + np.abs(log_pred))


def in_torch(log_pred, target):
    t = target.abs() + FLOOR
    return t * (t.log() + log_pred.abs())


def rounding(inputs, expected, point):
    """The weight times what a logarithm may miss and 8 eps of both terms, which cancel."""
    t = np.abs(inputs["target"].astype(np.float64)) + FLOOR
    size = np.abs(np.log(t)) + np.abs(inputs["log_pred"])
    return t * (LOGARITHM + 8 * EPS * size)


#: A row of one column is 1 whatever was drawn.
CHECK = ({"rows": 1, "cols": 3}, *MATRIX.sizes.check[1:])

SPEC = pointwise(
    replace(MATRIX, sizes=replace(MATRIX.sizes, large={"rows": 24576, "cols": 1024}, check=CHECK)),
    summary="y = t (log t - l) with t = |target| + 1e-6, l = -|log_pred|, element by element",
    function="kl_div_loss_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "log_pred": Array(*MATRIX.shape, values=log_distributions(std=2.0)),
        "target": Array(*MATRIX.shape, values=distributions(std=2.0, one_hot=0.1, zeros=0.1)),
    },
    outputs={"y": Array(*MATRIX.shape)},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    flops=3,
    tolerance=elementwise(rounding, "t (2^-20 + 8 eps (|log t| + |l|))"),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="Rows are distributions: targets with exact zeros, one in ten of them one-hot, beside "
    "real log-probabilities.",
)
