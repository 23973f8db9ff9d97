"""conv2d_relu_bias: a two-dimensional convolution, channels last, with a bias and relu."""

import numpy as np

from harness.spec import EPS, Array, normal
from harness.spec_convolution import (
    channels_first,
    channels_last,
    convolution,
    convolution_tolerance,
    convolve,
)


def reference(x, w, b):
    import mlx.core as mx

    return mx.maximum(mx.conv2d(x, w) + b, 0)


def oracle(x, w, b):
    return np.maximum(convolve(x, w) + b, 0)


def in_torch(x, w, b):
    import torch

    y = torch.nn.functional.conv2d(channels_first(x), channels_first(w), b)
    return channels_last(torch.relu(y))


SPEC = convolution(
    "H W",
    "R S",
    "B H W C_in C_out R S",
    summary="y = relu(x convolved with w + b); NHWC, filters (C_out, R, S, C_in), no padding",
    function="conv2d_relu_bias_f32",
    reference=reference,
    oracle=oracle,
    beside={"b": Array("C_out", values=normal())},
    published={"B": 8, "H": 64, "W": 64, "C_in": 64, "C_out": 128, "R": 3, "S": 3},
    large={"B": 4, "H": 56, "W": 56, "C_in": 128},
    check=[
        {"B": 1, "H": 1, "W": 1, "C_in": 1, "C_out": 1, "R": 1, "S": 1},
        {"B": 2, "H": 7, "W": 12, "C_in": 3, "C_out": 5},
        {"B": 1, "H": 13, "W": 11, "C_in": 33, "C_out": 65, "R": 5, "S": 4},
        {"B": 2, "H": 10, "W": 9, "C_in": 16, "C_out": 68, "R": 1, "S": 2},
    ],
    tolerance=convolution_tolerance(absolute=4 * EPS),
    each=2,
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
