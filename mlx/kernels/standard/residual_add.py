"""residual_add: a residual connection with a weight."""

import numpy as np

from harness.spec import EPS, Array, Scalar, mixture, normal, relative
from harness.spec_pointwise import MATRIX, Parameter, pointwise


def off_by(inputs, expected, point):
    """The rounding of alpha * R, which stays where the sum is small."""
    return 2 * EPS * np.abs(point["alpha"] * inputs["R"])


def reference(X, R, alpha):
    return X + alpha * R


def oracle(X, R, alpha):
    return X + alpha * R


def in_numpy(X, R, alpha):
    return X + np.float32(alpha) * R


def in_torch(X, R, alpha):
    import torch

    return torch.add(X, R, alpha=alpha)


SPEC = pointwise(
    MATRIX,
    summary="Y = X + alpha R",
    function="residual_add_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    inputs={
        "X": Array("rows", "cols", values=mixture(large=100.0)),
        "R": Array("rows", "cols", values=normal(std=2.0)),
    },
    outputs={"Y": Array("rows", "cols")},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    parameters={"alpha": Parameter(1.0, 0.25, 4.0)},
    flops=2,
    # Rounded once or twice, as it is fused or not.
    tolerance=relative(2 * EPS, absolute=off_by),
    published_tolerance=(1e-5, 1e-6),
    notes="The published weight is 1; the gate draws others.",
)
