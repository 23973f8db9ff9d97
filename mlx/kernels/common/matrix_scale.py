"""matrix_scale: a matrix times a number."""

import numpy as np

from harness.spec import FINITE_SPECIAL, Array, Scalar, exact, mixture
from harness.spec_pointwise import MATRIX, Parameter, pointwise


def reference(A, alpha):
    return alpha * A


def oracle(A, alpha):
    return (alpha * A).astype(np.float32).astype(np.float64)


def in_numpy(A, alpha):
    return np.float32(alpha) * A


SPEC = pointwise(
    MATRIX,
    summary="B = alpha A",
    function="matrix_scale_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    inputs={"A": Array("rows", "cols", values=mixture(special=FINITE_SPECIAL))},
    outputs={"B": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "rows * cols")},
    parameters={"alpha": Parameter(2.0, 0.25, 4.0)},
    flops=1,
    # The float64 result rounded once is what IEEE arithmetic gives.
    tolerance=exact(),
    published_tolerance=(0.0, 0.0),
    notes="No scalar carries the size of the public dispatch, so its kernels hard-code their step.",
)
