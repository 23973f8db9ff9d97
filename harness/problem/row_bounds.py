"""How far float32 may be off in row operations: scans, normalisations, logarithms of sums.

Each function takes values as stored, rows along the last axis, and gives an absolute bound. Lanes
that add like values round the same way each time: over n columns, L lanes may miss the sum by n /
(2 L) EPS of it. `lanes` is how few a right kernel may use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem.arguments import call_by_name
from harness.problem.tolerance import EPS, Inputs, Tolerance, elementwise

Values = npt.NDArray[Any]

SIMD_LANES = 32
#: A fast logarithm near 1 is good to 2^-21, elsewhere to 3 ulp; twice that.
LOGARITHM = 2.0**-20


def serial_scan(terms: Callable[..., Values], reverse: bool = False) -> Tolerance:
    """Twice the largest error of a serial float32 scan of the row.

    At least 2 + log2(n) EPS of n terms: a tree rounds so often, and short rows may be added by
    luck. `terms` gives what is added, from inputs by name; `reverse`: sums run from the end.
    """

    def rule(inputs: Inputs, expected: Values, point: Mapping[str, float]) -> Values:
        added = np.asarray(call_by_name(terms, {**point, **inputs}))
        if reverse:
            added = added[..., ::-1]
        right = np.cumsum(added, axis=-1, dtype=np.float64)
        error = np.abs(np.cumsum(added, axis=-1, dtype=np.float32) - right)
        reordered = np.cumsum(np.abs(added), axis=-1, dtype=np.float64)
        reordered *= (2 + np.log2(added.shape[-1])) * EPS
        bound = np.maximum(2 * error.max(axis=-1, keepdims=True), reordered)
        return np.asarray(bound[..., ::-1] if reverse else bound)

    return elementwise(rule, "twice the error of a serial float32 scan")


def normalised(x: Values, eps: float, lanes: int = SIMD_LANES) -> Values:
    """Of (x - mean) / sqrt(var + eps): relative 1e-5, and what the rounding of both sums does.

    A mean that is off shifts the whole row, above all in rows far from zero.
    """
    cols = x.shape[-1]
    roundings = min(cols - 1, 8) + cols / (2 * lanes)
    wide = x.astype(np.float64)
    highest = np.abs(wide).max(axis=-1, keepdims=True)
    wide -= wide.mean(axis=-1, keepdims=True)
    squares = np.einsum("...i,...i->...", wide, wide)[..., None]
    spread = np.sqrt(squares / cols + eps)
    size = np.abs(wide, out=wide)
    size /= spread
    least = roundings * EPS * highest / spread
    least += 1e-7 * size.max(axis=-1, keepdims=True)
    size *= 1e-5 + cols / (8 * lanes) * EPS
    size += least
    return size


def scaled(x: Values, eps: float, lanes: int = SIMD_LANES) -> Values:
    """Of x / sqrt(mean(x^2) + eps): relative 1e-5, and what the rounding of the sum does."""
    size = np.abs(x.astype(np.float64))
    size /= np.sqrt(np.mean(np.square(size), axis=-1, keepdims=True) + eps)
    least = 1e-7 * size.max(axis=-1, keepdims=True)
    size *= 1e-5 + x.shape[-1] / (8 * lanes) * EPS
    size += least
    return size


def affine(plain: Values, expected: Values, gamma: Values, beta: Values | float = 0.0) -> Values:
    """Of gamma y + beta, where y may be off by `plain` (overwritten): two roundings more."""
    size = np.abs(expected)
    size += np.abs(beta)
    size *= 4 * EPS
    plain *= np.abs(gamma)
    size += plain
    return np.asarray(size)


def log_sum_exp(x: Values) -> Values:
    """Of log(sum(exp(x))), kept as one column: a logarithm and the rounding of its parts.

    Each x is known to EPS of itself, and so is no result better.
    """
    highest = np.abs(np.where(np.isfinite(x), x, 0.0)).max(axis=-1, keepdims=True)
    cols = x.shape[-1]
    rounding = 8 * (highest.astype(np.float64) + np.log(cols)) + cols / (2 * SIMD_LANES)
    return np.asarray(LOGARITHM + EPS * rounding)
