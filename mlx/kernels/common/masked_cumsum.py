"""masked_cumsum: the prefix sum over the last axis of the elements that a mask keeps."""

import numpy as np

from harness.spec import Array, Scalar, mask, rows
from harness.spec_rows import PAIRED, by_rows, serial_scan


def reference(x, m):
    import mlx.core as mx

    return mx.cumsum(x * m, axis=-1)


def oracle(x, m):
    return np.cumsum(x * m, axis=-1)


def in_torch(x, m):
    import torch

    return torch.cumsum(x * m, dim=-1)


SPEC = by_rows(
    PAIRED,
    summary="y[i] = x[0] m[0] + ... + x[i] m[i] along each row",
    function="masked_cumsum_f32",
    reference=reference,
    oracle=oracle,
    inputs={
        "x": Array(*PAIRED.shape, values=rows(means=0.5, stds=3.0)),
        "m": Array(*PAIRED.shape, values=mask(density=None)),
    },
    outputs={"y": Array(*PAIRED.shape)},
    scalars={"C": Scalar("uint32", "cols")},
    flops=2,
    tolerance=serial_scan(lambda x, m: x * m),
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="The mask holds zeros and ones, of another density in every row; one row keeps "
    "everything, one nothing, one a single element.",
)
