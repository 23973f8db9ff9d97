"""Small image networks in MLX and in NumPy: what a published problem and its batched form share.

Images are (B, side, side, 3), filters (C_out, taps, taps, C_in). Every output row belongs to one
image, so errors are measured in the L2 norm of a row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from harness.problem.convolution import convolve
from harness.problem.inputs import normal
from harness.spec import Array, Draw, Point, relative_l2
from harness.spec_products import weights

__all__ = [
    "TOLERANCE",
    "alexnet",
    "alexnet_in_mlx",
    "densenet",
    "densenet_in_mlx",
    "filters",
    "images",
    "matrix",
    "resnet",
    "resnet_in_mlx",
]

Values = npt.NDArray[Any]

#: MLX misses 2e-6 at most, half precision 3e-4.
TOLERANCE = relative_l2(1e-5)


def images() -> Draw:
    """Images that differ in mean and contrast, so that none stands for another."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...], point: Point) -> Values:
        each = (shape[0],) + (1,) * (len(shape) - 1)
        contrast = np.exp(rng.uniform(-0.7, 0.7, each)).astype(np.float32)
        colour = rng.standard_normal((shape[0], 1, 1, shape[-1]), dtype=np.float32)
        return np.asarray(normal()(rng, shape, point) * contrast + colour)

    return draw


def filters(out: str | int, taps: int, channels: str | int) -> Array:
    """Filters that keep the variance of activations that a relu has halved."""
    fan_in = f"{taps * taps} * ({channels})"
    return Array(out, taps, taps, channels, values=weights(fan_in, gain=2**0.5))


def matrix(rows: str | int, cols: str | int) -> Array:
    """The weights of a fully connected layer."""
    return Array(rows, cols, values=weights(str(rows), gain=2**0.5))


def _relu(z: Values) -> Values:
    return np.maximum(z, 0)


def _padded(x: Values, w: Values) -> Values:
    """The convolution of images with a border of zeros, as large as they are."""
    return convolve(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), w)


def _pooled(x: Values) -> Values:
    """The largest of 2 x 2 pixels; an odd row or column at the end is left out."""
    high, wide = x.shape[1] // 2, x.shape[2] // 2
    quads = x[:, : 2 * high, : 2 * wide].reshape(len(x), high, 2, wide, 2, -1)
    return np.asarray(quads.max(axis=(2, 4)))


def alexnet(x: Values, Wc1: Values, Wc2: Values, Wc3: Values, Wfc1: Values, Wfc2: Values) -> Values:
    """(B, side, side, 3) -> (B, classes) in NumPy."""
    for w in (Wc1, Wc2, Wc3):
        x = _relu(_pooled(convolve(x, w)))
    return np.asarray(_relu(x.reshape(len(x), -1) @ Wfc1) @ Wfc2)


def alexnet_in_mlx(x: Any, Wc1: Any, Wc2: Any, Wc3: Any, Wfc1: Any, Wfc2: Any) -> Any:
    """The same on mx.arrays."""
    import mlx.core as mx

    for w in (Wc1, Wc2, Wc3):
        x = mx.conv2d(x, w)
        high, wide = x.shape[1] // 2, x.shape[2] // 2
        quads = x[:, : 2 * high, : 2 * wide].reshape(len(x), high, 2, wide, 2, -1)
        x = mx.maximum(quads.max(axis=(2, 4)), 0)
    return mx.maximum(x.reshape(len(x), -1) @ Wfc1, 0) @ Wfc2


def resnet(x: Values, W_stem: Values, W_a: Values, W_b: Values, W_fc: Values) -> Values:
    """(B, side, side, 3) -> (B, classes) in NumPy."""
    h = _relu(_padded(x, W_stem))
    h = _relu(_padded(_relu(_padded(h, W_a)), W_b) + h)
    return np.asarray(h.mean(axis=(1, 2)) @ W_fc)


def resnet_in_mlx(x: Any, W_stem: Any, W_a: Any, W_b: Any, W_fc: Any) -> Any:
    """The same on mx.arrays."""
    import mlx.core as mx

    h = mx.maximum(mx.conv2d(x, W_stem, padding=1), 0)
    inner = mx.maximum(mx.conv2d(h, W_a, padding=1), 0)
    h = mx.maximum(mx.conv2d(inner, W_b, padding=1) + h, 0)
    return mx.mean(h, axis=(1, 2)) @ W_fc


def densenet(x: Values, W_stem: Values, W_d1: Values, W_d2: Values, W_fc: Values) -> Values:
    """(B, side, side, 3) -> (B, classes) in NumPy."""
    h = _relu(_padded(x, W_stem))
    for w in (W_d1, W_d2):
        h = np.concatenate([h, _relu(_padded(h, w))], axis=-1)
    return np.asarray(h.mean(axis=(1, 2)) @ W_fc)


def densenet_in_mlx(x: Any, W_stem: Any, W_d1: Any, W_d2: Any, W_fc: Any) -> Any:
    """The same on mx.arrays."""
    import mlx.core as mx

    h = mx.maximum(mx.conv2d(x, W_stem, padding=1), 0)
    for w in (W_d1, W_d2):
        h = mx.concatenate([h, mx.maximum(mx.conv2d(h, w, padding=1), 0)], axis=-1)
    return mx.mean(h, axis=(1, 2)) @ W_fc
