"""cumprod: the inclusive prefix product over the last axis."""

import numpy as np

from harness.spec import EPS, Array, Scalar, elementwise, normal
from harness.spec_rows import SCANNED, by_rows


def near_one(rng, shape, point):
    """Factors of both signs whose products stay near one; in a sixteenth of the rows, a zero."""
    x = np.exp(normal(std=min(0.5, 2 * shape[-1] ** -0.5))(rng, shape, point))
    x[rng.random(shape, dtype=np.float32) < 0.5] *= -1
    ending = np.flatnonzero(rng.random(len(x)) < 1 / 16)
    x[ending, rng.integers(shape[-1], size=ending.size)] = 0.0
    return x


def reference(x):
    import mlx.core as mx

    return mx.cumprod(x, axis=-1)


def oracle(x):
    return np.cumprod(x, axis=-1)


def in_torch(x):
    import torch

    return torch.cumprod(x, dim=-1)


def rounding(inputs, expected, point):
    """Relative 2 n eps for n factors."""
    return 2 * EPS * np.arange(1, expected.shape[-1] + 1) * np.abs(expected)


SPEC = by_rows(
    SCANNED,
    summary="y[i] = x[0] * ... * x[i] along each row",
    function="cumprod_f32",
    reference=reference,
    oracle=oracle,
    inputs={"x": Array(*SCANNED.shape, values=near_one)},
    outputs={"y": Array(*SCANNED.shape)},
    scalars={"N": Scalar("uint32", "cols")},
    flops=1,
    tolerance=elementwise(rounding, "relative 2 n eps for n factors"),
    schedule="grid: 256 rows 1\nthreadgroup: 256 1 1",
    numpy_form=oracle,
    torch_form=in_torch,
    published_tolerance=(1e-3, 1e-3),
    notes="Factors scatter less in longer rows, so that every product stays within a few powers "
    "of ten of one until a zero ends it.",
)
