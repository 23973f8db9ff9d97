"""rope_embedding: pairs of columns turned by angles that grow with the row."""

import numpy as np

from harness.spec import Array, Range, Scalar, Sizes, elementwise, normal
from harness.spec_pointwise import Form
from harness.spec_rows import Parameter, by_rows

FORM = Form(
    ranges={"S": Range(1, 1 << 14), "D": Range(2, 4096, multiple=2)},
    sizes=Sizes(
        published={"S": 128, "D": 64},
        large={"S": 16384, "D": 2048},
        check=[
            {"S": 1, "D": 2},
            {"S": 17, "D": 6, "base": 500.0},
            {"S": 131, "D": 32},
            {"S": 9, "D": 130, "base": 5e5},
        ],
    ),
    schedule="grid: S * D / 2 1 1\nthreadgroup: 256 1 1",
)


#: Rows whose angles are held at a time.
PIECE = 1024


def reference(x, base):
    import mlx.core as mx

    rows, width = x.shape
    turns = mx.power(float(base), mx.arange(0, width, 2, dtype=mx.float32) * (-1 / width))
    angle = mx.arange(rows, dtype=mx.float32)[:, None] * turns
    cos, sin = mx.cos(angle), mx.sin(angle)
    even, odd = x[:, 0::2], x[:, 1::2]
    turned = mx.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1)
    return turned.reshape(rows, width)


def in_fast(x, base):
    import mlx.core as mx

    return mx.fast.rope(x[None], x.shape[1], traditional=True, base=base, scale=1.0, offset=0)[0]


def turns_of(width, base):
    """The angle by which one row more turns each pair."""
    return float(base) ** (-np.arange(0, width, 2) / width)


def oracle(x, base):
    turns = turns_of(x.shape[1], base)
    pairs = np.ascontiguousarray(x).view(np.complex128)
    y = np.empty_like(pairs)
    for start in range(0, len(x), PIECE):
        angle = np.arange(start, min(start + PIECE, len(x)))[:, None] * turns
        y[start : start + PIECE] = pairs[start : start + PIECE] * np.exp(1j * angle)
    return y.view(np.float64)


def in_torch(x, base):
    import torch

    rows, width = x.shape
    turns = base ** (torch.arange(0, width, 2, dtype=torch.float32) * (-1 / width))
    angle = torch.arange(rows, dtype=torch.float32)[:, None] * turns
    turned = torch.view_as_complex(x.reshape(rows, -1, 2)) * torch.polar(
        torch.ones_like(angle), angle
    )
    return torch.view_as_real(turned).reshape(rows, width)


def angle_rounding(inputs, expected, point):
    """Of each pair's length 1e-6, and 1e-6 of the angle: a frequency has eps of its own."""
    bound = np.abs(expected.view(np.complex128))
    turns = 1e-6 * turns_of(expected.shape[1], point["base"])
    for start in range(0, len(bound), PIECE):
        rows = np.arange(start, min(start + PIECE, len(bound)))[:, None]
        bound[start : start + PIECE] *= 1e-6 + rows * turns
    return np.repeat(bound, 2, axis=1)


SPEC = by_rows(
    FORM,
    summary="y = x with columns (2i, 2i + 1) of row p turned by p / base^(2i / D)",
    function="rope_embedding_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=oracle,
    inputs={"x": Array(*FORM.shape, values=normal())},
    outputs={"y": Array(*FORM.shape)},
    scalars={"S": Scalar("uint32", "S"), "D": Scalar("uint32", "D")},
    parameters={"base": Parameter(1e4, 100.0, 1e6)},
    flops=3,
    chunked=(),
    tolerance=elementwise(angle_rounding, "1e-6 (1 + angle) of the pair's length"),
    torch_form=in_torch,
    published_tolerance=(1e-4, 1e-5),
    notes="At the published 64 KiB the launch is measured; at `large` the memory.",
)
