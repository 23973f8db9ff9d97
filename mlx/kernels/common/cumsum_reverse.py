"""cumsum_reverse: the inclusive suffix sum over the last axis."""

import numpy as np

from harness.spec import Array, Scalar, rows
from harness.spec_rows import SCANNED, by_rows, serial_scan


def reference(x):
    import mlx.core as mx

    return mx.cumsum(x, axis=-1, reverse=True)


def oracle(x):
    return np.cumsum(x[:, ::-1], axis=-1)[:, ::-1]


def in_torch(x):
    import torch

    return torch.flip(torch.cumsum(torch.flip(x, [-1]), dim=-1), [-1])


SPEC = by_rows(
    SCANNED,
    summary="y[i] = x[i] + ... + x[cols - 1] along each row",
    function="cumsum_reverse_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array(*SCANNED.shape, values=rows(means=0.5, stds=3.0))},
    outputs={"y": Array(*SCANNED.shape)},
    scalars={"N": Scalar("uint32", "cols")},
    flops=2,
    tolerance=serial_scan(lambda x: x, reverse=True),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
)
