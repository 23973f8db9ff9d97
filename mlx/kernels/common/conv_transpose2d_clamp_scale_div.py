"""conv_transpose2d_clamp_scale_div: a biased transposed convolution, clamped and scaled."""

import numpy as np

from harness.spec import Array, Range, normal
from harness.spec_convolution import (
    channels_first,
    channels_last,
    convolution,
    convolution_tolerance,
    convolve_transposed,
)


def reference(x, w, b, stride, scale, div):
    import mlx.core as mx

    z = mx.conv_transpose2d(x, w, stride=int(stride)) + b
    return mx.clip(mx.clip(z, -1, 1) * scale, -1, 1) / div


def oracle(x, w, b, stride, scale, div):
    z = convolve_transposed(x, w, int(stride)) + b
    return np.clip(np.clip(z, -1, 1) * scale, -1, 1) / div


def in_torch(x, w, b, stride, scale, div):
    import torch

    filters = w.permute(3, 0, 1, 2)
    z = torch.nn.functional.conv_transpose2d(channels_first(x), filters, b, stride=int(stride))
    return channels_last((z.clamp(-1, 1) * scale).clamp(-1, 1) / div)


SPEC = convolution(
    "H W",
    "R R",
    "B C_in H W C_out R stride",
    transposed=True,
    summary="y = clip(clip(x convolved transposed with w + b, -1, 1) * scale, -1, 1) / div; NHWC",
    function="conv_transpose2d_clamp_scale_div_f32",
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
        "scale": 2.0,
        "div": 2.0,
    },
    large={"B": 4, "H": 40, "W": 48},
    check=[
        {"B": 1, "C_in": 1, "H": 1, "W": 1, "C_out": 1, "R": 1, "stride": 1},
        {"B": 2, "C_in": 3, "H": 5, "W": 7, "C_out": 5},
        {"B": 1, "C_in": 33, "H": 6, "W": 4, "C_out": 65, "R": 5, "stride": 3},
        {"B": 2, "C_in": 8, "H": 4, "W": 5, "C_out": 68, "R": 2, "stride": 3},
        {"B": 2, "C_in": 12, "H": 7, "W": 6, "C_out": 64, "R": 4, "stride": 1},
    ],
    beside={"b": Array("C_out", values=normal(std=0.2))},
    parameters={"scale": Range(0.25, 4.0), "div": Range(0.25, 4.0)},
    # Published weights clamp 96 % of the results, these about a fifth.
    spread=0.35,
    tolerance=convolution_tolerance(
        transposed=True, slope=lambda point: point["scale"] / point["div"]
    ),
    each=6,
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
