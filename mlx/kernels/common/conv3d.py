"""conv3d: a three-dimensional convolution, channels last, no padding."""

from harness.spec_convolution import channels_first, channels_last, convolution, convolve


def reference(x, w, stride):
    import mlx.core as mx

    return mx.conv3d(x, w, stride=int(stride))


def oracle(x, w, stride):
    return convolve(x, w, int(stride))


def in_torch(x, w, stride):
    import torch

    y = torch.nn.functional.conv3d(channels_first(x), channels_first(w), stride=int(stride))
    return channels_last(y)


SPEC = convolution(
    "D H W",
    "R R R",
    "B C_in D H W C_out R stride",
    summary="y = x convolved with w; NDHWC, filters (C_out, R, R, R, C_in), no padding",
    function="conv3d_f32",
    reference=reference,
    oracle=oracle,
    published={"B": 4, "C_in": 32, "D": 32, "H": 32, "W": 32, "C_out": 64, "R": 3, "stride": 1},
    large={"B": 1, "C_in": 16, "D": 24, "H": 40, "W": 48},
    check=[
        {"B": 1, "C_in": 1, "D": 1, "H": 1, "W": 1, "C_out": 1, "R": 1},
        {"B": 2, "C_in": 3, "D": 5, "H": 4, "W": 7, "C_out": 5, "stride": 2},
        {"B": 1, "C_in": 33, "D": 6, "H": 7, "W": 9, "C_out": 65, "R": 5, "stride": 2},
        {"B": 2, "C_in": 8, "D": 5, "H": 7, "W": 6, "C_out": 68, "R": 2, "stride": 3},
    ],
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
