"""Formulas in NumPy that several definitions share: activations, softmax, attention, rotation.

They compute in the precision they are given: an oracle passes float64, a calibrated tolerance
float32.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]

_STEP = 1 / 32
#: Queries whose scores are held at a time: all scores of a long sequence would not fit.
_QUERIES = 256


def _erf_series() -> tuple[Values, list[Values]]:
    """Nodes, and the coefficients of erf's Taylor series around each: NumPy has no erf."""
    nodes = np.arange(-6, 6 + _STEP, _STEP)
    terms: list[Values] = [
        np.array([math.erf(node) for node in nodes]),
        2 / math.sqrt(math.pi) * np.exp(-np.square(nodes)),
    ]
    terms.append(-nodes * terms[1])
    for k in range(2, 7):
        # erf'' = -2 z erf', differentiated k - 1 times.
        terms.append(-2 * (nodes * terms[k] + (k - 1) / k * terms[k - 1]) / (k + 1))
    return nodes, terms


_NODES, _TERMS = _erf_series()


def erf(z: Values) -> Values:
    """The error function in float64, to 1e-15."""
    z = np.clip(np.asarray(z, dtype=np.float64), -6.0, 6.0)
    nearest = np.rint((z + 6.0) / _STEP).astype(np.int32)
    z -= _NODES[nearest]
    value = _TERMS[-1][nearest]
    for term in reversed(_TERMS[:-1]):
        value *= z
        value += term[nearest]
    return np.asarray(value)


def gelu(z: Values) -> Values:
    """The exact gelu, z times the normal distribution function; in the precision of z."""
    return np.asarray(0.5 * z * (1 + erf(z / math.sqrt(2))), dtype=z.dtype)


def gelu_tanh(z: Values) -> Values:
    """The tanh form of gelu, off by up to 4.7e-4 from the exact one."""
    return np.asarray(z * sigmoid(math.sqrt(8 / math.pi) * (z + 0.044715 * z * z * z)))


def sigmoid(z: Values) -> Values:
    """The logistic function."""
    return np.asarray(1 / (1 + np.exp(-z)))


def softplus(z: Values) -> Values:
    """log(1 + e^z)."""
    return np.asarray(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))))


def silu(z: Values) -> Values:
    """z times its logistic function."""
    return np.asarray(z / (1 + np.exp(-z)))


def softmax(z: Values) -> Values:
    """softmax over the last axis."""
    weights = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def logsumexp(z: Values) -> Values:
    """log(sum(exp(z))) over the last axis, which stays as one column."""
    highest = z.max(axis=-1, keepdims=True)
    total = np.exp(z - highest).sum(axis=-1, keepdims=True)
    return np.asarray(highest + np.log(total))


def attention(
    queries: Values, keys: Values, values: Values, scale: float, causal: bool = False
) -> Values:
    """softmax(scale * queries @ keys^T) @ values; (queries, width), (keys, width), (keys, width).

    Causal: query i sees keys 0 … i.
    """
    found = np.empty((len(queries), values.shape[-1]), dtype=values.dtype)
    for first in range(0, len(queries), _QUERIES):
        part = slice(first, first + _QUERIES)
        seen = min(len(keys), first + _QUERIES) if causal else len(keys)
        scores = queries[part] @ keys[:seen].T
        scores *= scale
        if causal:
            below = np.arange(first, first + len(scores))[:, None]
            scores[np.arange(seen) > below] = -np.inf
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        found[part] = scores @ values[:seen] / scores.sum(axis=-1, keepdims=True)
    return found


def heads(x: Values, count: int) -> Values:
    """(rows, count * width) as (count, rows, width)."""
    return np.asarray(x.reshape(len(x), count, -1).transpose(1, 0, 2))


def joined(x: Values) -> Values:
    """(count, rows, width) as (rows, count * width)."""
    return np.asarray(x.transpose(1, 0, 2).reshape(x.shape[1], -1))


def rotated(x: Values, base: float) -> Values:
    """Rotary embedding of (…, positions, width): pair (2i, 2i + 1) turns by position / base^(2i /
    width); angles in float64."""
    width = x.shape[-1]
    turns = np.arange(x.shape[-2])[:, None] * float(base) ** (-np.arange(0, width, 2) / width)
    cos, sin = np.cos(turns).astype(x.dtype), np.sin(turns).astype(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1)
    return np.asarray(turned.reshape(x.shape))
