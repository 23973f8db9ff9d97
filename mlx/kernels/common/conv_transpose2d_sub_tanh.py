"""conv_transpose2d_sub_tanh: tanh of a transposed convolution minus a number."""

import numpy as np

from harness.spec import EPS, Range
from harness.spec_convolution import (
    channels_first,
    channels_last,
    convolution,
    convolution_tolerance,
    convolve_transposed,
)


def reference(x, w, stride, sub_val):
    import mlx.core as mx

    return mx.tanh(mx.conv_transpose2d(x, w, stride=int(stride)) - sub_val)


def oracle(x, w, stride, sub_val):
    return np.tanh(convolve_transposed(x, w, int(stride)) - sub_val)


def in_torch(x, w, stride, sub_val):
    import torch

    filters = w.permute(3, 0, 1, 2)
    z = torch.nn.functional.conv_transpose2d(channels_first(x), filters, stride=int(stride))
    return channels_last(torch.tanh(z - sub_val))


SPEC = convolution(
    "H W",
    "R R",
    "B C_in H W C_out R stride",
    transposed=True,
    summary="y = tanh(x convolved transposed with w - sub_val); NHWC, filters (C_out, R, R, C_in)",
    function="conv_transpose2d_sub_tanh_f32",
    reference=reference,
    oracle=oracle,
    published={
        "B": 8,
        "C_in": 64,
        "H": 32,
        "W": 32,
        "C_out": 128,
        "R": 3,
        "stride": 2,
        "sub_val": 0.5,
    },
    large={"B": 4, "H": 40, "W": 48},
    check=[
        {"B": 1, "C_in": 1, "H": 1, "W": 1, "C_out": 1, "R": 1, "stride": 1},
        {"B": 2, "C_in": 3, "H": 5, "W": 7, "C_out": 5},
        {"B": 1, "C_in": 33, "H": 6, "W": 4, "C_out": 65, "R": 5, "stride": 3},
        {"B": 2, "C_in": 8, "H": 4, "W": 5, "C_out": 68, "R": 2, "stride": 3},
        {"B": 2, "C_in": 12, "H": 7, "W": 6, "C_out": 64, "R": 4, "stride": 1},
    ],
    parameters={"sub_val": Range(-1.0, 1.0)},
    # Published weights saturate 72 % of the results; sums of variance 1 / 2 do not.
    spread=0.7,
    tolerance=convolution_tolerance(transposed=True, ulps=32, absolute=4 * EPS),
    each=5,
    schedule="grid: 32768 1 1\nthreadgroup: 512 1 1",
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
