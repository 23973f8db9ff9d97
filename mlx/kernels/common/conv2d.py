"""conv2d: a two-dimensional convolution, channels last, no padding."""

import numpy as np

from harness.spec import (
    EPS,
    Array,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Sizes,
    blocked_product,
    elementwise,
    normal,
)

_SAMPLED_PIXELS = 128


def reference(x, w, stride):
    import mlx.core as mx

    return mx.conv2d(x, w, stride=int(stride))


def oracle(x, w, stride):
    """One matrix product a filter tap: no more memory than the output twice."""
    stride = int(stride)
    batch, height, width, _ = x.shape
    c_out, r_taps, s_taps, _ = w.shape
    out_h = (height - r_taps) // stride + 1
    out_w = (width - s_taps) // stride + 1
    y = np.zeros((batch, out_h, out_w, c_out), dtype=x.dtype)
    for r in range(r_taps):
        for s in range(s_taps):
            rows = slice(r, r + (out_h - 1) * stride + 1, stride)
            cols = slice(s, s + (out_w - 1) * stride + 1, stride)
            y += x[:, rows, cols] @ w[:, r, s].T
    return y


def in_torch(x, w, stride):
    import torch

    y = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), w.permute(0, 3, 1, 2), stride=int(stride))
    return y.permute(0, 2, 3, 1).contiguous()


def bound(inputs, expected, point):
    """8 times the largest error of float32 products over K in steps of 8, at sampled pixels.

    Errors are measured in units of the sum of the absolute terms of their element.
    """
    x, w, stride = inputs["x"], inputs["w"], int(point["stride"])
    c_out, r_taps, s_taps, c_in = w.shape
    windows = np.lib.stride_tricks.sliding_window_view(x, (r_taps, s_taps), axis=(1, 2))
    windows = windows[:, ::stride, ::stride]
    pixels = np.arange(0, expected.size // c_out, max(1, expected.size // c_out // _SAMPLED_PIXELS))
    sampled = windows[np.unravel_index(pixels, expected.shape[:3])]
    patches = sampled.transpose(0, 2, 3, 1).reshape(pixels.size, -1)
    filters = w.reshape(c_out, r_taps * s_taps * c_in).T
    error = np.abs(blocked_product(patches, filters) - expected.reshape(-1, c_out)[pixels])
    largest = np.max(error / (np.abs(patches) @ np.abs(filters)))
    terms = oracle(np.abs(x), np.abs(w), stride)
    return np.maximum(max(8 * largest, 2 * EPS) * terms, 4 * EPS * np.abs(expected))


def cost(point):
    out_h = (point["H"] - point["R"]) // point["stride"] + 1
    out_w = (point["W"] - point["S"]) // point["stride"] + 1
    taps = point["R"] * point["S"] * point["C_in"]
    pixels = point["B"] * out_h * out_w
    inputs = point["B"] * point["H"] * point["W"] * point["C_in"]
    return Cost(
        flops=2 * pixels * point["C_out"] * taps,
        bytes=4 * (inputs + point["C_out"] * taps + pixels * point["C_out"]),
    )


SPEC = KernelSpec(
    summary="y = x convolved with w; NHWC, filters (C_out, R, S, C_in), no padding",
    function="conv2d_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "x": Array("B", "H", "W", "C_in", values=normal()),
        "w": Array(
            "C_out",
            "R",
            "S",
            "C_in",
            values=normal(std=lambda point: (point["R"] * point["S"] * point["C_in"]) ** -0.5),
        ),
    },
    outputs={
        "y": Array("B", "ceil_div(H - R + 1, stride)", "ceil_div(W - S + 1, stride)", "C_out")
    },
    scalars={
        name: Scalar("uint32", name)
        for name in ("B", "C_in", "H", "W", "C_out", "R", "S", "stride")
    },
    domain=Domain(
        {
            "B": Range(1, 32),
            "C_in": Range(1, 256),
            "H": Range(1, 128),
            "W": Range(1, 128),
            "C_out": Range(1, 256),
            "R": Range(1, 7),
            "S": Range(1, 7),
            "stride": Range(1, 4),
        },
        constraints=("R <= H", "S <= W"),
        max_elements=1 << 22,
    ),
    sizes=Sizes(
        published={
            "B": 8,
            "C_in": 64,
            "H": 64,
            "W": 64,
            "C_out": 128,
            "R": 3,
            "S": 3,
            "stride": 1,
        },
        large={"B": 16, "C_in": 128, "H": 56, "W": 56},
        check=[
            {"B": 1, "C_in": 1, "H": 1, "W": 1, "C_out": 1, "R": 1, "S": 1},
            {"B": 2, "C_in": 3, "H": 7, "W": 12, "C_out": 5},
            {"B": 1, "C_in": 33, "H": 13, "W": 11, "C_out": 65, "R": 5, "S": 5, "stride": 2},
            {"B": 3, "C_in": 20, "H": 17, "W": 9, "C_out": 66, "R": 1, "S": 2, "stride": 3},
            {"B": 2, "C_in": 16, "H": 10, "W": 10, "C_out": 64},
        ],
    ),
    tolerance=elementwise(bound, "8 x the error of products in float32, K in steps of 8"),
    cost=cost,
    schedule="grid: 65536 1 1\nthreadgroup: 1024 1 1",
    torch_form=in_torch,
    numpy_form=oracle,
    chunked=("x",),
    published_tolerance=(1e-3, 1e-3),
)
