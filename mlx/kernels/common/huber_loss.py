"""huber_loss of each element: quadratic near zero, linear beyond delta."""

import numpy as np

from harness.spec import EPS, FINITE_SPECIAL, Array, Scalar, mixture, relative
from harness.spec_pointwise import MATRIX, Parameter, pointwise

#: Differences of these are zero, on the published delta and on both sides of it.
BREAKPOINTS = (*FINITE_SPECIAL, 0.5, 1.0, 1.5, -0.5)


def reference(pred, target, delta):
    import mlx.core as mx

    r = mx.abs(pred - target)
    return mx.where(r <= delta, 0.5 * r * r, delta * (r - 0.5 * delta))


def without_branch(pred, target, delta):
    import mlx.core as mx

    r = mx.abs(pred - target)
    near = mx.minimum(r, delta)
    return near * (r - 0.5 * near)


def oracle(pred, target, delta):
    r = np.abs(pred - target)
    return np.where(r <= delta, 0.5 * r * r, delta * (r - 0.5 * delta))


def in_torch(pred, target, delta):
    import torch

    return torch.nn.functional.huber_loss(pred, target, reduction="none", delta=delta)


SPEC = pointwise(
    MATRIX,
    summary="y = r^2 / 2 where r = |pred - target| <= delta, else delta (r - delta / 2)",
    function="huber_loss_f32",
    reference=reference,
    forms={"mx.minimum": without_branch},
    oracle=oracle,
    inputs={
        "pred": Array(*MATRIX.shape, values=mixture(special=BREAKPOINTS)),
        "target": Array(*MATRIX.shape, values=mixture(special=BREAKPOINTS)),
    },
    outputs={"y": Array(*MATRIX.shape)},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    parameters={"delta": Parameter(1.0, 0.25, 4.0)},
    flops=5,
    # The difference, the square or the second difference, a product: a rounding each, one doubled.
    tolerance=relative(8 * EPS),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-5, 1e-6),
    notes="Infinities do not occur: the difference of two is no number.",
)
