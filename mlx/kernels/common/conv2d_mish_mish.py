"""conv2d_mish_mish: a two-dimensional convolution, channels last, and mish twice."""

import numpy as np

from harness.spec import EPS, softplus
from harness.spec_convolution import (
    channels_first,
    channels_last,
    convolution,
    convolution_tolerance,
    convolve,
)


def reference(x, w):
    import mlx.core as mx
    import mlx.nn as nn

    return nn.mish(nn.mish(mx.conv2d(x, w)))


def mish(z):
    return z * np.tanh(softplus(z))


def oracle(x, w):
    return mish(mish(convolve(x, w)))


def in_torch(x, w):
    import torch

    mish = torch.nn.functional.mish
    return channels_last(
        mish(mish(torch.nn.functional.conv2d(channels_first(x), channels_first(w))))
    )


SPEC = convolution(
    "H W",
    "R S",
    "B H W C_in C_out R S",
    summary="y = mish(mish(x convolved with w)); NHWC, filters (C_out, R, S, C_in), no padding",
    function="conv2d_mish_mish_f32",
    reference=reference,
    oracle=oracle,
    published={"B": 8, "H": 64, "W": 64, "C_in": 64, "C_out": 128, "R": 3, "S": 3},
    large={"B": 4, "H": 56, "W": 56, "C_in": 128},
    check=[
        {"B": 1, "H": 1, "W": 1, "C_in": 1, "C_out": 1, "R": 1, "S": 1},
        {"B": 2, "H": 7, "W": 12, "C_in": 3, "C_out": 5},
        {"B": 1, "H": 13, "W": 11, "C_in": 33, "C_out": 65, "R": 5, "S": 4},
        {"B": 2, "H": 10, "W": 9, "C_in": 16, "C_out": 68, "R": 1, "S": 2},
    ],
    # mish rises by less than 1.09; 32 ulp for its exponential by fast math.
    tolerance=convolution_tolerance(slope=1.09**2, ulps=32, absolute=4 * EPS),
    each=15,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
