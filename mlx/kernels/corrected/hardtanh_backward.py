"""hardtanh_backward: the gradient of a loss through hardtanh."""

import numpy as np

from harness.spec import FINITE_SPECIAL, Array, Scalar, exact, mixture, normal
from harness.spec_pointwise import WIDE, Parameter, pointwise


def reference(x, dy, lo, hi):
    import mlx.core as mx

    return mx.where((x > lo) & (x < hi), dy, 0.0)


def oracle(x, dy, lo, hi):
    return np.where((x > lo) & (x < hi), dy, 0.0)


def in_numpy(x, dy, lo, hi):
    return np.where((x > lo) & (x < hi), dy, np.float32(0))


def in_torch(x, dy, lo, hi):
    import torch

    return torch.where((x > lo) & (x < hi), dy, torch.zeros(()))


SPEC = pointwise(
    WIDE,
    summary="dx = dy where lo < x < hi, else 0",
    function="hardtanh_backward_f32",
    reference=reference,
    oracle=oracle,
    numpy_form=in_numpy,
    torch_form=in_torch,
    inputs={
        "x": Array("rows", "cols", values=mixture(special=(*FINITE_SPECIAL, -1.0, 1.0))),
        "dy": Array("rows", "cols", values=normal()),
    },
    outputs={"dx": Array("rows", "cols")},
    scalars={"N": Scalar("uint32", "rows * cols")},
    parameters={"lo": Parameter(-1.0, -3.0, -0.1), "hi": Parameter(1.0, 0.1, 3.0)},
    flops=2,
    tolerance=exact(),
    schedule="grid: rows * cols 1 1\nthreadgroup: 256 1 1",
    corrects="hardtanh",
    notes="hardtanh itself is clip; its gradient is a function of its own. At a bound it is 0.",
)
