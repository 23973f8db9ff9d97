"""matrix_add: the sum of two matrices."""

import numpy as np

from harness.spec import Array, Scalar, exact, mixture
from harness.spec_pointwise import MATRIX, pointwise


def reference(A, B):
    return A + B


def oracle(A, B):
    return (A + B).astype(np.float32).astype(np.float64)


def in_numpy(A, B):
    return A + B


SPEC = pointwise(
    MATRIX,
    summary="C = A + B",
    function="matrix_add_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    inputs={
        "A": Array("rows", "cols", values=mixture()),
        "B": Array("rows", "cols", values=mixture()),
    },
    outputs={"C": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "rows * cols")},
    flops=1,
    # The float64 result rounded once is what IEEE arithmetic gives.
    tolerance=exact(),
    published_tolerance=(0.0, 0.0),
    notes="No scalar carries the size of the public dispatch, so its kernels hard-code their step.",
)
