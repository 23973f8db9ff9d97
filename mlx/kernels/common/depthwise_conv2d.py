"""depthwise_conv2d: every channel convolved with a filter of its own, channels last, no padding."""

import numpy as np

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes, calibrated, normal
from harness.spec_convolution import channels_first, channels_last, tap_views


def reference(x, w, stride):
    import mlx.core as mx

    return mx.conv2d(x, w, stride=int(stride), groups=x.shape[-1])


def oracle(x, w, stride):
    total = None
    for tap, view in tap_views(x, w.shape[1:3], int(stride)):
        products = view * w[:, tap[0], tap[1], 0]
        total = products if total is None else np.add(total, products, out=total)
    return total


def in_torch(x, w, stride):
    import torch

    filters = channels_first(w)
    convolved = torch.nn.functional.conv2d(
        channels_first(x), filters, stride=int(stride), groups=len(w)
    )
    return channels_last(convolved)


def absolute_terms(inputs, expected, point):
    return oracle(np.abs(inputs["x"]), np.abs(inputs["w"]), point["stride"])


def cost(point):
    out_h = (point["H"] - point["R"]) // point["stride"] + 1
    out_w = (point["W"] - point["S"]) // point["stride"] + 1
    pixels = point["B"] * out_h * out_w
    read = point["B"] * point["H"] * point["W"] + point["R"] * point["S"]
    return Cost(
        flops=2 * pixels * point["C"] * point["R"] * point["S"],
        bytes=4 * point["C"] * (read + pixels),
    )


SPEC = KernelSpec(
    summary="y = every channel of x convolved with its own filter; NHWC, filters (C, R, S, 1)",
    function="depthwise_conv2d_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "x": Array("B", "H", "W", "C", values=normal()),
        "w": Array(
            "C", "R", "S", 1, values=normal(std=lambda point: (point["R"] * point["S"]) ** -0.5)
        ),
    },
    outputs={
        "y": Array("B", "ceil_div(H - R + 1, stride)", "ceil_div(W - S + 1, stride)", "C"),
    },
    scalars={name: Scalar("uint32", name) for name in ("B", "C", "H", "W", "R", "S", "stride")},
    domain=Domain(
        {
            "B": Range(1, 32),
            "C": Range(1, 512),
            "H": Range(1, 128),
            "W": Range(1, 128),
            "R": Range(1, 5),
            "S": Range(1, 5),
            "stride": Range(1, 3),
        },
        constraints=("R <= H", "S <= W"),
        max_elements=1 << 22,
    ),
    sizes=Sizes(
        published={"B": 8, "C": 64, "H": 64, "W": 64, "R": 3, "S": 3, "stride": 1},
        large={"B": 16, "C": 128, "H": 128, "W": 128},
        check=[
            {"B": 1, "C": 1, "H": 1, "W": 1, "R": 1, "S": 1},
            {"B": 2, "C": 3, "H": 7, "W": 12},
            {"B": 1, "C": 33, "H": 13, "W": 21, "R": 5, "S": 4, "stride": 3},
            {"B": 2, "C": 36, "H": 70, "W": 19, "R": 1, "S": 2, "stride": 2},
        ],
    ),
    tolerance=calibrated(oracle, scale=absolute_terms),
    cost=cost,
    schedule="grid: 65536 1 1\nthreadgroup: 1024 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    chunked=("x",),
    published_tolerance=(1e-3, 1e-3),
)
