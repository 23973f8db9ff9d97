"""where_mask: elements of one matrix or the other, by a mask of bytes."""

import numpy as np

from harness.spec import Array, Scalar, exact, mask, mixture
from harness.spec_pointwise import MATRIX, pointwise


def reference(mask, a, b):
    import mlx.core as mx

    return mx.where(mask, a, b)


def oracle(mask, a, b):
    return np.where(mask, a, b)


def in_numpy(mask, a, b):
    return np.where(mask, a, b)


def in_torch(mask, a, b):
    import torch

    return torch.where(mask != 0, a, b)


SPEC = pointwise(
    MATRIX,
    summary="y = a where the mask is 1, b where it is 0; one byte an element",
    function="where_mask_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    inputs={
        "mask": Array("rows", "cols", dtype="bool", values=mask(None, dtype="bool")),
        "a": Array("rows", "cols", values=mixture()),
        "b": Array("rows", "cols", values=mixture()),
    },
    outputs={"y": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "rows * cols")},
    flops=1,
    tolerance=exact(),
    schedule="grid: rows * cols 1 1\nthreadgroup: 256 1 1",
    corrects="where",
    notes="Rows differ in density; the first are all one, all zero and a single one.",
)
