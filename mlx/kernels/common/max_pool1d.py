"""max_pool1d: maxima of one-dimensional windows, channels last, no padding."""

from harness.spec_convolution import channels_first, channels_last, max_of_windows, pooling


def reference(x, k, stride):
    import mlx.nn as nn

    return nn.MaxPool1d(int(k), int(stride))(x)


def oracle(x, k, stride):
    return max_of_windows(x, k, stride)


def in_torch(x, k, stride):
    import torch

    pooled = torch.nn.functional.max_pool1d(channels_first(x), int(k), int(stride))
    return channels_last(pooled)


SPEC = pooling(
    "L",
    summary="y = maxima of windows of side k, every stride elements; NLC, no padding",
    function="max_pool1d_f32",
    reference=reference,
    oracle=oracle,
    published={"B": 8, "L": 256, "C": 64, "k": 3, "stride": 2},
    large={"B": 32, "L": 8192, "C": 192},
    check=[
        {"B": 1, "L": 1, "C": 1, "k": 1, "stride": 1},
        {"B": 2, "L": 37, "C": 3, "k": 5},
        {"B": 3, "L": 101, "C": 33, "k": 2, "stride": 3},
        {"B": 2, "L": 67, "C": 36, "k": 4, "stride": 1},
    ],
    largest=True,
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(0.0, 0.0),
    notes="No scalar carries the grid's size; files declare their own dispatch.",
)
