"""selu: the scaled exponential unit."""

import numpy as np

from harness.spec import EPS, mixture
from harness.spec_pointwise import fast_math, unary

SCALE, ALPHA = 1.0507, 1.67326


def reference(x):
    import mlx.core as mx

    return SCALE * mx.where(x > 0, x, ALPHA * (mx.exp(x) - 1))


def with_expm1(x):
    import mlx.core as mx

    return SCALE * mx.where(x > 0, x, ALPHA * mx.expm1(x))


def oracle(x):
    return SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0)))


def in_numpy(x):
    return np.float32(SCALE) * np.where(x > 0, x, np.float32(ALPHA) * np.expm1(np.minimum(x, 0)))


SPEC = unary(
    summary="y = scale * (x if x > 0 else alpha * (exp(x) - 1)), element by element",
    function="selu_f32",
    reference=reference,
    oracle=oracle,
    forms={"mx.expm1": with_expm1},
    numpy_form=in_numpy,
    values=mixture(std=2.0),
    flops=5,
    # exp(x) - 1 in fast math misses by 4 eps below zero, times scale * alpha.
    tolerance=fast_math(absolute=8 * EPS),
    published_tolerance=(1e-3, 1e-3),
    notes="scale = 1.0507 and alpha = 1.67326, rounded as published; no scalar carries them.",
)
