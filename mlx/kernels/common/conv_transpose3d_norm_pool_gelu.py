"""conv_transpose3d_norm_pool_gelu: a transposed convolution, layer norm, average pooling, gelu."""

import math

import numpy as np

from harness.spec import EPS, Array, Cost, Range, elementwise, gelu, normal
from harness.spec_convolution import (
    channels_first,
    channels_last,
    convolution,
    convolve_transposed,
    float32_error,
    mean_of_windows,
)


def reference(x, w, sum_term, eps):
    import mlx.core as mx
    import mlx.nn as nn

    z = mx.fast.layer_norm(mx.conv_transpose3d(x, w) + sum_term, None, None, eps)
    z = nn.AvgPool3d(2, 2)(z)
    return z * (1 + mx.erf(z * (1 / math.sqrt(2)))) / 2


def normalised(x, w, sum_term, eps):
    """The norm's result and the reciprocal deviation, in the precision of x."""
    z = convolve_transposed(x, w) + sum_term
    z -= z.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt(np.square(z).mean(axis=-1, keepdims=True) + eps)
    return z * scale, scale


def oracle(x, w, sum_term, eps):
    return gelu(mean_of_windows(normalised(x, w, sum_term, eps)[0], 2, 2))


def in_torch(x, w, sum_term, eps):
    import torch

    z = torch.nn.functional.conv_transpose3d(channels_first(x), w.permute(4, 0, 1, 2, 3))
    z = torch.nn.functional.layer_norm(channels_last(z) + sum_term, (len(w),), eps=eps)
    return torch.nn.functional.gelu(
        channels_last(torch.nn.functional.avg_pool3d(channels_first(z), 2))
    )


def bound(inputs, expected, point):
    """A sum off by e moves a normalised value n by at most 2 e (1 + |n|) / deviation.

    gelu rises by less than 1.13. Beside the error of the products, sums over channels are off by a
    few eps of their terms; 32 ulp for gelu's exponential by fast math.
    """
    x, w, term = (inputs[name] for name in ("x", "w", "sum_term"))
    error = float32_error(x, w, 1, transposed=True).max()
    n, scale = normalised(x, w, term, np.float32(point["eps"]))
    largest = (np.abs(n) / scale).max() + np.abs(term).max()
    moved = 2 * (error + 8 * EPS * largest) * scale * (1 + np.abs(n))
    return 1.13 * mean_of_windows(moved, 2, 2) + 32 * 2.0**-23 * np.abs(expected) + 4 * EPS


def cost(point):
    channels, pooled = point["C_out"], point["B"]
    for side in ("D", "H", "W"):
        pooled *= (point[side] + point["R"] - 1) // 2
    pixels = point["B"] * point["D"] * point["H"] * point["W"]
    taps = point["C_in"] * point["R"] ** 3
    return Cost(
        flops=2 * pixels * taps * channels,
        bytes=4 * (pixels * point["C_in"] + channels * (taps + 1 + pooled)),
    )


SPEC = convolution(
    "D H W",
    "R R R",
    "B C_in D H W C_out R",
    transposed=True,
    summary="y = gelu(means, in cubes of side 2, of layer_norm(x convolved transposed with w + "
    "sum_term)); NDHWC, the norm over channels",
    function="conv_transpose3d_norm_pool_gelu_f32",
    reference=reference,
    oracle=oracle,
    beside={"sum_term": Array("C_out", values=normal())},
    parameters={"eps": Range(1e-6, 1e-1)},
    outputs={
        "y": Array("B", "(D + R - 1) / 2", "(H + R - 1) / 2", "(W + R - 1) / 2", "C_out"),
    },
    published={
        "B": 2,
        "C_in": 16,
        "D": 8,
        "H": 8,
        "W": 8,
        "C_out": 32,
        "R": 3,
        "eps": 1e-5,
    },
    large={"B": 4, "D": 12, "H": 16, "W": 20, "C_out": 64},
    check=[
        {"B": 1, "C_in": 1, "D": 2, "H": 2, "W": 2, "C_out": 3, "R": 1, "eps": 0.1},
        {"B": 2, "C_in": 3, "D": 5, "H": 4, "W": 7, "C_out": 5},
        {"B": 1, "C_in": 33, "D": 2, "H": 3, "W": 4, "C_out": 65, "R": 4, "eps": 1e-3},
        {"B": 3, "C_in": 8, "D": 2, "H": 5, "W": 3, "C_out": 130, "R": 2},
    ],
    constraints=("D + R >= 3", "H + R >= 3", "W + R >= 3", "C_out >= 2"),
    tolerance=elementwise(bound, "what 8 x the error of the sums in float32 does to the norm"),
    cost=cost,
    schedule="grid: 8000 1 1\nthreadgroup: 32 1 1",
    torch_form=in_torch,
    published_tolerance=(1e-2, 1e-2),
    notes="The stride is 1. The norm has no weights, as published. gelu is the exact form.",
)
