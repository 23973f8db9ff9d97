"""hinge_loss of each element, for targets of -1 and 1."""

import numpy as np

from harness.spec import Array, Scalar, normal, ulp
from harness.spec_pointwise import WIDE, pointwise


def signs(rng, shape, point):
    return 2 * rng.integers(0, 2, size=shape, dtype=np.int8).astype(np.float32) - 1


def reference(pred, target):
    import mlx.core as mx

    return mx.maximum(1.0 - pred * target, 0.0)


def oracle(pred, target):
    return np.maximum(1 - pred * target, 0)


def in_torch(pred, target):
    return (1 - pred * target).clamp(min=0.0)


SPEC = pointwise(
    WIDE,
    summary="y = max(1 - pred * target, 0), element by element",
    function="hinge_loss_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "pred": Array(*WIDE.shape, values=normal(std=2.0)),
        "target": Array(*WIDE.shape, values=signs),
    },
    outputs={"y": Array(*WIDE.shape)},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    flops=3,
    tolerance=ulp(1),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="Targets are -1 and 1, so the product is exact and one rounding is left. pred and target "
    "may be exchanged: the function is symmetric.",
)
