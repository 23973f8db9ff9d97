"""conv3d_softmax_pool: softmax over the channels of a convolution, max pooling twice."""

from harness.spec import Array, Cost, elementwise, softmax
from harness.spec_convolution import (
    channels_first,
    channels_last,
    convolution,
    convolve,
    float32_error,
    max_of_windows,
)


def reference(x, w):
    import mlx.core as mx
    import mlx.nn as nn

    pool = nn.MaxPool3d(2, 2)
    return pool(pool(mx.softmax(mx.conv3d(x, w), axis=-1)))


def oracle(x, w):
    return max_of_windows(softmax(convolve(x, w)), 4, 4)


def in_torch(x, w):
    import torch

    z = torch.nn.functional.conv3d(channels_first(x), channels_first(w))
    pooled = torch.nn.functional.max_pool3d(torch.softmax(z, dim=1), 2)
    return channels_last(torch.nn.functional.max_pool3d(pooled, 2))


def bound(inputs, expected, point):
    """Logits off by e change a probability p by at most 2 e p; 32 ulp for fast exponentials."""
    error = float32_error(inputs["x"], inputs["w"], 1).max()
    return (2 * error + 32 * 2.0**-23) * expected


def cost(point):
    pooled = point["B"]
    for side in ("D", "H", "W"):
        pooled *= (point[side] - point["R"] + 1) // 4
    taps = point["C_in"] * point["R"] ** 3
    pixels = point["B"] * point["D"] * point["H"] * point["W"]
    return Cost(
        flops=2 * 64 * pooled * point["C_out"] * taps,
        bytes=4 * (pixels * point["C_in"] + point["C_out"] * (taps + pooled)),
    )


SPEC = convolution(
    "D H W",
    "R R R",
    "B C_in D H W C_out R",
    summary="y = maxima, in cubes of side 4, of softmax over channels of x convolved with w; NDHWC",
    function="conv3d_softmax_pool_f32",
    reference=reference,
    oracle=oracle,
    outputs={
        "y": Array("B", "(D - R + 1) / 4", "(H - R + 1) / 4", "(W - R + 1) / 4", "C_out"),
    },
    published={"B": 4, "C_in": 32, "D": 32, "H": 32, "W": 32, "C_out": 64, "R": 3},
    large={"B": 1, "C_in": 16, "D": 26, "H": 38, "W": 46},
    check=[
        {"B": 1, "C_in": 1, "D": 4, "H": 4, "W": 4, "C_out": 2, "R": 1},
        {"B": 2, "C_in": 3, "D": 6, "H": 9, "W": 11, "C_out": 5},
        {"B": 1, "C_in": 9, "D": 8, "H": 8, "W": 12, "C_out": 65, "R": 3},
        {"B": 1, "C_in": 8, "D": 5, "H": 10, "W": 9, "C_out": 130, "R": 2},
    ],
    constraints=("D >= R + 3", "H >= R + 3", "W >= R + 3", "C_out >= 2"),
    tolerance=elementwise(bound, "twice 8 x the error of the logits in float32, and 32 ulp"),
    cost=cost,
    schedule="grid: 65536 1 1\nthreadgroup: 256 1 1",
    torch_form=in_torch,
    published_tolerance=(1e-2, 1e-2),
    notes="The two pools of side 2 are one of side 4, whatever the extents: what the first leaves "
    "over, the second would too. Logits have variance 1, so no channel takes all.",
)
