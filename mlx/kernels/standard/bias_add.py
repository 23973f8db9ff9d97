"""bias_add: a row added to every row."""

from harness.spec import FINITE_SPECIAL, Array, Scalar, mixture, normal
from harness.spec_pointwise import MATRIX, pointwise, rounded_once


def reference(X, B):
    return X + B


def oracle(X, B):
    return X + B


def in_numpy(X, B):
    return X + B


SPEC = pointwise(
    MATRIX,
    summary="Y = X + B, B one row",
    function="bias_add_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    inputs={
        "X": Array("rows", "cols", values=mixture(special=FINITE_SPECIAL)),
        "B": Array("cols", values=normal()),
    },
    outputs={"Y": Array("rows", "cols")},
    scalars={
        "N": Scalar("uint32", "rows * cols"),
        "C": Scalar("uint32", "cols"),
        "grid_size": Scalar("uint32", "grid_threads.x"),
    },
    flops=1,
    tolerance=rounded_once(),
    schedule="grid: 8192 1 1\nthreadgroup: 1024 1 1",
    published_tolerance=(1e-5, 1e-6),
    notes="The public dispatch has 8 threadgroups.",
)
