"""where: elements of one matrix or the other, as a condition says."""

import numpy as np

from harness.spec import Array, Scalar, exact, mask, mixture
from harness.spec_pointwise import MATRIX, pointwise

_EDGE = np.nextafter(np.float32(0.5), np.float32([0.0, 1.0]))


def conditions(rng, shape, point):
    """Zeros and ones, by rows of every density, and values at and beside the threshold."""
    values = mask(None)(rng, shape, point)
    flat = values.reshape(-1)
    where = rng.choice(flat.size, size=-(-flat.size // 64), replace=False, shuffle=False)
    flat[where] = rng.choice(np.float32([0.25, 0.5, *_EDGE, 0.75]), size=where.size)
    return values


def reference(cond, a, b):
    import mlx.core as mx

    return mx.where(cond > 0.5, a, b)


def oracle(cond, a, b):
    return np.where(cond > 0.5, a, b)


def in_numpy(cond, a, b):
    return np.where(cond > np.float32(0.5), a, b)


def in_torch(cond, a, b):
    import torch

    return torch.where(cond > 0.5, a, b)


SPEC = pointwise(
    MATRIX,
    summary="y = a where cond > 1/2, else b; cond is float",
    function="where_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    inputs={
        "cond": Array("rows", "cols", values=conditions),
        "a": Array("rows", "cols", values=mixture()),
        "b": Array("rows", "cols", values=mixture()),
    },
    outputs={"y": Array("rows", "cols")},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    flops=1,
    tolerance=exact(),
    published_tolerance=(0.0, 0.0),
    ranked=False,
    unranked_reason="P02: the condition is floats, four bytes for one bit; where_mask takes bytes",
    notes="The published condition is normal noise. Here it is a mask of every density, held in "
    "floats, with a few values at the threshold.",
)
