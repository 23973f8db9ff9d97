"""avg_pool2d: means of two-dimensional windows, channels last, no padding."""

from harness.spec_convolution import channels_first, channels_last, mean_of_windows, pooling


def reference(x, k, stride):
    import mlx.nn as nn

    return nn.AvgPool2d(int(k), int(stride))(x)


def oracle(x, k, stride):
    return mean_of_windows(x, k, stride)


def in_torch(x, k, stride):
    import torch

    pooled = torch.nn.functional.avg_pool2d(channels_first(x), int(k), int(stride))
    return channels_last(pooled)


SPEC = pooling(
    "H W",
    summary="y = means of windows of side k, every stride elements; NHWC, no padding",
    function="avg_pool2d_f32",
    reference=reference,
    oracle=oracle,
    published={"B": 8, "H": 64, "W": 64, "C": 64, "k": 2, "stride": 2},
    large={"B": 32, "H": 128, "W": 128, "C": 128},
    check=[
        {"B": 1, "H": 1, "W": 1, "C": 1, "k": 1, "stride": 1},
        {"B": 2, "H": 11, "W": 23, "C": 3, "k": 3},
        {"B": 1, "H": 17, "W": 13, "C": 33, "k": 5, "stride": 1},
        {"B": 3, "H": 20, "W": 31, "C": 36, "k": 2, "stride": 3},
    ],
    largest=False,
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-5, 1e-6),
    notes="No scalar carries the grid's size; files declare their own dispatch.",
)
