"""conv2d: a two-dimensional convolution, channels last, no padding."""

from harness.spec_convolution import channels_first, channels_last, convolution, convolve


def reference(x, w, stride):
    import mlx.core as mx

    return mx.conv2d(x, w, stride=int(stride))


def oracle(x, w, stride):
    return convolve(x, w, int(stride))


def in_torch(x, w, stride):
    import torch

    y = torch.nn.functional.conv2d(channels_first(x), channels_first(w), stride=int(stride))
    return channels_last(y)


SPEC = convolution(
    "H W",
    "R S",
    "B C_in H W C_out R S stride",
    summary="y = x convolved with w; NHWC, filters (C_out, R, S, C_in), no padding",
    function="conv2d_f32",
    reference=reference,
    oracle=oracle,
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
    large={"B": 5, "C_in": 128, "H": 56, "W": 56},
    check=[
        {"B": 1, "C_in": 1, "H": 1, "W": 1, "C_out": 1, "R": 1, "S": 1},
        {"B": 2, "C_in": 3, "H": 7, "W": 12, "C_out": 5},
        {"B": 1, "C_in": 33, "H": 13, "W": 11, "C_out": 65, "R": 5, "S": 5, "stride": 2},
        {"B": 3, "C_in": 20, "H": 17, "W": 9, "C_out": 66, "R": 1, "S": 2, "stride": 3},
        {"B": 2, "C_in": 16, "H": 10, "W": 10, "C_out": 64},
    ],
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
