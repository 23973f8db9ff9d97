"""cumsum_exclusive: the prefix sum over the last axis, without the element itself."""

import numpy as np

from harness.spec import Array, Scalar, rows
from harness.spec_rows import SCANNED, by_rows, serial_scan


def reference(x):
    import mlx.core as mx

    return mx.cumsum(x, axis=-1, inclusive=False)


def in_difference(x):
    import mlx.core as mx

    return mx.cumsum(x, axis=-1) - x


def oracle(x):
    y = np.zeros_like(x)
    np.cumsum(x[:, :-1], axis=-1, out=y[:, 1:])
    return y


def in_torch(x):
    import torch

    return torch.cumsum(x, dim=-1) - x


SPEC = by_rows(
    SCANNED,
    summary="y[i] = x[0] + ... + x[i - 1] along each row, y[0] = 0",
    function="cumsum_exclusive_f32",
    reference=reference,
    forms={"difference": in_difference},
    oracle=oracle,
    inputs={"x": Array(*SCANNED.shape, values=rows(means=0.5, stds=3.0))},
    outputs={"y": Array(*SCANNED.shape)},
    scalars={"C": Scalar("uint32", "cols")},
    flops=1,
    tolerance=serial_scan(lambda x: x),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
