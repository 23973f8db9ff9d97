"""dropout_mask: dropout with a given mask of bytes."""

import numpy as np

from harness.spec import Array, Scalar, mask, mixture, ulp
from harness.spec_pointwise import MATRIX, Parameter, pointwise


def reference(x, mask, p):
    import mlx.core as mx

    return mx.where(mask, x * (1 / (1 - p)), 0.0)


def with_product(x, mask, p):
    return x * mask * (1 / (1 - p))


def oracle(x, mask, p):
    return np.where(mask, x / (1 - p), 0.0)


def in_numpy(x, mask, p):
    return x * mask * np.float32(1 / (1 - p))


def in_torch(x, mask, p):
    return x * mask * (1 / (1 - p))


SPEC = pointwise(
    MATRIX,
    summary="y = x / (1 - p) where the mask is 1, else 0; one byte an element",
    function="dropout_mask_f32",
    reference=reference,
    oracle=oracle,
    forms={"product": with_product},
    numpy_form=in_numpy,
    torch_form=in_torch,
    inputs={
        "x": Array("rows", "cols", values=mixture()),
        "mask": Array("rows", "cols", dtype="bool", values=mask("1 - p", dtype="bool")),
    },
    outputs={"y": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "rows * cols")},
    parameters={"p": Parameter(0.1, 0.05, 0.75)},
    flops=2,
    # 1 - p and the product round once, fast division misses by 2.5 ulp.
    tolerance=ulp(8),
    schedule="grid: rows * cols 1 1\nthreadgroup: 256 1 1",
    corrects="dropout",
)
