"""max_pool3d: maxima of three-dimensional windows, channels last, no padding."""

from harness.spec_convolution import channels_first, channels_last, max_of_windows, pooling


def reference(x, k, stride):
    import mlx.nn as nn

    return nn.MaxPool3d(int(k), int(stride))(x)


def oracle(x, k, stride):
    return max_of_windows(x, k, stride)


def in_torch(x, k, stride):
    import torch

    pooled = torch.nn.functional.max_pool3d(channels_first(x), int(k), int(stride))
    return channels_last(pooled)


SPEC = pooling(
    "D H W",
    summary="y = maxima of windows of side k, every stride elements; NDHWC, no padding",
    function="max_pool3d_f32",
    reference=reference,
    oracle=oracle,
    published={"B": 4, "D": 32, "H": 32, "W": 32, "C": 32, "k": 2, "stride": 2},
    large={"B": 8, "D": 64, "H": 64, "W": 64, "C": 32},
    check=[
        {"B": 1, "D": 1, "H": 1, "W": 1, "C": 1, "k": 1, "stride": 1},
        {"B": 2, "D": 5, "H": 7, "W": 12, "C": 3},
        {"B": 1, "D": 9, "H": 8, "W": 10, "C": 33, "k": 3, "stride": 1},
        {"B": 2, "D": 6, "H": 9, "W": 7, "C": 36, "k": 2, "stride": 3},
    ],
    largest=True,
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(0.0, 0.0),
    notes="No scalar carries the grid's size; files declare their own dispatch.",
)
