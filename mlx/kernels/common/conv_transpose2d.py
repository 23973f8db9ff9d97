"""conv_transpose2d: a transposed two-dimensional convolution, channels last."""

from harness.spec_convolution import channels_first, channels_last, convolution, convolve_transposed


def reference(x, w, stride):
    import mlx.core as mx

    return mx.conv_transpose2d(x, w, stride=int(stride))


def oracle(x, w, stride):
    return convolve_transposed(x, w, int(stride))


def in_torch(x, w, stride):
    import torch

    filters = w.permute(3, 0, 1, 2)
    z = torch.nn.functional.conv_transpose2d(channels_first(x), filters, stride=int(stride))
    return channels_last(z)


SPEC = convolution(
    "H W",
    "R R",
    "B C_in H W C_out R stride",
    transposed=True,
    summary="y[i * stride + r] += x[i] w[r] in two dimensions; NHWC, filters (C_out, R, R, C_in)",
    function="conv_transpose2d_f32",
    reference=reference,
    oracle=oracle,
    published={"B": 8, "C_in": 64, "H": 32, "W": 32, "C_out": 128, "R": 3, "stride": 2},
    large={"B": 4, "H": 40, "W": 48},
    check=[
        {"B": 1, "C_in": 1, "H": 1, "W": 1, "C_out": 1, "R": 1, "stride": 1},
        {"B": 2, "C_in": 3, "H": 5, "W": 7, "C_out": 5},
        {"B": 1, "C_in": 33, "H": 6, "W": 4, "C_out": 65, "R": 5, "stride": 3},
        {"B": 2, "C_in": 8, "H": 4, "W": 5, "C_out": 68, "R": 2, "stride": 3},
        {"B": 2, "C_in": 12, "H": 7, "W": 6, "C_out": 64, "R": 4, "stride": 1},
    ],
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
