"""dropout: dropout with a given mask."""

import numpy as np

from harness.spec import Array, Scalar, mask, mixture, ulp
from harness.spec_pointwise import MATRIX, Parameter, pointwise


def reference(X, M, p):
    return M * X * (1 / (1 - p))


def oracle(X, M, p):
    return M * X / (1 - p)


def in_numpy(X, M, p):
    return M * X * np.float32(1 / (1 - p))


SPEC = pointwise(
    MATRIX,
    summary="Y = M X / (1 - p), M a mask of zeros and ones",
    function="dropout_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    inputs={
        "X": Array("rows", "cols", values=mixture()),
        "M": Array("rows", "cols", values=mask(density="1 - p")),
    },
    outputs={"Y": Array("rows", "cols")},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    parameters={"p": Parameter(0.1, 0.05, 0.75)},
    flops=2,
    # 1 - p and the product round once, fast division misses by 2.5 ulp.
    tolerance=ulp(8),
    published_tolerance=(1e-5, 1e-6),
    ranked=False,
    unranked_reason="P02: the mask is floats, four bytes for one bit; dropout_mask takes bytes",
    notes="The published mask is normal noise. Here it is zeros and ones held in floats, ones with "
    "probability 1 - p.",
)
