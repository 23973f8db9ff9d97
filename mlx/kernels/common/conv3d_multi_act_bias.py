"""conv3d_multi_act_bias: a three-dimensional convolution, a chain of activations and a bias."""

import math

import numpy as np

from harness.spec import EPS, Array, gelu, normal, sigmoid
from harness.spec_convolution import (
    channels_first,
    channels_last,
    convolution,
    convolution_tolerance,
    convolve,
)


def reference(x, w, b):
    import mlx.core as mx

    z = mx.maximum(mx.conv3d(x, w), 0)
    z = mx.maximum(z, 0.01 * z)
    return mx.sigmoid(z * (1 + mx.erf(z * (1 / math.sqrt(2)))) / 2) + b


def oracle(x, w, b):
    return sigmoid(gelu(np.maximum(convolve(x, w), 0))) + b


def in_torch(x, w, b):
    import torch

    z = torch.nn.functional.conv3d(channels_first(x), channels_first(w))
    z = torch.nn.functional.gelu(torch.nn.functional.leaky_relu(torch.relu(z)))
    return channels_last(torch.sigmoid(z)) + b


SPEC = convolution(
    "D H W",
    "R R R",
    "B C_in D H W C_out R",
    summary="y = sigmoid(gelu(leaky_relu(relu(x convolved with w)))) + b; NDHWC, no padding",
    function="conv3d_multi_act_bias_f32",
    reference=reference,
    oracle=oracle,
    beside={"b": Array("C_out", values=normal())},
    published={"B": 4, "C_in": 32, "D": 32, "H": 32, "W": 32, "C_out": 64, "R": 3},
    large={"B": 1, "C_in": 16, "D": 24, "H": 40, "W": 48},
    check=[
        {"B": 1, "C_in": 1, "D": 1, "H": 1, "W": 1, "C_out": 1, "R": 1},
        {"B": 2, "C_in": 3, "D": 5, "H": 4, "W": 7, "C_out": 5},
        {"B": 1, "C_in": 9, "D": 6, "H": 7, "W": 9, "C_out": 65, "R": 5},
        {"B": 2, "C_in": 8, "D": 5, "H": 7, "W": 6, "C_out": 68, "R": 2},
    ],
    # sigmoid rises by at most 1/4, gelu by less than 1.13; 32 ulp for exponentials by fast math.
    tolerance=convolution_tolerance(slope=1.13 / 4, ulps=32, absolute=8 * EPS),
    each=20,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="leaky_relu follows relu as published and changes nothing. gelu is the exact form. "
    "Weights are scaled, so that what relu leaves lies where gelu and sigmoid are curved.",
)
