"""conv3d_div_pool_rows: a convolution divided, its largest channels averaged along the width."""

from harness.spec import EPS, Array, Cost, Range, blocks, elementwise
from harness.spec_convolution import channels_first, convolution, convolve, float32_error


def reference(x, w, div_val, bias_val):
    import mlx.core as mx

    largest = mx.max(mx.conv3d(x, w) / div_val, axis=-1)
    return mx.mean(largest, axis=-1) + bias_val


def oracle(x, w, div_val, bias_val):
    largest = convolve(x, w).max(axis=-1) / div_val
    return largest.mean(axis=-1) + bias_val


def in_torch(x, w, div_val, bias_val):
    import torch

    z = torch.nn.functional.conv3d(channels_first(x), channels_first(w))
    largest = (z / div_val).amax(dim=1)
    return largest.mean(dim=-1) + bias_val


def bound(inputs, expected, point):
    """The largest of the sums' errors, averaged as they are, and the roundings of a short sum."""
    error = float32_error(inputs["x"], inputs["w"], 1).max(axis=-1).mean(axis=-1)
    return error / point["div_val"] + 8 * EPS * (abs(point["bias_val"]) + abs(expected))


def cost(point):
    pixels = point["B"]
    for side in ("D", "H", "W"):
        pixels *= point[side] - point["R"] + 1
    taps = point["C_in"] * point["R"] ** 3
    inputs = point["B"] * point["D"] * point["H"] * point["W"] * point["C_in"]
    made = pixels // (point["W"] - point["R"] + 1)
    return Cost(
        flops=2 * pixels * taps * point["C_out"],
        bytes=4 * (inputs + taps * point["C_out"] + made),
    )


SPEC = convolution(
    "D H W",
    "R R R",
    "B C_in D H W C_out R",
    summary="y = mean over the width of max over channels of conv3d(x, w) / div_val, plus bias_val",
    function="conv3d_div_pool_rows_f32",
    reference=reference,
    oracle=oracle,
    x=blocks(block=4096),
    outputs={"y": Array("B", "D - R + 1", "H - R + 1")},
    parameters={"div_val": Range(0.5, 4.0), "bias_val": Range(-1.0, 1.0)},
    # A sixth of the published arithmetic, which takes MLX seconds on a CPU, for 1232 numbers.
    published={
        "B": 4,
        "C_in": 16,
        "D": 16,
        "H": 24,
        "W": 32,
        "C_out": 64,
        "R": 3,
        "div_val": 2.0,
        "bias_val": 0.5,
    },
    large={"B": 1, "D": 24, "H": 40, "W": 48},
    check=[
        {"B": 1, "C_in": 1, "D": 1, "H": 1, "W": 1, "C_out": 1, "R": 1},
        {"B": 2, "C_in": 3, "D": 5, "H": 4, "W": 7, "C_out": 5, "bias_val": -0.75},
        {"B": 1, "C_in": 9, "D": 4, "H": 5, "W": 43, "C_out": 65, "R": 3, "div_val": 0.7},
        {"B": 2, "C_in": 8, "D": 5, "H": 7, "W": 6, "C_out": 130, "R": 2},
    ],
    tolerance=elementwise(bound, "8 x the mean error of the largest sums in float32"),
    cost=cost,
    torch_form=in_torch,
    corrects="conv3d_div_pool_sum",
    notes="A number a row of positions instead of one for everything; means of x differ by block.",
)
