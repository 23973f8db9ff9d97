"""frobenius_norm: the Euclidean length of a whole matrix."""

import numpy as np

from harness.spec import EPS, Array, Scalar, blocks, elementwise
from harness.spec_rows import REDUCED, by_rows


def reference(x):
    import mlx.core as mx

    # By rows first: one long float32 sum on a CPU is off by more than a hundredth.
    return mx.sqrt(mx.sum(mx.sum(mx.square(x), axis=-1))).reshape(1)


def in_linalg(x):
    import mlx.core as mx

    return mx.linalg.norm(x).reshape(1)


def oracle(x):
    flat = x.reshape(-1)
    return np.sqrt(np.dot(flat, flat)).reshape(1)


def in_numpy(x):
    return np.linalg.norm(x).reshape(1)


def in_torch(x):
    import torch

    return torch.linalg.vector_norm(x).reshape(1)


def rounding(inputs, expected, point):
    """8 eps: the sum's 16 count half under the root; one sum gives no error to calibrate on."""
    return 8 * EPS * expected


SPEC = by_rows(
    REDUCED,
    summary="y = sqrt(sum of x^2) over the whole matrix",
    function="frobenius_norm_f32",
    reference=reference,
    forms={"mx.linalg.norm": in_linalg},
    oracle=oracle,
    inputs={"x": Array(*REDUCED.shape, values=blocks(means=1.0))},
    outputs={"y": Array(1)},
    scalars={"N": Scalar("uint32", "rows * cols")},
    flops=2,
    chunked=(),
    tolerance=elementwise(rounding, "8 eps of the result"),
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=in_numpy,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    ranked=False,
    unranked_reason="one number is returned: squares in half precision, or a part of the input "
    "left out, can fall within its bound by luck; frobenius_norm_batch returns one a matrix",
    notes="The mean differs from block to block, so that no part of the input stands for the "
    "whole. The published dispatch is a single threadgroup.",
)
