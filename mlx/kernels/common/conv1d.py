"""conv1d: a one-dimensional convolution, channels last, no padding."""

from harness.spec_convolution import channels_first, channels_last, convolution, convolve


def reference(x, w, stride):
    import mlx.core as mx

    return mx.conv1d(x, w, stride=int(stride))


def oracle(x, w, stride):
    return convolve(x, w, int(stride))


def in_torch(x, w, stride):
    import torch

    y = torch.nn.functional.conv1d(channels_first(x), channels_first(w), stride=int(stride))
    return channels_last(y)


SPEC = convolution(
    "L",
    "R",
    "B C_in L C_out R stride",
    summary="y = x convolved with w; NLC, filters (C_out, R, C_in), no padding",
    function="conv1d_f32",
    reference=reference,
    oracle=oracle,
    published={"B": 8, "C_in": 64, "L": 256, "C_out": 128, "R": 3, "stride": 1},
    large={"L": 4096},
    check=[
        {"B": 1, "C_in": 1, "L": 1, "C_out": 1, "R": 1},
        {"B": 2, "C_in": 3, "L": 41, "C_out": 5},
        {"B": 3, "C_in": 33, "L": 67, "C_out": 65, "R": 5, "stride": 2},
        {"B": 2, "C_in": 20, "L": 97, "C_out": 68, "R": 4, "stride": 3},
    ],
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
